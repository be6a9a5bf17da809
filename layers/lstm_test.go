package layers_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

var _ = specimen(conformance.Layer{
	Value:   layers.LSTM{Units: 2},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.LSTM{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	},
	Weights: []conformance.Weights{{
		Layer: layers.LSTM{Units: 2, Peepholes: true, LayerNorm: true},
		Init: map[string]graph.Initializer{
			"kernel": initializers.GlorotUniform, "recurrent_kernel": initializers.Orthogonal{Gain: 1},
			"bias":            conformance.Elements{0, 0, 1, 1, 0, 0, 0, 0}, // columns i, f, c, o
			"peephole_kernel": initializers.GlorotUniform,
			"kernel_gamma":    initializers.Ones, "recurrent_gamma": initializers.Ones, "state_gamma": initializers.Ones, "state_beta": initializers.Zeros,
		},
	}},
	Accepts:  "-+----",
	Compared: "TestLSTMAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.LSTM{Units: 2}, Inputs: []graph.Shape{{2, 4, 3}, {2, 2}, {2, 2}}},
		{Layer: layers.LSTM{Units: 2, ReturnState: true, CoupledGates: true}},
		{Layer: layers.LSTM{Units: 2, GoBackwards: true}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Recurrent(func(sequences, states bool) layers.Layer {
			return conformance.Rest(d, layers.LSTM{Units: n, ReturnSequences: sequences, ReturnState: states, InitialState: d.Initial(n, n)})
		}, n, n, n)
	},
})

var _ = specimen(conformance.Layer{
	Value:   layers.LSTMCell{Units: 2},
	In:      inRNN,
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.LSTMCell{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
	},
	Accepts:  "-+----",
	Compared: "TestCellsEqualTheirLayers",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(conformance.Rest(d, layers.LSTMCell{Units: n}), n, []int{n, n})
	},
})

// The golden files hold what PyTorch computes; testdata/lstm.py and
// testdata/lstm_options.py made them.
func TestLSTMAgainstPyTorch(t *testing.T) {
	checkGoldens(t, "lstm", 4, 2, func(r recurrentRun) layers.Layer {
		return r.lstm(layers.LSTM{ReturnSequences: true, ReturnState: true})
	})
}

func TestLSTMOptionsAgainstPyTorch(t *testing.T) {
	for name, l := range map[string]layers.LSTM{
		"relu":            {Activation: activations.ReLU},
		"hard_sigmoid":    {RecurrentActivation: activations.HardSigmoid},
		"hard_sigmoid_v1": {RecurrentActivation: activations.HardSigmoidV1},
		"no_bias":         {NoBias: true},
		"go_backwards":    {GoBackwards: true},
		"all": {
			Activation: activations.ReLU, RecurrentActivation: activations.HardSigmoidV1, NoBias: true, GoBackwards: true,
		},
		"mask":           {},
		"mask_zero":      {},
		"mask_backwards": {GoBackwards: true},
	} {
		t.Run(name, func(t *testing.T) {
			l.ReturnSequences, l.ReturnState = true, true
			checkGolden(t, "testdata/lstm_options_"+name+".npz", 4, 2, func(r recurrentRun) layers.Layer { return r.lstm(l) })
		})
	}
}
