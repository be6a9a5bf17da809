package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
)

var _ = specimen(conformance.Layer{
	Value:   layers.SimpleRNN{Units: 2},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.SimpleRNN{
		Units: 2, Activation: activations.Tanh, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	},
	Accepts: "-+----",
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
	Accepts: "-+----",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(conformance.Rest(d, layers.SimpleRNNCell{Units: n}), n, []int{n})
	},
})

// The golden files hold what PyTorch computes; testdata/simple_rnn.py made them.
func TestSimpleRNNAgainstPyTorch(t *testing.T) {
	checkGoldens(t, "simple_rnn", 1, 1, func(r recurrentRun) layers.Layer {
		return r.simpleRNN(layers.SimpleRNN{ReturnSequences: true, ReturnState: true})
	})
}

func TestSimpleRNNOptionsAgainstPyTorch(t *testing.T) {
	for name, l := range map[string]layers.SimpleRNN{
		"relu":           {Activation: activations.ReLU},
		"no_bias":        {NoBias: true},
		"go_backwards":   {GoBackwards: true},
		"all":            {Activation: activations.ReLU, NoBias: true, GoBackwards: true},
		"mask":           {},
		"mask_zero":      {},
		"mask_backwards": {GoBackwards: true},
	} {
		t.Run(name, func(t *testing.T) {
			l.ReturnSequences, l.ReturnState = true, true
			checkGolden(t, "testdata/simple_rnn_options_"+name+".npz", 1, 1, func(r recurrentRun) layers.Layer { return r.simpleRNN(l) })
		})
	}
}

func TestSimpleRNN(t *testing.T) {
	last, all := graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3, 2}
	for name, c := range map[string]struct {
		layer layers.SimpleRNN // 2 units
		want  []graph.Shape
	}{
		"unrolled":       {layers.SimpleRNN{Unrolled: true, Dropout: 0.5, ReturnSequences: true}, []graph.Shape{all}},
		"defaults":       {layers.SimpleRNN{}, []graph.Shape{last}},
		"sequences":      {layers.SimpleRNN{ReturnSequences: true}, []graph.Shape{all}},
		"everything":     {layers.SimpleRNN{ReturnSequences: true, ReturnState: true, GoBackwards: true}, []graph.Shape{all, last}},
		"no bias":        {layers.SimpleRNN{NoBias: true}, []graph.Shape{last}},
		"dropout":        {layers.SimpleRNN{Dropout: 0.5, ReturnSequences: true}, []graph.Shape{all}},
		"fixed state":    {layers.SimpleRNN{InitialState: layers.FixedState{Elements: [][]float64{{0.5, -1}}}}, []graph.Shape{last}},
		"random state":   {layers.SimpleRNN{InitialState: layers.RandomState{Stddev: 0.5}}, []graph.Shape{last}},
		"other function": {layers.SimpleRNN{Activation: activations.Softsign}, []graph.Shape{last}},
		"other starts": {layers.SimpleRNN{
			KernelInitializer: initializers.HeNormal, RecurrentInitializer: initializers.Identity{}, BiasInitializer: initializers.RandomUniform{},
		}, []graph.Shape{last}},
	} {
		t.Run(name, func(t *testing.T) {
			c.layer.Units = 2
			layertest.Check(t, layertest.Case{
				Layer: c.layer, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: c.want,
			})
		})
	}
}

// Sizes of one, and initial states that are inputs.
func TestSimpleRNNSizes(t *testing.T) {
	for _, c := range []struct{ batch, steps, features, units int }{
		{2, 1, 3, 2}, {2, 3, 1, 2}, {2, 3, 2, 1}, {2, 1, 1, 1}, {3, 17, 1, 1},
	} {
		l := layers.SimpleRNN{Units: c.units, ReturnSequences: true, ReturnState: true}
		x, h := graphtest.Input(1, c.batch, c.steps, c.features), graphtest.Input(2, c.batch, c.units)
		want := []graph.Shape{{graph.Any, c.steps, c.units}, {graph.Any, c.units}}
		layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x}, Outputs: want})
		layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x, h}, Outputs: want})
	}
}

func TestSimpleRNNMasked(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		checkMasked(t, 1, layers.SimpleRNN{Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: backwards, Dropout: 0.3})
	}
}

func TestSimpleRNNWeights(t *testing.T) {
	want := []weight{
		{"simple_rnn/kernel", graph.Shape{3, 5}}, {"simple_rnn/recurrent_kernel", graph.Shape{5, 5}}, {"simple_rnn/bias", graph.Shape{5}},
	}
	checkWeights(t, start(t, layers.SimpleRNN{Units: 5}), want)
	checkWeights(t, start(t, layers.SimpleRNN{Units: 5, NoBias: true}), want[:2])
}

func TestSimpleRNNRefuses(t *testing.T) {
	nan, in := math.NaN(), graph.Shape{graph.Any, 3, 4}
	for _, c := range []struct {
		field string
		layer layers.SimpleRNN // 2 units where 0
	}{
		{"SimpleRNN.Units", layers.SimpleRNN{Units: -1}},
		{"SimpleRNN.Activation", layers.SimpleRNN{Activation: activations.Name("tanhh")}},
		{"SimpleRNN.Activation", layers.SimpleRNN{Activation: activations.GLU{}}},
		{"SimpleRNN.KernelInitializer", layers.SimpleRNN{KernelInitializer: initializers.Name("orthogonal")}},
		{"SimpleRNN.RecurrentInitializer.Gain", layers.SimpleRNN{RecurrentInitializer: initializers.Orthogonal{Gain: nan}}},
		{"SimpleRNN.BiasInitializer.Value", layers.SimpleRNN{BiasInitializer: initializers.Constant{Value: nan}}},
		{"SimpleRNN.KernelRegularizer.L1", layers.SimpleRNN{KernelRegularizer: regularizers.L1{L1: -1}}},
		{"SimpleRNN.RecurrentRegularizer.Mode", layers.SimpleRNN{RecurrentRegularizer: regularizers.OrthogonalRegularizer{Mode: "r"}}},
		{"SimpleRNN.BiasRegularizer.L2", layers.SimpleRNN{BiasRegularizer: regularizers.L1L2{L2: nan}}},
		{"SimpleRNN.ActivityRegularizer.L2", layers.SimpleRNN{ActivityRegularizer: regularizers.L2{L2: -1}}},
		{"SimpleRNN.KernelConstraint.Axes", layers.SimpleRNN{KernelConstraint: constraints.MaxNorm{Axes: []int{-2}}}},
		{"SimpleRNN.RecurrentConstraint.Rate", layers.SimpleRNN{RecurrentConstraint: constraints.MinMaxNorm{Rate: 2}}},
		{"SimpleRNN.BiasConstraint.Axes", layers.SimpleRNN{BiasConstraint: constraints.UnitNorm{Axes: []int{0, 0}}}},
		{"SimpleRNN.Dropout", layers.SimpleRNN{Dropout: -0.1}},
		{"SimpleRNN.Dropout", layers.SimpleRNN{Dropout: 1}},
		{"SimpleRNN.Dropout", layers.SimpleRNN{Dropout: nan}},
		{"RandomState.Stddev", layers.SimpleRNN{InitialState: layers.RandomState{Stddev: -1}}},
		{"FixedState.Elements", layers.SimpleRNN{InitialState: layers.FixedState{Elements: [][]float64{{1, 2}, {3, 4}}}}},
		{"SimpleRNN.InitialState", layers.SimpleRNN{InitialState: states(2)}},
		{"recurrent_kernel", layers.SimpleRNN{RecurrentInitializer: given{1}}},
	} {
		if c.layer.Units == 0 {
			c.layer.Units = 2
		}
		layertest.Invalid(t, c.layer, c.field, in)
	}
	layertest.Invalid(t, layers.SimpleRNN{}, "SimpleRNN.Units", in)
	l := layers.SimpleRNN{Units: 2}
	layertest.Invalid(t, l, "SimpleRNN", graph.Shape{graph.Any, 4})
	layertest.Invalid(t, l, "SimpleRNN", in, graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 2})
	layertest.Invalid(t, l, "SimpleRNN initial state 0", in, graph.Shape{graph.Any, 3})
}
