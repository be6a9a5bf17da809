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
	Value:   layers.GRU{Units: 2},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.GRU{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	},
	Accepts: "-+----",
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
	Accepts: "-+----",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(conformance.Rest(d, layers.GRUCell{Units: n}), n, []int{n})
	},
})

// The golden files hold what PyTorch computes; testdata/gru.py made them.
func TestGRUAgainstPyTorch(t *testing.T) {
	checkGoldens(t, "gru", 3, 1, func(r recurrentRun) layers.Layer {
		return r.gru(layers.GRU{ReturnSequences: true, ReturnState: true})
	})
}

func TestGRUOptionsAgainstPyTorch(t *testing.T) {
	all := layers.GRU{
		Activation: activations.ReLU, RecurrentActivation: activations.HardSigmoidV1, NoBias: true, GoBackwards: true,
	}
	allBefore := all
	allBefore.ResetBefore = true
	for name, l := range map[string]layers.GRU{
		"relu":                 {Activation: activations.ReLU},
		"hard_sigmoid_v1":      {RecurrentActivation: activations.HardSigmoidV1},
		"no_bias":              {NoBias: true},
		"go_backwards":         {GoBackwards: true},
		"all":                  all,
		"reset_before":         {ResetBefore: true},
		"reset_before_all":     allBefore,
		"reset_before_no_bias": {ResetBefore: true, NoBias: true},
		"reset_before_mask":    {ResetBefore: true},
		"mask":                 {},
		"mask_zero":            {},
		"mask_backwards":       {GoBackwards: true},
	} {
		t.Run(name, func(t *testing.T) {
			l.ReturnSequences, l.ReturnState = true, true
			checkGolden(t, "testdata/gru_options_"+name+".npz", 3, 1, func(r recurrentRun) layers.Layer { return r.gru(l) })
		})
	}
}

func TestGRU(t *testing.T) {
	last, all := graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3, 2}
	for name, c := range map[string]struct {
		layer layers.GRU // 2 units
		want  []graph.Shape
	}{
		"unrolled":             {layers.GRU{Unrolled: true, Dropout: 0.5, ReturnSequences: true}, []graph.Shape{all}},
		"defaults":             {layers.GRU{}, []graph.Shape{last}},
		"sequences":            {layers.GRU{ReturnSequences: true}, []graph.Shape{all}},
		"everything":           {layers.GRU{ReturnSequences: true, ReturnState: true, GoBackwards: true}, []graph.Shape{all, last}},
		"no bias":              {layers.GRU{NoBias: true}, []graph.Shape{last}},
		"reset before":         {layers.GRU{ResetBefore: true}, []graph.Shape{last}},
		"reset before no bias": {layers.GRU{ResetBefore: true, NoBias: true}, []graph.Shape{last}},
		"dropout":              {layers.GRU{Dropout: 0.5, ReturnSequences: true}, []graph.Shape{all}},
		"fixed state":          {layers.GRU{InitialState: layers.FixedState{Elements: [][]float64{{0.5, -1}}}}, []graph.Shape{last}},
		"random state":         {layers.GRU{InitialState: layers.RandomState{Stddev: 0.5}}, []graph.Shape{last}},
		"other functions":      {layers.GRU{Activation: activations.Softsign, RecurrentActivation: activations.HardSigmoid}, []graph.Shape{last}},
		"other starts": {layers.GRU{
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
func TestGRUSizes(t *testing.T) {
	for _, c := range []struct{ batch, steps, features, units int }{
		{2, 1, 3, 2}, {2, 3, 1, 2}, {2, 3, 2, 1}, {2, 1, 1, 1}, {3, 17, 1, 1},
	} {
		for _, before := range []bool{false, true} {
			l := layers.GRU{Units: c.units, ResetBefore: before, ReturnSequences: true, ReturnState: true}
			x, h := graphtest.Input(1, c.batch, c.steps, c.features), graphtest.Input(2, c.batch, c.units)
			want := []graph.Shape{{graph.Any, c.steps, c.units}, {graph.Any, c.units}}
			layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x}, Outputs: want})
			layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x, h}, Outputs: want})
		}
	}
}

func TestGRUMasked(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		for _, before := range []bool{false, true} {
			checkMasked(t, 1, layers.GRU{
				Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: backwards, ResetBefore: before, Dropout: 0.3,
			})
		}
	}
}

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

func TestGRURefuses(t *testing.T) {
	nan, in := math.NaN(), graph.Shape{graph.Any, 3, 4}
	for _, c := range []struct {
		field string
		layer layers.GRU // 2 units where 0
	}{
		{"GRU.Units", layers.GRU{Units: -1}},
		{"GRU.Activation", layers.GRU{Activation: activations.Name("tanhh")}},
		{"GRU.Activation", layers.GRU{Activation: activations.GLU{}}},
		{"GRU.RecurrentActivation", layers.GRU{RecurrentActivation: activations.Name("Sigmoid")}},
		{"GRU.RecurrentActivation", layers.GRU{RecurrentActivation: activations.GLU{}}},
		{"GRU.KernelInitializer", layers.GRU{KernelInitializer: initializers.Name("orthogonal")}},
		{"GRU.RecurrentInitializer.Gain", layers.GRU{RecurrentInitializer: initializers.Orthogonal{Gain: nan}}},
		{"GRU.BiasInitializer.Value", layers.GRU{BiasInitializer: initializers.Constant{Value: nan}}},
		{"GRU.KernelRegularizer.L1", layers.GRU{KernelRegularizer: regularizers.L1{L1: -1}}},
		{"GRU.RecurrentRegularizer.Mode", layers.GRU{RecurrentRegularizer: regularizers.OrthogonalRegularizer{Mode: "r"}}},
		{"GRU.BiasRegularizer.L2", layers.GRU{BiasRegularizer: regularizers.L1L2{L2: nan}}},
		{"GRU.ActivityRegularizer.L2", layers.GRU{ActivityRegularizer: regularizers.L2{L2: -1}}},
		{"GRU.KernelConstraint.Axes", layers.GRU{KernelConstraint: constraints.MaxNorm{Axes: []int{-2}}}},
		{"GRU.RecurrentConstraint.Rate", layers.GRU{RecurrentConstraint: constraints.MinMaxNorm{Rate: 2}}},
		{"GRU.BiasConstraint.Axes", layers.GRU{BiasConstraint: constraints.UnitNorm{Axes: []int{0, 0}}}},
		{"GRU.Dropout", layers.GRU{Dropout: -0.1}},
		{"GRU.Dropout", layers.GRU{Dropout: 1}},
		{"GRU.Dropout", layers.GRU{Dropout: nan}},
		{"RandomState.Stddev", layers.GRU{InitialState: layers.RandomState{Stddev: -1}}},
		{"FixedState.Elements", layers.GRU{InitialState: layers.FixedState{Elements: [][]float64{{1, 2}, {3, 4}}}}},
		{"GRU.InitialState", layers.GRU{InitialState: states(2)}},
		{"recurrent_kernel", layers.GRU{RecurrentInitializer: given{1}}},
	} {
		if c.layer.Units == 0 {
			c.layer.Units = 2
		}
		layertest.Invalid(t, c.layer, c.field, in)
	}
	layertest.Invalid(t, layers.GRU{}, "GRU.Units", in)
	l := layers.GRU{Units: 2}
	layertest.Invalid(t, l, "GRU", graph.Shape{graph.Any, 4})
	layertest.Invalid(t, l, "GRU", in, graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 2})
	layertest.Invalid(t, l, "GRU initial state 0", in, graph.Shape{graph.Any, 3})
}
