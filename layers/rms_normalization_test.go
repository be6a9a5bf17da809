package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:    layers.RMSNormalization{},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Defaults: layers.RMSNormalization{Axis: []int{-1}, Epsilon: 1e-6},
	Weights: []conformance.Weights{{
		Layer: layers.RMSNormalization{},
		Init:  map[string]graph.Initializer{"scale": initializers.Ones},
	}},
	Accepts: "++++--",
	Steps: []conformance.Step{
		{Layer: layers.RMSNormalization{}},
		{Layer: layers.RMSNormalization{Axis: []int{2, 1}}, Refused: true},
	},
	Cases: map[string]layertest.Case{
		"axes": {
			Layer:   layers.RMSNormalization{Axis: []int{-1, 1}, Epsilon: 0.5},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 2, 4)},
			Outputs: []graph.Shape{{graph.Any, 3, 2, 4}},
		},
	},
	Golden: conformance.Golden{File: "testdata/rms_normalization.npz", Cases: map[string]layers.Layer{
		"last":  layers.RMSNormalization{},
		"small": layers.RMSNormalization{},
		"flat":  layers.RMSNormalization{Epsilon: 0.5},
		"two":   layers.RMSNormalization{Axis: []int{1, 2}},
		"apart": layers.RMSNormalization{Axis: []int{-1, 1}, Epsilon: 0.25},
	}},
	Draw: func(d *conformance.Drawing) {
		x, l := d.Either(), layers.RMSNormalization{Epsilon: 0.1}
		if d.Yes("axis") {
			x, l.Axis = d.Frame, []int{2, 1} // which has no mask
		}
		d.Use(l, x.Shape, x.Tensor)
	},
})
