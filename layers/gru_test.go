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
	Value:   layers.GRU{Units: 2},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.GRU{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	},
	Accepts:  "-+----",
	Compared: "TestGRUAgainstPyTorch",
	Cases: map[string]layertest.Case{
		"reset before":           {Layer: layers.GRU{Units: 2, ResetBefore: true}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 2}}},
		"reset before no bias":   {Layer: layers.GRU{Units: 2, ResetBefore: true, NoBias: true}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 2}}},
		"reset before backwards": {Layer: layers.GRU{Units: 2, ResetBefore: true, GoBackwards: true, ReturnSequences: true}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 3, 2}}},
		"other functions":        {Layer: layers.GRU{Units: 2, Activation: activations.Softsign, RecurrentActivation: activations.HardSigmoid}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 2}}},
	},
	Steps: []conformance.Step{
		{Layer: layers.GRU{Units: 2}, Inputs: []graph.Shape{{2, 4, 3}, {2, 2}}},
		{Layer: layers.GRU{Units: 2, ReturnState: true, ReturnSequences: true, Activation: activations.ReLU}},
		{Layer: layers.GRU{Units: 2, GoBackwards: true}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Recurrent(func(sequences, states bool) layers.Layer {
			return conformance.Rest(d, layers.GRU{Units: n, ReturnSequences: sequences, ReturnState: states, InitialState: d.Initial(n)})
		}, n, n)
	},
})

var _ = specimen(conformance.Layer{
	Value:   layers.GRUCell{Units: 2},
	In:      inRNN,
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.GRUCell{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
	},
	Accepts:  "-+----",
	Compared: "TestCellsEqualTheirLayers",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(conformance.Rest(d, layers.GRUCell{Units: n}), n, []int{n})
	},
})

func TestGRUWeights(t *testing.T) {
	want := []weight{
		{"gru/kernel", graph.Shape{3, 15}}, {"gru/recurrent_kernel", graph.Shape{5, 15}}, {"gru/bias", graph.Shape{2, 15}},
	}
	checkWeights(t, start(t, layers.GRU{Units: 5}), want)
	checkWeights(t, start(t, layers.GRU{Units: 5, NoBias: true}), want[:2])
	checkWeights(t, start(t, layers.GRU{Units: 5, NoBias: true, ResetBefore: true}), want[:2])
	want[2].shape = graph.Shape{15}
	checkWeights(t, start(t, layers.GRU{Units: 5, ResetBefore: true}), want)
}

// The gates of every step can be read by name, and fulfil the equations.
func TestGRUTrace(t *testing.T) {
	const steps = 3
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*steps*3, 1), graph.Shape{2, steps, 3})
		s.Output("y", layers.Apply(s, "gru", layers.GRU{Units: 1, ReturnSequences: true, Unrolled: true}, x)[0])
	})
	if len(out) != 1+3*steps {
		t.Errorf("got %d outputs", len(out))
	}
	h := make([]float64, 2)
	for step, suffix := range []string{"", "_1", "_2"} {
		z, r, g := out["gru/z"+suffix], out["gru/r"+suffix], out["gru/g"+suffix]
		if len(z) != 2 || len(r) != 2 || len(g) != 2 {
			t.Fatalf("step %d: got the gates %v %v %v", step, z, r, g)
		}
		for n := range h {
			h[n] = z[n]*h[n] + (1-z[n])*g[n]
			graphtest.CheckOutput(t, "y", out["y"][n*steps+step:][:1], h[n:n+1], 1e-15)
		}
	}
}
