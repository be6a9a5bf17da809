package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
)

// penalties runs a layer and gives the sum of the losses that it adds, and the
// parameters that it holds to constraints.
func penalties(t *testing.T, cfg graph.Config, l layers.Layer, x graphtest.Array) (sum float64, constrained []string) {
	t.Helper()
	out := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
		loss := s.Const(0, graph.Shape{})
		layers.Apply(s, "layer", l, s.Values(x.Data, x.Shape))
		for _, v := range s.Losses() {
			loss = loss.Add(v)
		}
		for _, c := range s.Constrained() {
			constrained = append(constrained, c.Param.Path)
		}
		s.Output("loss", loss)
	})
	return out["loss"][0], constrained
}

// The example of Keras' documentation: 0.25 for the kernel, 5 for the output.
func TestDensePenalties(t *testing.T) {
	twos := graphtest.Array{Shape: []int{5, 5}, Data: make([]float64, 25)}
	for i := range twos.Data {
		twos.Data[i] = 2
	}
	l := layers.Dense{
		Units: 5, KernelInitializer: initializers.Ones, BiasRegularizer: regularizers.L2{},
		KernelRegularizer: regularizers.L1{}, ActivityRegularizer: regularizers.L2{},
	}
	for _, cfg := range []graph.Config{config(t), training(t)} {
		got, constrained := penalties(t, cfg, l, twos)
		if math.Abs(got-5.25) > 1e-12 || constrained != nil {
			t.Errorf("got the penalty %g and the constraints of %v, want 5.25 and none", got, constrained)
		}
	}
	l.BiasInitializer, l.BiasConstraint, l.KernelConstraint = initializers.Ones, constraints.NonNeg{}, constraints.MaxNorm{}
	got, constrained := penalties(t, config(t), l, twos)
	if want := 0.25 + 0.05 + 0.01*5*11*11; math.Abs(got-want) > 1e-12 || len(constrained) != 2 {
		t.Errorf("got the penalty %g and the constraints of %v, want %g and two", got, constrained, want)
	}
	l.NoBias = true // then rules for the bias have no effect
	got, constrained = penalties(t, config(t), l, twos)
	if math.Abs(got-5.25) > 1e-12 || len(constrained) != 1 {
		t.Errorf("without a bias: got the penalty %g and the constraints of %v, want 5.25 and one", got, constrained)
	}
}

func TestDenseRules(t *testing.T) {
	layertest.Check(t, layertest.Case{
		Layer: layers.Dense{
			Units:             4,
			KernelRegularizer: regularizers.OrthogonalRegularizer{}, BiasRegularizer: regularizers.L1L2{L1: 1}, ActivityRegularizer: regularizers.L2{},
			KernelConstraint: constraints.MinMaxNorm{}, BiasConstraint: constraints.UnitNorm{},
		},
		Inputs: []graphtest.Array{graphtest.Input(1, 2, 3)}, Outputs: []graph.Shape{{graph.Any, 4}},
	})
	in := graph.Shape{graph.Any, 3}
	for field, l := range map[string]layers.Dense{
		"Dense.KernelRegularizer.L1":    {KernelRegularizer: regularizers.L1{L1: -1}},
		"Dense.BiasRegularizer.L2":      {BiasRegularizer: regularizers.L2{L2: math.NaN()}},
		"Dense.ActivityRegularizer.L2":  {ActivityRegularizer: regularizers.L1L2{L2: math.Inf(1)}},
		"Dense.KernelConstraint.Axes":   {KernelConstraint: constraints.UnitNorm{Axes: []int{-1}}},
		"Dense.BiasConstraint.MaxValue": {BiasConstraint: constraints.MaxNorm{MaxValue: -1}},
		// Found only with the parameters.
		"OrthogonalRegularizer": {BiasRegularizer: regularizers.OrthogonalRegularizer{}},
		"UnitNorm.Axes":         {BiasConstraint: constraints.UnitNorm{Axes: []int{1}}},
	} {
		l.Units = 2
		layertest.Invalid(t, l, field, in)
	}
}

// The penalties of a recurrent layer are those of its weights, once for any number of
// steps, and of all its outputs, as one operation and unrolled.
func TestRecurrentPenalties(t *testing.T) {
	one := initializers.Ones
	x := graphtest.Array{Shape: []int{2, 3, 4}, Data: make([]float64, 24)}
	weights := []graph.Regularizer{regularizers.L1{L1: 1}, regularizers.L1{L1: 100}, regularizers.L1{L1: 1e4}}
	for _, unrolled := range []bool{false, true} {
		for name, c := range map[string]struct {
			layer layers.Layer
			want  float64 // of the weights
		}{
			"lstm": {layers.LSTM{
				Units: 2, Unrolled: unrolled, NoUnitForgetBias: true, KernelInitializer: one, RecurrentInitializer: one, BiasInitializer: one,
				KernelRegularizer: weights[0], RecurrentRegularizer: weights[1], BiasRegularizer: weights[2],
				KernelConstraint: constraints.NonNeg{}, RecurrentConstraint: constraints.NonNeg{}, BiasConstraint: constraints.NonNeg{},
			}, 4*8 + 100*2*8 + 1e4*8},
			"gru": {layers.GRU{
				Units: 2, Unrolled: unrolled, KernelInitializer: one, RecurrentInitializer: one, BiasInitializer: one,
				KernelRegularizer: weights[0], RecurrentRegularizer: weights[1], BiasRegularizer: weights[2],
				KernelConstraint: constraints.NonNeg{}, RecurrentConstraint: constraints.NonNeg{}, BiasConstraint: constraints.NonNeg{},
			}, 4*6 + 100*2*6 + 1e4*2*6},
			"simple": {layers.SimpleRNN{
				Units: 2, Unrolled: unrolled, KernelInitializer: one, RecurrentInitializer: one, BiasInitializer: one,
				KernelRegularizer: weights[0], RecurrentRegularizer: weights[1], BiasRegularizer: weights[2],
				KernelConstraint: constraints.NonNeg{}, RecurrentConstraint: constraints.NonNeg{}, BiasConstraint: constraints.NonNeg{},
			}, 4*2 + 100*2*2 + 1e4*2},
		} {
			got, constrained := penalties(t, training(t), c.layer, x)
			if got != c.want || len(constrained) != 3 {
				t.Errorf("%s: got the penalty %g and constraints of %v, want %g and three", name, got, constrained, c.want)
			}
		}
	}
}

// All outputs have a penalty: those of all steps, and the states.
func TestRecurrentActivity(t *testing.T) {
	for _, l := range []layers.Layer{
		layers.LSTM{Units: 2, ReturnSequences: true, ReturnState: true, ActivityRegularizer: regularizers.L1{L1: 3}},
		layers.GRU{Units: 2, ReturnSequences: true, ReturnState: true, ActivityRegularizer: regularizers.L1{L1: 3}},
		layers.SimpleRNN{Units: 2, ReturnSequences: true, ReturnState: true, ActivityRegularizer: regularizers.L1{L1: 3}},
	} {
		x := graphtest.Input(1, 5, 3, 4)
		got, _ := penalties(t, config(t), l, x)
		want := 0.0
		for name, y := range evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			for i, y := range layers.Apply(s, "layer", l, s.Values(x.Data, x.Shape)) {
				s.Output([]string{"y", "h", "c"}[i], y)
			}
		}) {
			if len(name) == 1 { // and no trace
				for _, v := range y {
					want += math.Abs(v) * 3 / 5
				}
			}
		}
		if math.Abs(got-want) > 1e-12 || want == 0 {
			t.Errorf("%s: got the penalty %g, want %g", layername.Class(l), got, want)
		}
	}
}

// Units whose recurrent kernel would have more than 2³¹ elements are refused
// before anything is drawn.
func TestUnitsWithoutRoom(t *testing.T) {
	for _, c := range []struct {
		most  int
		layer func(units int) layers.Layer
	}{
		{23170, func(n int) layers.Layer { return layers.LSTM{Units: n} }},
		{26754, func(n int) layers.Layer { return layers.LSTM{Units: n, CoupledGates: true} }},
		{26754, func(n int) layers.Layer { return layers.GRU{Units: n} }},
		{46340, func(n int) layers.Layer { return layers.SimpleRNN{Units: n} }},
	} {
		if _, err := layers.Resolve(c.layer(c.most)); err != nil {
			t.Error(err)
		}
		layertest.Invalid(t, c.layer(c.most+1), layername.Class(c.layer(1))+".Units", graph.Shape{graph.Any, 4, 1})
	}
}
