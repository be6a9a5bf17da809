package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

var _ = specimen(conformance.Layer{
	Value:       layers.Dot{Axes: [2]int{2, 2}},
	Inputs:      []graph.Shape{{4, 6}, {4, 6}},
	Outputs:     []graph.Shape{{4, 4}},
	Accepts:     "-+++-+ -----+",
	NoMask:      map[int]string{0: "both axes may be steps"},
	ReadsMasked: "it sums over steps, or pairs each with all",
	Compared:    "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Dot{Axes: [2]int{2, 2}}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x, all := d.Alike()
		if len(x.Shape) == 1 {
			d.Use(conformance.Rest(d, layers.Dot{Axes: [2]int{1, -1}}), graph.Shape{1}, x.Tensor, all[0])
			return
		}
		n := d.Features(x)
		d.Use(layers.Dot{Axes: [2]int{1, 1}}, graph.Shape{n, n}, x.Tensor, all[0])
	},
})

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
