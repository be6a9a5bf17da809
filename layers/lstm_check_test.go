package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
)

func TestLSTM(t *testing.T) {
	last, all := graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3, 2}
	for name, c := range map[string]struct {
		layer layers.LSTM // 2 units
		want  []graph.Shape
	}{
		"unrolled":        {layers.LSTM{Unrolled: true, Dropout: 0.5, ReturnSequences: true}, []graph.Shape{all}},
		"defaults":        {layers.LSTM{}, []graph.Shape{last}},
		"sequences":       {layers.LSTM{ReturnSequences: true}, []graph.Shape{all}},
		"state":           {layers.LSTM{ReturnState: true}, []graph.Shape{last, last, last}},
		"peepholes":       {layers.LSTM{Peepholes: true, ReturnSequences: true}, []graph.Shape{all}},
		"coupled gates":   {layers.LSTM{CoupledGates: true, ReturnState: true}, []graph.Shape{last, last, last}},
		"layer norm":      {layers.LSTM{LayerNorm: true, ReturnSequences: true}, []graph.Shape{all}},
		"all gates":       {layers.LSTM{Peepholes: true, CoupledGates: true, LayerNorm: true, NoBias: true}, []graph.Shape{last}},
		"everything":      {layers.LSTM{ReturnSequences: true, ReturnState: true, GoBackwards: true}, []graph.Shape{all, last, last}},
		"backwards":       {layers.LSTM{GoBackwards: true}, []graph.Shape{last}},
		"no bias":         {layers.LSTM{NoBias: true}, []graph.Shape{last}},
		"dropout":         {layers.LSTM{Dropout: 0.5, ReturnSequences: true}, []graph.Shape{all}},
		"fixed state":     {layers.LSTM{InitialState: layers.FixedState{Elements: [][]float64{{0.5, -1}, {2, 0}}}}, []graph.Shape{last}},
		"random state":    {layers.LSTM{InitialState: layers.RandomState{Stddev: 0.5}}, []graph.Shape{last}},
		"other functions": {layers.LSTM{Activation: activations.Softsign, RecurrentActivation: activations.HardSigmoid}, []graph.Shape{last}},
		"other starts": {layers.LSTM{
			NoUnitForgetBias: true, KernelInitializer: initializers.HeNormal,
			RecurrentInitializer: initializers.Identity{}, BiasInitializer: initializers.RandomUniform{},
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
func TestLSTMSizes(t *testing.T) {
	for _, c := range []struct{ batch, steps, features, units int }{
		{2, 1, 3, 2}, {2, 3, 1, 2}, {2, 3, 2, 1}, {2, 1, 1, 1}, {3, 17, 1, 1},
	} {
		l := layers.LSTM{Units: c.units, ReturnSequences: true, ReturnState: true}
		x := graphtest.Input(1, c.batch, c.steps, c.features)
		state := graph.Shape{graph.Any, c.units}
		want := []graph.Shape{{graph.Any, c.steps, c.units}, state, state}
		layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x}, Outputs: want})
		layertest.Check(t, layertest.Case{
			Layer:   l,
			Inputs:  []graphtest.Array{x, graphtest.Input(2, c.batch, c.units), graphtest.Input(3, c.batch, c.units)},
			Outputs: want,
		})
	}
}

// masked is a recurrent layer over the steps whose first feature is above −0.2.
type masked struct{ Layer layers.Layer }

func (l masked) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) != 1 || inputs[0].Rank() != 3 || inputs[0].Dim(2) == graph.Any {
		s.Failf("masked", "must have one input of the shape [batch, steps, features]", len(inputs))
		return inputs
	}
	x := inputs[0]
	mask := x.Slice(2, 0, 1).Reshape(x.Dim(0), x.Dim(1)).Map("above", func(x float64) float64 {
		if x > -0.2 {
			return 1
		}
		return 0
	}, nil) // [batch, steps]
	return layers.Apply(s, "inner", l.Layer, x.WithMask(mask))
}

func TestLSTMMasked(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		checkMasked(t, 2, layers.LSTM{Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: backwards, Dropout: 0.3})
		checkMasked(t, 2, layers.LSTM{
			Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: backwards, ZeroOutputForMask: true,
			Peepholes: true, CoupledGates: true, LayerNorm: true,
		})
	}
}

// checkMasked checks a layer with 2 units that gives all that it can.
func checkMasked(t *testing.T, states int, l layers.Layer) {
	t.Helper()
	want := []graph.Shape{{graph.Any, 5, 2}}
	for range states {
		want = append(want, graph.Shape{graph.Any, 2})
	}
	layertest.Check(t, layertest.Case{
		Layer: masked{l}, Inputs: []graphtest.Array{graphtest.Input(1, 3, 5, 2)}, Outputs: want, Custom: []any{masked{}},
	})
}

func TestLSTMRefuses(t *testing.T) {
	nan, in := math.NaN(), graph.Shape{graph.Any, 3, 4}
	fixed := func(rows ...[]float64) layers.InitialState { return layers.FixedState{Elements: rows} }
	for _, c := range []struct {
		field string
		layer layers.LSTM // 2 units where 0
	}{
		{"LSTM.Units", layers.LSTM{Units: -1}},
		{"LSTM.Units", layers.LSTM{Units: math.MinInt}},
		{"LSTM.Activation", layers.LSTM{Activation: activations.Name("tanhh")}},
		{"LSTM.Activation.Alpha", layers.LSTM{Activation: activations.ELU{Alpha: -1}}},
		{"LSTM.Activation", layers.LSTM{Activation: activations.GLU{}}},
		{"LSTM.RecurrentActivation", layers.LSTM{RecurrentActivation: activations.Name("Sigmoid")}},
		{"LSTM.RecurrentActivation.Alpha", layers.LSTM{RecurrentActivation: activations.CELU{Alpha: nan}}},
		{"LSTM.RecurrentActivation", layers.LSTM{RecurrentActivation: activations.GLU{}}},
		{"LSTM.KernelInitializer", layers.LSTM{KernelInitializer: initializers.Name("orthogonal")}},
		{"LSTM.KernelInitializer.Stddev", layers.LSTM{KernelInitializer: initializers.RandomNormal{Stddev: -1}}},
		{"LSTM.RecurrentInitializer.Gain", layers.LSTM{RecurrentInitializer: initializers.Orthogonal{Gain: nan}}},
		{"LSTM.BiasInitializer.Value", layers.LSTM{BiasInitializer: initializers.Constant{Value: nan}}},
		{"LSTM.KernelRegularizer.L1", layers.LSTM{KernelRegularizer: regularizers.L1{L1: -1}}},
		{"LSTM.RecurrentRegularizer.Mode", layers.LSTM{RecurrentRegularizer: regularizers.OrthogonalRegularizer{Mode: "r"}}},
		{"LSTM.BiasRegularizer.L2", layers.LSTM{BiasRegularizer: regularizers.L1L2{L2: nan}}},
		{"LSTM.ActivityRegularizer.L2", layers.LSTM{ActivityRegularizer: regularizers.L2{L2: -1}}},
		{"LSTM.KernelConstraint.Axes", layers.LSTM{KernelConstraint: constraints.MaxNorm{Axes: []int{-2}}}},
		{"LSTM.RecurrentConstraint.Rate", layers.LSTM{RecurrentConstraint: constraints.MinMaxNorm{Rate: 2}}},
		{"LSTM.BiasConstraint.Axes", layers.LSTM{BiasConstraint: constraints.UnitNorm{Axes: []int{0, 0}}}},
		{"LSTM.Dropout", layers.LSTM{Dropout: -0.1}},
		{"LSTM.Dropout", layers.LSTM{Dropout: 1}},
		{"LSTM.Dropout", layers.LSTM{Dropout: nan}},
		{"RandomState.Stddev", layers.LSTM{InitialState: layers.RandomState{Stddev: -1}}},
		{"RandomState.Stddev", layers.LSTM{InitialState: layers.RandomState{Stddev: nan}}},
		{"RandomState.Stddev", layers.LSTM{InitialState: layers.RandomState{Stddev: math.Inf(1)}}},
		{"FixedState.Elements", layers.LSTM{InitialState: fixed()}},
		{"FixedState.Elements", layers.LSTM{InitialState: fixed([]float64{1, 2})}},
		{"FixedState.Elements[1]", layers.LSTM{InitialState: fixed([]float64{1, 2}, []float64{1})}},
		{"FixedState.Elements[0]", layers.LSTM{InitialState: fixed([]float64{1, nan}, []float64{1, 2})}},
		{"LSTM.InitialState", layers.LSTM{InitialState: states(1)}},
		{"LSTM.InitialState", layers.LSTM{InitialState: states(3)}},
		// Only seen when the parameters are made.
		{"Orthogonal", layers.LSTM{BiasInitializer: initializers.Orthogonal{}}},
		{"recurrent_kernel", layers.LSTM{RecurrentInitializer: given{1}}},
	} {
		if c.layer.Units == 0 {
			c.layer.Units = 2
		}
		layertest.Invalid(t, c.layer, c.field, in)
	}
	layertest.Invalid(t, layers.LSTM{}, "LSTM.Units", in)
}

// states is an initial state with a given number of values, whatever sizes are asked for.
type states int

func (n states) States(s *graph.Scope, batch int, sizes []int) []graph.Value {
	var out []graph.Value
	for range n {
		out = append(out, s.Const(0, graph.Shape{batch, sizes[0]}))
	}
	return out
}

func TestLSTMRefusesInputs(t *testing.T) {
	l := layers.LSTM{Units: 2}
	x, h := graph.Shape{graph.Any, 3, 4}, graph.Shape{graph.Any, 2}
	for _, c := range []struct {
		field string
		in    []graph.Shape
	}{
		{"LSTM", nil},
		{"LSTM", []graph.Shape{{graph.Any, 4}}},
		{"LSTM", []graph.Shape{{graph.Any, 3, 4, 5}}},
		{"LSTM", []graph.Shape{{graph.Any, 3, graph.Any}}},
		{"LSTM", []graph.Shape{x, h}},
		{"LSTM", []graph.Shape{x, h, h, h}},
		{"LSTM initial state 0", []graph.Shape{x, {graph.Any, 3}, h}},
		{"LSTM initial state 1", []graph.Shape{x, h, {graph.Any}}},
		{"LSTM initial state 1", []graph.Shape{x, h, {7, 2}}},
	} {
		layertest.Invalid(t, l, c.field, c.in...)
	}
	for _, mask := range []graph.Shape{{graph.Any}, {graph.Any, 2}, {graph.Any, 4}, {1, 3}, {graph.Any, 3, 1}} {
		layertest.Invalid(t, withMask(mask), "LSTM mask", x)
	}
}

// withMask is an LSTM over an input with a mask of the given shape.
type withMask graph.Shape

func (m withMask) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x := inputs[0].WithMask(s.Const(1, graph.Shape(m)))
	return layers.Apply(s, "lstm", layers.LSTM{Units: 2}, x)
}
