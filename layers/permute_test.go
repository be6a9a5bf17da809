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
	Value:       layers.Permute{Dims: []int{2, 1}},
	Inputs:      []graph.Shape{{4, 6}},
	Outputs:     []graph.Shape{{6, 4}},
	Accepts:     "-+---+",
	ReadsMasked: "it moves the steps",
	Steps: []conformance.Step{
		{Layer: layers.Permute{Dims: []int{2, 1}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.Permute{Dims: []int{2, 1}}, graph.Shape{d.Frame.Shape[1], d.Frame.Shape[0]}, d.Frame.Tensor)
	},
})

func TestPermute(t *testing.T) {
	checkLayer(t, layers.Permute{Dims: []int{1}}, graph.Shape{graph.Any, 3}, []int{2, 3})
	checkLayer(t, layers.Permute{Dims: []int{2, 1}}, graph.Shape{graph.Any, 4, 3}, []int{2, 3, 4})
	checkLayer(t, layers.Permute{Dims: []int{3, 1, 2}}, graph.Shape{graph.Any, 2, 3, 4}, []int{2, 3, 4, 2})
	checkShape(t, layers.Permute{Dims: []int{2, 1}}, graph.Shape{graph.Any, 4, graph.Any}, graph.Shape{graph.Any, graph.Any, 4})
}

func TestPermuteValues(t *testing.T) {
	x := drawn(1, 1, 2, 2, 3, 4)
	a := applied{layer: layers.Permute{Dims: []int{3, 1, 2}}, inputs: []graphtest.Array{x}, masks: [][]float64{{1, 0, 1, 1}}}
	out := a.run(t, tensor.Float64)
	var want []float64
	for b := range 2 {
		for k := range 4 {
			for i := range 2 {
				for j := range 3 {
					want = append(want, x.Data[((b*2+i)*3+j)*4+k])
				}
			}
		}
	}
	if !slices.Equal(out["output"], want) || out["mask"] != nil {
		t.Errorf("got %v, want %v", out, want)
	}
}

func TestPermuteRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 4}
	long := make([]int, 33)
	for i := range long {
		long[i] = i + 1
	}
	for _, dims := range [][]int{nil, {}, {0}, {1, 1}, {0, 1}, {1, 3}, {-1, 1}, {math.MaxInt, 1}, {1}, {2, 3, 1}, long} {
		layertest.Invalid(t, layers.Permute{Dims: dims}, "Permute.Dims", in)
	}
	layertest.Invalid(t, layers.Permute{Dims: []int{1}}, "Permute.Dims", graph.Shape{graph.Any})
}
