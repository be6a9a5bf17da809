package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:   layers.Activation{Function: activations.Tanh},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Accepts: "++++++",
	Steps: []conformance.Step{
		{Layer: layers.Activation{Function: activations.Softmax{}}},
		{Layer: layers.Activation{Function: activations.Softmax{Axis: 1}}, Refused: true},
		{Layer: layers.Activation{Function: activations.GLU{Axis: -2}}, Refused: true},
		{Layer: layers.Activation{Function: private{}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Either()
		d.Use(layers.Activation{Function: activations.Softplus}, x.Shape, x.Tensor)
	},
})

func TestActivation(t *testing.T) {
	for _, a := range activations.All() {
		want := graph.Shape{graph.Any, 3, 4}
		if a == any(activations.GLU{}) {
			want = graph.Shape{graph.Any, 3, 2}
		}
		layertest.Check(t, layertest.Case{
			Layer:   layers.Activation{Function: a.(activations.Activation), Name: "gate"},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 4)},
			Outputs: []graph.Shape{want},
		})
	}
}

func TestActivationRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3}
	for field, f := range map[string]activations.Activation{
		"Activation.Function":       nil,
		"Activation.Function.Alpha": activations.ELU{Alpha: math.NaN()},
	} {
		layertest.Invalid(t, layers.Activation{Function: f}, field, in)
	}
	for _, name := range []activations.Name{"", "rellu", "ReLU", "relu "} {
		layertest.Invalid(t, layers.Activation{Function: name}, "Activation.Function", in)
	}
	layertest.Invalid(t, layers.Activation{Function: activations.ReLU}, "Activation", in, in)
	layertest.Invalid(t, layers.Activation{Function: activations.ReLU}, "Activation", graph.Shape{})
}

// The mask of an input rides on what comes out of these layers.
func TestMaskRides(t *testing.T) {
	for _, l := range []layers.Layer{
		layers.Activation{Function: activations.Tanh}, layers.Activation{Function: activations.Linear},
		layers.Dense{Units: 2}, layers.Dropout{Rate: 0.5}, layers.Dropout{}, layers.Input{Shape: graph.Shape{3, 4}},
		layers.SpatialDropout1D{Rate: 0.5}, layers.GaussianNoise{Stddev: 0.5}, layers.GaussianNoise{},
	} {
		out := evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Const(1, graph.Shape{1, 3, 4}).WithMask(s.Values([]float64{1, 0, 1}, graph.Shape{1, 3}))
			m, ok := layers.Apply(s, "layer", l, x)[0].Mask()
			if !ok {
				t.Errorf("%T lost the mask", l)
				m = s.Const(0, graph.Shape{1, 3})
			}
			s.Output("mask", m)

			plain := layers.Apply(s, "plain", l, s.Const(1, graph.Shape{1, 3, 4}))[0]
			if _, ok := plain.Mask(); ok {
				t.Errorf("%T made a mask", l)
			}
		})
		graphtest.CheckOutput(t, "mask", out["mask"], []float64{1, 0, 1}, 0)
	}
}
