package layers_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:       layers.Flatten{},
	Inputs:      []graph.Shape{{4, 6}},
	Outputs:     []graph.Shape{{24}},
	Accepts:     "++++++",
	ReadsMasked: "as in Keras, it joins all steps",
	Steps: []conformance.Step{
		{Layer: layers.Flatten{}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.Flatten{}, graph.Shape{d.Frame.Shape.Size()}, d.Frame.Tensor)
	},
})

func TestFlatten(t *testing.T) {
	for _, c := range []struct {
		in   []int
		want int
	}{
		{[]int{2}, 1}, {[]int{2, 1}, 1}, {[]int{2, 3}, 3}, {[]int{3, 2, 4}, 8}, {[]int{2, 3, 1, 2}, 6},
	} {
		layertest.Check(t, layertest.Case{
			Layer:   layers.Flatten{},
			Inputs:  []graphtest.Array{graphtest.Input(1, c.in...)},
			Outputs: []graph.Shape{{graph.Any, c.want}},
		})
	}
}

func TestFlattenKeepsTheOrder(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		v := s.Values(x, graph.Shape{2, 3, 2}).WithMask(s.Const(1, graph.Shape{2, 3}))
		y := layers.Apply(s, "flatten", layers.Flatten{}, v)[0]
		if _, ok := y.Mask(); ok {
			t.Error("the mask must end here")
		}
		s.Output("y", y)
	})
	if !slices.Equal(out["y"], x) {
		t.Errorf("got %v", out["y"])
	}
}

func TestFlattenLeavesOpenAxesOpen(t *testing.T) {
	follow(t, config(t), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{graph.Any, graph.Any, 3})
		y := layers.Apply(s, "flatten", layers.Flatten{}, x)[0]
		if want := (graph.Shape{graph.Any, graph.Any}); !y.Shape().Equal(want) {
			t.Errorf("got the shape %v, want %v", y.Shape(), want)
		}
	})
	layertest.Invalid(t, layers.Flatten{}, "Flatten", graph.Shape{})
	layertest.Invalid(t, layers.Flatten{}, "Flatten", graph.Shape{2, 3}, graph.Shape{2, 3})
}
