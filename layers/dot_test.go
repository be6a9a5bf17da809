package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

// A vector of zeros has no direction: its cosine with anything is 0, and its
// gradient is finite.
func TestDotOfZeros(t *testing.T) {
	a := applied{
		layer:  layers.Dot{Axes: [2]int{1, 1}, Normalize: true},
		inputs: []graphtest.Array{{Shape: []int{1, 2}, Data: []float64{0, 0}}, {Shape: []int{1, 2}, Data: []float64{3, 4}}},
		loss:   func(int) []float64 { return []float64{1} },
	}
	for dtype := range tolerances {
		out := a.run(t, dtype)
		if out["output"][0] != 0 || !slices.Equal(out["grad_1"], []float64{0, 0}) {
			t.Errorf("%v: got %v", dtype, out)
		}
		graphtest.CheckGradient(t, "to the zeros", out["grad_0"], []float64{0.6e7, 0.8e7}, tolerances[dtype])
	}
}

func TestDotEndsMasks(t *testing.T) {
	a := applied{
		layer: layers.Dot{Axes: [2]int{2, 2}}, inputs: []graphtest.Array{drawn(1, 1, 1, 2, 3), drawn(2, 1, 1, 4, 3)},
		masks: [][]float64{{1, 0}, {1, 1, 0, 0}},
	}
	if out := a.run(t, tensor.Float64); out["mask"] != nil {
		t.Errorf("got the mask %v", out["mask"])
	}
}

func TestDotRefuses(t *testing.T) {
	in, vector := graph.Shape{graph.Any, 3, 4}, graph.Shape{graph.Any, 4}
	for _, axes := range [][2]int{{}, {1, 0}, {0, -1}, {3, 1}, {1, 3}, {-3, 1}, {math.MaxInt, 1}, {1, math.MinInt}} {
		layertest.Invalid(t, layers.Dot{Axes: axes}, "Dot.Axes", in, in)
	}
	layertest.Invalid(t, layers.Dot{Axes: [2]int{1, 1}}, "Dot.Axes", graph.Shape{graph.Any}, in)
	l := layers.Dot{Axes: [2]int{1, 1}}
	layertest.Invalid(t, l, "Dot", in, vector)
	layertest.Invalid(t, l, "Dot", in)
	layertest.Invalid(t, l, "Dot", in, in, in)
	layertest.Invalid(t, l, "Dot", in.With(0, 2), in.With(0, 1))
}
