package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
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
	l.NoBias = true // then what is said of a bias is of no account
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
		// Only seen beside the parameters.
		"OrthogonalRegularizer": {BiasRegularizer: regularizers.OrthogonalRegularizer{}},
		"UnitNorm.Axes":         {BiasConstraint: constraints.UnitNorm{Axes: []int{1}}},
	} {
		l.Units = 2
		layertest.Invalid(t, l, field, in)
	}
}
