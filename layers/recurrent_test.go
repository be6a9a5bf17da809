package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
)

// recurrent are the recurrent layers, with the numbers of their states.
var recurrent = map[string]struct {
	layer  layers.Layer
	states int
}{
	"lstm":             {layers.LSTM{Units: 2}, 2},
	"gru":              {layers.GRU{Units: 2}, 1},
	"gru reset before": {layers.GRU{Units: 2, ResetBefore: true}, 1},
	"simple rnn":       {layers.SimpleRNN{Units: 2}, 1},
}

func TestRecurrentChecks(t *testing.T) {
	fixed := [][]float64{{0.5, -1}, {2, 0}}
	for class, l := range recurrent {
		for name, fields := range map[string][]any{
			"unrolled":       {"Unrolled", true, "Dropout", 0.5, "ReturnSequences", true},
			"sequences":      {"ReturnSequences", true},
			"state":          {"ReturnState", true},
			"everything":     {"ReturnSequences", true, "ReturnState", true, "GoBackwards", true},
			"backwards":      {"GoBackwards", true},
			"no bias":        {"NoBias", true},
			"dropout":        {"Dropout", 0.5, "ReturnSequences", true},
			"fixed state":    {"InitialState", layers.FixedState{Elements: fixed[:l.states]}},
			"random state":   {"InitialState", layers.RandomState{Stddev: 0.5}},
			"other function": {"Activation", activations.SiLU},
			"other starts": {
				"KernelInitializer", initializers.HeNormal, "RecurrentInitializer", initializers.Identity{}, "BiasInitializer", initializers.RandomUniform{},
			},
		} {
			t.Run(class+" "+name, func(t *testing.T) {
				want := []graph.Shape{{graph.Any, 2}}
				if slices.Contains(fields, any("ReturnSequences")) {
					want[0] = graph.Shape{graph.Any, 3, 2}
				}
				if slices.Contains(fields, any("ReturnState")) {
					want = append(want, slices.Repeat([]graph.Shape{{graph.Any, 2}}, l.states)...)
				}
				layertest.Check(t, layertest.Case{
					Layer: withFields(l.layer, fields...), Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: want,
				})
			})
		}
	}
}

// Sizes of one, and initial states that are inputs.
func TestRecurrentSizes(t *testing.T) {
	for _, c := range []struct{ batch, steps, features, units int }{
		{2, 1, 3, 2}, {2, 3, 1, 2}, {2, 3, 2, 1}, {2, 1, 1, 1}, {3, 17, 1, 1},
	} {
		for _, l := range recurrent {
			layer := withFields(l.layer, "Units", c.units, "ReturnSequences", true, "ReturnState", true)
			in, want := []graphtest.Array{graphtest.Input(1, c.batch, c.steps, c.features)}, []graph.Shape{{graph.Any, c.steps, c.units}}
			for i := range l.states {
				in, want = append(in, graphtest.Input(2+i, c.batch, c.units)), append(want, graph.Shape{graph.Any, c.units})
			}
			layertest.Check(t, layertest.Case{Layer: layer, Inputs: in[:1], Outputs: want})
			layertest.Check(t, layertest.Case{Layer: layer, Inputs: in, Outputs: want})
		}
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

func TestRecurrentMasked(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		for _, l := range recurrent {
			checkMasked(t, l.states, withFields(l.layer, "ReturnSequences", true, "ReturnState", true, "GoBackwards", backwards, "Dropout", 0.3))
		}
		checkMasked(t, 2, layers.LSTM{
			Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: backwards, ZeroOutputForMask: true,
			Peepholes: true, CoupledGates: true, LayerNorm: true,
		})
	}
}

// Bad values of single fields are tried by the specimens. These are valid for their
// fields, but not for the layer.
func TestRecurrentRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 4}
	fixed := func(rows ...[]float64) layers.InitialState { return layers.FixedState{Elements: rows} }
	row := []float64{1, 2}
	for _, l := range recurrent {
		class := layername.Class(l.layer)
		for _, c := range []struct {
			field, set string
			value      any
		}{
			{class + ".Units", "Units", 0},
			{class + ".Activation", "Activation", activations.GLU{}},
			{class + ".Activation", "Activation", activations.Name("tanhh")},
			{class + ".KernelInitializer", "KernelInitializer", initializers.Name("orthogonal")},
			{class + ".RecurrentRegularizer.Mode", "RecurrentRegularizer", regularizers.OrthogonalRegularizer{Mode: "r"}},
			{class + ".RecurrentConstraint.Rate", "RecurrentConstraint", constraints.MinMaxNorm{Rate: 2}},
			{class + ".BiasConstraint.Axes", "BiasConstraint", constraints.UnitNorm{Axes: []int{0, 0}}},
			{class + ".Dropout", "Dropout", 1.0},
			{class + ".Dropout", "Dropout", -0.1},
			{"RandomState.Stddev", "InitialState", layers.RandomState{Stddev: -1}},
			{"FixedState.Elements", "InitialState", fixed()},
			{"FixedState.Elements", "InitialState", fixed(slices.Repeat([][]float64{row}, l.states-1)...)},
			{"FixedState.Elements", "InitialState", fixed(slices.Repeat([][]float64{row}, l.states+1)...)},
			{fmt.Sprintf("FixedState.Elements[%d]", l.states-1), "InitialState", fixed([][]float64{row, {1}}[2-l.states:]...)},
			{"FixedState.Elements[0]", "InitialState", fixed([][]float64{{1, math.NaN()}, row}[:l.states]...)},
			{class + ".InitialState", "InitialState", states(l.states - 1)},
			{class + ".InitialState", "InitialState", states(l.states + 1)},
			{"recurrent_kernel", "RecurrentInitializer", given{1}}, // found when the parameters are made
		} {
			layertest.Invalid(t, withFields(l.layer, c.set, c.value), c.field, in)
		}
	}
	for _, l := range []layers.Layer{layers.LSTM{Units: 2}, layers.GRU{Units: 2}} {
		for _, f := range []activations.Activation{activations.GLU{}, activations.Name("Sigmoid")} {
			layertest.Invalid(t, withFields(l, "RecurrentActivation", f), layername.Class(l)+".RecurrentActivation", in)
		}
	}
	layertest.Invalid(t, layers.LSTM{Units: 2, BiasInitializer: initializers.Orthogonal{}}, "Orthogonal", in)
}

// states is an initial state with the given number of values, for any sizes.
type states int

func (n states) States(s *graph.Scope, batch int, sizes []int) []graph.Value {
	var out []graph.Value
	for range n {
		out = append(out, s.Const(0, graph.Shape{batch, sizes[0]}))
	}
	return out
}

func TestRecurrentRefusesInputs(t *testing.T) {
	x, h := graph.Shape{graph.Any, 3, 4}, graph.Shape{graph.Any, 2}
	for _, l := range recurrent {
		class := layername.Class(l.layer)
		for _, in := range [][]graph.Shape{
			nil, {{graph.Any, 4}}, {{graph.Any, 3, 4, 5}}, {{graph.Any, 3, graph.Any}}, append([]graph.Shape{x}, slices.Repeat([]graph.Shape{h}, l.states+1)...),
		} {
			layertest.Invalid(t, l.layer, class, in...)
		}
		for _, bad := range []graph.Shape{{graph.Any, 3}, {graph.Any}, {7, 2}} {
			in := append([]graph.Shape{x}, slices.Repeat([]graph.Shape{h}, l.states)...)
			in[l.states] = bad
			layertest.Invalid(t, l.layer, fmt.Sprint(class, " initial state ", l.states-1), in...)
		}
		for _, mask := range []graph.Shape{{graph.Any}, {graph.Any, 2}, {graph.Any, 4}, {1, 3}, {graph.Any, 3, 1}} {
			layertest.Invalid(t, withMask{l.layer, mask}, class+" mask", x)
		}
	}
	layertest.Invalid(t, layers.LSTM{Units: 2}, "LSTM", x, h)
	layertest.Invalid(t, layers.LSTM{Units: 2}, "LSTM initial state 0", x, graph.Shape{graph.Any, 3}, h)
}

// withMask is a layer over an input with a mask of the given shape.
type withMask struct {
	Layer layers.Layer
	mask  graph.Shape
}

func (m withMask) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return layers.Apply(s, "layer", m.Layer, inputs[0].WithMask(s.Const(1, m.mask)))
}
