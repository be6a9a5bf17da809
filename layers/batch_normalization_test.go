package layers_test

import (
	"fmt"
	"math"
	"slices"
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
	Value:   layers.BatchNormalization{},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Defaults: layers.BatchNormalization{
		Axis: -1, Momentum: new(0.99), Epsilon: 1e-3, GammaInitializer: initializers.Ones, BetaInitializer: initializers.Zeros,
		MovingMeanInitializer: initializers.Zeros, MovingVarianceInitializer: initializers.Ones,
	},
	Accepts:  "++++--",
	Compared: "TestBatchNormalizationAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.BatchNormalization{}},
		{Layer: layers.BatchNormalization{Axis: 1}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Either()
		l := layers.BatchNormalization{
			Momentum: conformance.OneOf(d, "momentum", nil, new(0.5)), Epsilon: conformance.OneOf(d, "epsilon", 0, 0.1),
			MovingVarianceInitializer: conformance.OneOf[graph.Initializer](d, "variance", initializers.Ones, initializers.Constant{Value: 2}),
		}
		if x.Shape[0] != graph.Any {
			l.Axis = d.Number("axis", -1, 1)
		}
		d.Use(conformance.Rest(d, l), x.Shape, x.Tensor)
	},
})

func TestBatchNormalization(t *testing.T) {
	for name, c := range map[string]struct {
		layer layers.BatchNormalization
		in    []int
	}{
		"defaults":       {layers.BatchNormalization{}, []int{2, 3, 4}},
		"flat":           {layers.BatchNormalization{}, []int{3, 4}},
		"one feature":    {layers.BatchNormalization{Epsilon: 0.5}, []int{2, 3, 1}},
		"middle axis":    {layers.BatchNormalization{Axis: 1}, []int{2, 3, 4}},
		"negative axis":  {layers.BatchNormalization{Axis: -2}, []int{2, 3, 2, 2}},
		"without center": {layers.BatchNormalization{NoCenter: true}, []int{3, 4}},
		"without scale":  {layers.BatchNormalization{NoScale: true}, []int{3, 4}},
		"without both":   {layers.BatchNormalization{NoScale: true, NoCenter: true, Momentum: new(0.0)}, []int{3, 4}},
		"other fields": {layers.BatchNormalization{
			GammaInitializer: initializers.RandomNormal{}, BetaInitializer: initializers.Constant{Value: 2},
			MovingMeanInitializer: initializers.Constant{Value: 0.5}, MovingVarianceInitializer: initializers.Constant{Value: 2},
			GammaRegularizer: regularizers.L2{}, BetaRegularizer: regularizers.L1{},
			GammaConstraint: constraints.NonNeg{}, BetaConstraint: constraints.MaxNorm{}, Name: "norm",
		}, []int{3, 3}},
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
func TestBatchNormalizationAgainstPyTorch(t *testing.T) {
	for name, c := range normCases(t, "normalization_batch.npz") {
		t.Run(name, func(t *testing.T) {
			layer := func(gamma, beta given) layers.Layer {
				return layers.BatchNormalization{
					Axis: c.axis[0], Epsilon: c.epsilon, Momentum: new(c.arrays["momentum"].Data[0]),
					GammaInitializer: gamma, BetaInitializer: beta,
				}
			}
			c.check(t, layer)
			c.checkMoving(t, layer)
		})
	}
}

// checkMoving holds the averages after each of three batches, and what is
// inferred from the last, to the file.
func (c normCase) checkMoving(t *testing.T, layer func(gamma, beta given) layers.Layer) {
	t.Helper()
	n, features := c.shape.Size(), c.shape[c.axis[0]]
	cfg := config(t)
	run := func(training bool, x []float64) map[string][]float64 {
		cfg.Training = training
		return evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
			v := s.Values(x, c.shape)
			if m, ok := c.arrays["mask"]; ok {
				v = v.WithMask(s.Values(m.Data, m.Shape))
			}
			s.Output("output", layers.Apply(s, "norm", layer(c.draw(1, features, 1), c.draw(2, features, 1)), v)[0])
			if !training && len(s.Updates()) > 0 {
				t.Error("averages move outside training")
			}
			for _, u := range s.Updates() {
				s.Output(u.Path, u.Value)
			}
		})
	}
	for i := range 3 {
		out := run(true, c.draw(4+i, n, 2))
		for k, path := range []string{"norm/moving_mean", "norm/moving_variance"} {
			from := (2*i + k) * features
			graphtest.CheckOutput(t, fmt.Sprintf("%s after batch %d", path, i), out[path], c.arrays["moving"].Data[from:from+features], graphtest.Tol64)
			copy(cfg.Params.Get(path).Value().Float64s(), out[path])
		}
	}
	graphtest.CheckOutput(t, "inferred", run(false, c.draw(0, n, 2))["output"], c.arrays["inferred"].Data, graphtest.Tol64)
}

// A layer that stands in a graph twice moves its averages towards the first
// batch and then towards the second.
func TestBatchNormalizationTwice(t *testing.T) {
	l := layers.BatchNormalization{Momentum: new(0.5)}
	out := evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
		layers.Apply(s, "norm", l, s.Values([]float64{1, 3}, graph.Shape{2, 1}))
		layers.Apply(s, "norm", l, s.Values([]float64{10, 18}, graph.Shape{2, 1}))
		if len(s.Updates()) != 2 {
			t.Errorf("got %d updates, want one of each average", len(s.Updates()))
		}
		for _, u := range s.Updates() {
			s.Output(u.Path, u.Value)
		}
	})
	// mean: (0 + 2)/2 = 1, (1 + 14)/2; variance: (1 + 1)/2 = 1, (1 + 16)/2
	graphtest.CheckOutput(t, "mean", out["norm/moving_mean"], []float64{7.5}, 1e-12)
	graphtest.CheckOutput(t, "variance", out["norm/moving_variance"], []float64{8.5}, 1e-12)
}

func TestBatchNormalizationWeights(t *testing.T) {
	weights := func(l layers.BatchNormalization) (paths []string, trainable int) {
		cfg := config(t)
		follow(t, cfg, func(s *graph.Scope) {
			layers.Apply(s, "norm", l, s.Input("x", graph.Shape{graph.Any, graph.Any, 5}))
		})
		for _, p := range cfg.Params.All() {
			paths = append(paths, p.Path)
			if p.Trainable() {
				trainable++
			}
			if !p.Shape.Equal(graph.Shape{5}) {
				t.Errorf("%s has the shape %v", p.Path, p.Shape)
			}
			want := 0.0
			if p.Path == "norm/gamma" || p.Path == "norm/moving_variance" {
				want = 1
			}
			if x := p.Value().Float64s(); !slices.Equal(x, slices.Repeat([]float64{want}, 5)) {
				t.Errorf("%s starts with %v", p.Path, x)
			}
		}
		return paths, trainable
	}
	all := []string{"norm/gamma", "norm/beta", "norm/moving_mean", "norm/moving_variance"}
	for _, c := range []struct {
		layer     layers.BatchNormalization
		want      []string
		trainable int
	}{
		{layers.BatchNormalization{}, all, 2},
		{layers.BatchNormalization{NoScale: true}, all[1:], 1},
		{layers.BatchNormalization{NoScale: true, NoCenter: true}, all[2:], 0},
	} {
		if got, n := weights(c.layer); !slices.Equal(got, c.want) || n != c.trainable {
			t.Errorf("got the weights %v, %d trainable, want %v, %d", got, n, c.want, c.trainable)
		}
	}
}

func TestBatchNormalizationRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, graph.Any, 3}
	for _, axis := range []int{3, -3, -4, 1, math.MinInt, math.MaxInt} {
		layertest.Invalid(t, layers.BatchNormalization{Axis: axis}, "BatchNormalization.Axis", in)
	}
	for _, m := range []float64{-0.1, 1, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.BatchNormalization{Momentum: &m}, "BatchNormalization.Momentum", in)
	}
	for _, e := range []float64{-1e-3, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.BatchNormalization{Epsilon: e}, "BatchNormalization.Epsilon", in)
	}
	for field, l := range map[string]layers.BatchNormalization{
		"BatchNormalization.GammaInitializer":               {GammaInitializer: initializers.Name("one")},
		"BatchNormalization.BetaInitializer.Value":          {BetaInitializer: initializers.Constant{Value: math.NaN()}},
		"BatchNormalization.MovingMeanInitializer":          {MovingMeanInitializer: initializers.Name("one")},
		"BatchNormalization.MovingVarianceInitializer.Gain": {MovingVarianceInitializer: initializers.Orthogonal{Gain: -1}},
		"BatchNormalization.GammaRegularizer.L2":            {GammaRegularizer: regularizers.L2{L2: -1}},
		"BatchNormalization.BetaRegularizer.L1":             {BetaRegularizer: regularizers.L1{L1: -1}},
		"BatchNormalization.GammaConstraint.MaxValue":       {GammaConstraint: constraints.MaxNorm{MaxValue: -1}},
		"BatchNormalization.BetaConstraint.MaxValue":        {BetaConstraint: constraints.MaxNorm{MaxValue: -1}},
	} {
		layertest.Invalid(t, l, field, in)
	}
	for _, bad := range [][]graph.Shape{nil, {in, in}, {{2}}} {
		layertest.Invalid(t, layers.BatchNormalization{}, "BatchNormalization", bad...)
	}
	for _, mask := range []graph.Shape{{graph.Any, 5}, {graph.Any, 4, 3, 1}} {
		err := graph.Shapes(training(t), func(s *graph.Scope) {
			layers.Apply(s, "norm", layers.BatchNormalization{}, s.Input("x", graph.Shape{graph.Any, 4, 3}).WithMask(s.Input("mask", mask)))
		})
		if err == nil {
			t.Errorf("a mask %v must be refused", mask)
		}
	}
}
