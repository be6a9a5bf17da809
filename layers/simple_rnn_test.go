package layers_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:   layers.SimpleRNN{Units: 2},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.SimpleRNN{
		Units: 2, Activation: activations.Tanh, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	},
	NoEffect: map[string]string{"Unrolled": "the numbers are the same up to rounding"},
	Accepts:  "-+----",
	Compared: "TestSimpleRNNAgainstPyTorch",
	Cases: map[string]layertest.Case{
		"softsign": {
			Layer:   layers.SimpleRNN{Units: 2, Activation: activations.Softsign},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 4)},
			Outputs: []graph.Shape{{graph.Any, 2}},
		},
	},
	Steps: []conformance.Step{
		{Layer: layers.SimpleRNN{Units: 2, ReturnSequences: true}, Inputs: []graph.Shape{{2, 4, 3}, {2, 2}}},
	},
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Recurrent(func(sequences, states bool) layers.Layer {
			return conformance.Rest(d, layers.SimpleRNN{Units: n, ReturnSequences: sequences, ReturnState: states, InitialState: d.Initial(n)})
		}, n, n)
	},
})

var _ = specimen(conformance.Layer{
	Value:   layers.SimpleRNNCell{Units: 2},
	In:      inRNN,
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.SimpleRNNCell{
		Units: 2, Activation: activations.Tanh, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
	},
	Accepts:  "-+----",
	Compared: "TestCellsEqualTheirLayers",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(conformance.Rest(d, layers.SimpleRNNCell{Units: n}), n, []int{n})
	},
})

func TestSimpleRNNWeights(t *testing.T) {
	want := []weight{
		{"simple_rnn/kernel", graph.Shape{3, 5}}, {"simple_rnn/recurrent_kernel", graph.Shape{5, 5}}, {"simple_rnn/bias", graph.Shape{5}},
	}
	checkWeights(t, start(t, layers.SimpleRNN{Units: 5}), want)
	checkWeights(t, start(t, layers.SimpleRNN{Units: 5, NoBias: true}), want[:2])
}
