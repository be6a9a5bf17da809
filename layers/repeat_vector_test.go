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
	Value:   layers.RepeatVector{N: 3},
	Inputs:  []graph.Shape{{6}},
	Outputs: []graph.Shape{{3, 6}},
	Accepts: "+---+-",
	Steps: []conformance.Step{
		{Layer: layers.RepeatVector{N: 2}, Inputs: []graph.Shape{{2, 4}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Vector()
		d.Use(layers.RepeatVector{N: 3}, graph.Shape{3, x.Shape[0]}, x.Tensor)
	},
})

func TestRepeatVector(t *testing.T) {
	checkLayer(t, layers.RepeatVector{N: 3}, graph.Shape{graph.Any, 3, 4}, []int{2, 4})
	checkLayer(t, layers.RepeatVector{N: 1}, graph.Shape{graph.Any, 1, 1}, []int{3, 1})
	checkShape(t, layers.RepeatVector{N: 3}, graph.Shape{graph.Any, 3, graph.Any}, graph.Shape{graph.Any, graph.Any})
	x := graphtest.Array{Shape: []int{2, 2}, Data: []float64{1, 2, 3, 4}}
	a := applied{layer: layers.RepeatVector{N: 2}, inputs: []graphtest.Array{x}, loss: func(int) []float64 { return []float64{1, 2, 3, 4, 5, 6, 7, 8} }}
	out := a.run(t, tensor.Float64)
	if !slices.Equal(out["output"], []float64{1, 2, 1, 2, 3, 4, 3, 4}) || !slices.Equal(out["grad_0"], []float64{4, 6, 12, 14}) {
		t.Errorf("got %v", out)
	}
}

func TestRepeatVectorRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 4}
	for _, n := range []int{0, -1, math.MinInt} {
		layertest.Invalid(t, layers.RepeatVector{N: n}, "RepeatVector.N", in)
	}
	layertest.Invalid(t, layers.RepeatVector{N: 2}, "RepeatVector", graph.Shape{graph.Any, 3, 4})
	if err := graph.Shapes(config(t), func(s *graph.Scope) {
		layers.Apply(s, "layer", layers.RepeatVector{N: math.MaxInt}, s.Input("x", in))
	}); err == nil {
		t.Error("a number beyond all memory must be refused")
	}
}
