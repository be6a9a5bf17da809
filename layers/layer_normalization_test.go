package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
)

var _ = specimen(conformance.Layer{
	Value:    layers.LayerNormalization{},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Defaults: layers.LayerNormalization{Axis: []int{-1}, Epsilon: 1e-3, GammaInitializer: initializers.Ones, BetaInitializer: initializers.Zeros},
	Accepts:  "++++--",
	Compared: "TestLayerNormalizationAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.LayerNormalization{}},
		{Layer: layers.LayerNormalization{Axis: []int{2, 1}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x, l := d.Either(), layers.LayerNormalization{Epsilon: 0.1}
		if d.Yes("axis") {
			x, l.Axis = d.Frame, []int{2, 1} // which has no mask
		}
		d.Use(conformance.Rest(d, l), x.Shape, x.Tensor)
	},
})

func TestLayerNormalization(t *testing.T) {
	for name, c := range map[string]struct {
		layer layers.LayerNormalization
		in    []int
	}{
		"defaults":       {layers.LayerNormalization{}, []int{2, 3, 4}},
		"flat":           {layers.LayerNormalization{}, []int{3, 4}},
		"one feature":    {layers.LayerNormalization{Epsilon: 0.5}, []int{2, 3, 1}},
		"middle axis":    {layers.LayerNormalization{Axis: []int{1}}, []int{2, 3, 4}},
		"axes apart":     {layers.LayerNormalization{Axis: []int{-1, 1}}, []int{2, 3, 2, 4}},
		"without center": {layers.LayerNormalization{NoCenter: true}, []int{2, 4}},
		"without scale":  {layers.LayerNormalization{NoScale: true}, []int{2, 4}},
		"without both":   {layers.LayerNormalization{NoScale: true, NoCenter: true}, []int{2, 4}},
		"other fields": {layers.LayerNormalization{
			GammaInitializer: initializers.RandomNormal{}, BetaInitializer: initializers.Constant{Value: 2},
			GammaRegularizer: regularizers.L2{}, BetaRegularizer: regularizers.L1{},
			GammaConstraint: constraints.NonNeg{}, BetaConstraint: constraints.MaxNorm{}, Name: "norm",
		}, []int{2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			layertest.Check(t, layertest.Case{
				Layer: c.layer, Inputs: []graphtest.Array{graphtest.Input(1, c.in...)},
				Outputs: []graph.Shape{graph.Shape(c.in).With(0, graph.Any)},
			})
		})
	}
}

// The golden file holds what PyTorch computes; testdata/normalization.py made it.
func TestLayerNormalizationAgainstPyTorch(t *testing.T) {
	for name, c := range normCases(t, "normalization_layer.npz") {
		t.Run(name, func(t *testing.T) {
			c.check(t, func(gamma, beta given) layers.Layer {
				return layers.LayerNormalization{Axis: c.axis, Epsilon: c.epsilon, GammaInitializer: gamma, BetaInitializer: beta}
			})
		})
	}
}

// Numbers far from zero lose no more than their own rounding, as the mean is
// taken off before anything is squared.
func TestLayerNormalizationFarFromZero(t *testing.T) {
	const far = 1 << 20
	x := graphtest.Uniform(1, 8, 1)
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		l := layers.LayerNormalization{}
		s.Output("near", layers.Apply(s, "norm", l, s.Values(x, graph.Shape{2, 4}))[0])
		s.Output("far", layers.Apply(s, "norm", l, s.Values(x, graph.Shape{2, 4}).AddConst(far))[0])
	})
	graphtest.CheckOutput(t, "far from zero", out["far"], out["near"], 1e-8)
}

func TestLayerNormalizationWeights(t *testing.T) {
	weights := func(l layers.LayerNormalization) *graph.Params {
		cfg := config(t)
		follow(t, cfg, func(s *graph.Scope) {
			layers.Apply(s, "norm", l, s.Input("x", graph.Shape{graph.Any, 3, graph.Any, 5}))
		})
		return cfg.Params
	}
	want := []weight{{"norm/gamma", graph.Shape{5}}, {"norm/beta", graph.Shape{5}}}
	checkWeights(t, weights(layers.LayerNormalization{}), want)
	checkWeights(t, weights(layers.LayerNormalization{NoCenter: true}), want[:1])
	checkWeights(t, weights(layers.LayerNormalization{NoScale: true}), want[1:])
	checkWeights(t, weights(layers.LayerNormalization{Axis: []int{-1, -3}}),
		[]weight{{"norm/gamma", graph.Shape{3, 5}}, {"norm/beta", graph.Shape{3, 5}}})
}

func TestLayerNormalizationRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, graph.Any, 3}
	for _, axis := range [][]int{{0}, {3}, {-3}, {-4}, {1}, {2, 2}, {2, -1}, {math.MinInt}, {math.MaxInt}} {
		layertest.Invalid(t, layers.LayerNormalization{Axis: axis}, "LayerNormalization.Axis", in)
	}
	for _, e := range []float64{-1e-3, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.LayerNormalization{Epsilon: e}, "LayerNormalization.Epsilon", in)
	}
	for field, l := range map[string]layers.LayerNormalization{
		"LayerNormalization.GammaInitializer":         {GammaInitializer: initializers.Name("one")},
		"LayerNormalization.BetaInitializer.Value":    {BetaInitializer: initializers.Constant{Value: math.NaN()}},
		"LayerNormalization.GammaRegularizer.L2":      {GammaRegularizer: regularizers.L2{L2: -1}},
		"LayerNormalization.BetaRegularizer.L1":       {BetaRegularizer: regularizers.L1{L1: -1}},
		"LayerNormalization.GammaConstraint.MaxValue": {GammaConstraint: constraints.MaxNorm{MaxValue: -1}},
		"LayerNormalization.BetaConstraint.MaxValue":  {BetaConstraint: constraints.MaxNorm{MaxValue: -1}},
	} {
		layertest.Invalid(t, l, field, in)
	}
	for _, bad := range [][]graph.Shape{nil, {in, in}, {{2}}} {
		layertest.Invalid(t, layers.LayerNormalization{}, "LayerNormalization", bad...)
	}
	for _, axis := range [][]int{{1}, {1, 2}} { // the padding of a sample would count
		err := graph.Shapes(config(t), func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{graph.Any, 4, 3}).WithMask(s.Input("mask", graph.Shape{graph.Any, 4}))
			layers.Apply(s, "norm", layers.LayerNormalization{Axis: axis}, x)
		})
		if err == nil {
			t.Errorf("axes %v under a mask must be refused", axis)
		}
	}
}
