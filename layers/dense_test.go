package layers_test

import (
	"math"
	"slices"
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
	Value:    layers.Dense{Units: 2},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 2}},
	Defaults: layers.Dense{Units: 2, Activation: activations.Linear, KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros},
	Accepts:  "++++--",
	Compared: "TestDenseAgainstPlainLoop",
	Steps: []conformance.Step{
		{Layer: layers.Dense{Units: 2, Activation: activations.Softmax{}}},
		{Layer: layers.Dense{Units: 2}, Inputs: []graph.Shape{{2, 4}}, Refused: true},
		{Layer: layers.Dense{Units: 2, Activation: activations.Softmax{Axis: -2}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x, n := d.Either(), d.Units()
		d.Use(conformance.Rest(d, layers.Dense{Units: n}), x.Shape.With(len(x.Shape)-1, n), x.Tensor)
	},
})

func TestDense(t *testing.T) {
	for _, c := range []struct {
		layer layers.Dense
		in    []int
		want  graph.Shape
	}{
		{layers.Dense{Units: 4}, []int{2, 3}, graph.Shape{graph.Any, 4}},
		{layers.Dense{Units: 1}, []int{2, 1}, graph.Shape{graph.Any, 1}},
		{layers.Dense{Units: 2, Activation: activations.Tanh}, []int{3, 4, 2}, graph.Shape{graph.Any, 4, 2}},
		{layers.Dense{Units: 3, NoBias: true}, []int{2, 1, 2, 3}, graph.Shape{graph.Any, 1, 2, 3}},
		{layers.Dense{Units: 4, Activation: activations.Softmax{}}, []int{2, 3}, graph.Shape{graph.Any, 4}},
		{layers.Dense{Units: 4, Activation: activations.GLU{}}, []int{2, 3}, graph.Shape{graph.Any, 2}},
		{layers.Dense{Units: 2, Activation: activations.LeakyReLU{}, KernelInitializer: initializers.HeNormal,
			BiasInitializer: initializers.RandomNormal{}, Name: "out"}, []int{2, 3}, graph.Shape{graph.Any, 2}},
	} {
		layertest.Check(t, layertest.Case{
			Layer: c.layer, Inputs: []graphtest.Array{graphtest.Input(1, c.in...)}, Outputs: []graph.Shape{c.want},
		})
	}
}

// The plain loop over y[n][u] = tanh(Σ x[n][d]·kernel[d][u] + bias[u]), for
// any number of axes before the features.
func TestDenseAgainstPlainLoop(t *testing.T) {
	const d, u = 3, 5
	kernel, bias := graphtest.Uniform(1, d*u, 0.5), graphtest.Uniform(2, u, 0.5)
	for _, shape := range []graph.Shape{{4, d}, {1, d}, {2, 3, d}, {1, 1, d}, {2, 1, 2, d}} {
		x := graphtest.Uniform(3, shape.Size(), 2)
		out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			for name, noBias := range map[string]bool{"bias": false, "no bias": true} {
				s.Output(name, layers.Apply(s, name, layers.Dense{
					Units: u, Activation: activations.Tanh, NoBias: noBias,
					KernelInitializer: given(kernel), BiasInitializer: given(bias),
				}, s.Values(x, shape))[0])
			}
		})
		for name, scale := range map[string]float64{"bias": 1, "no bias": 0} {
			var want []float64
			for n := range len(x) / d {
				for j := range u {
					z := scale * bias[j]
					for k := range d {
						z += x[n*d+k] * kernel[k*u+j]
					}
					want = append(want, math.Tanh(z))
				}
			}
			graphtest.CheckOutput(t, name+shape.String(), out[name], want, 1e-14)
		}
	}
}

func TestDenseWeights(t *testing.T) {
	cfg := config(t)
	follow(t, cfg, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{graph.Any, graph.Any, 3})
		y := layers.Apply(s, "dense", layers.Dense{Units: 5}, x)[0]
		if want := (graph.Shape{graph.Any, graph.Any, 5}); !y.Shape().Equal(want) {
			t.Errorf("got the shape %v, want %v", y.Shape(), want)
		}
	})
	checkWeights(t, cfg.Params, []weight{{"dense/kernel", graph.Shape{3, 5}}, {"dense/bias", graph.Shape{5}}})
	limit := math.Sqrt(6.0 / (3 + 5))
	kernel := cfg.Params.Get("dense/kernel").Value().Float64s()
	if slices.Max(kernel) > limit || slices.Min(kernel) < -limit || slices.Max(kernel) < limit/2 {
		t.Errorf("the kernel %v is not uniform within ±%g", kernel, limit)
	}
	if bias := cfg.Params.Get("dense/bias").Value().Float64s(); !slices.Equal(bias, make([]float64, 5)) {
		t.Errorf("the bias starts with %v", bias)
	}
}

type weight struct {
	path  string
	shape graph.Shape
}

// checkWeights holds names, shapes and order of all parameters against want.
func checkWeights(t *testing.T, params *graph.Params, want []weight) {
	t.Helper()
	var got []weight
	for _, p := range params.All() {
		got = append(got, weight{p.Path, p.Shape})
		if !p.Trainable() {
			t.Errorf("%s must be trainable", p.Path)
		}
	}
	if !slices.EqualFunc(got, want, func(a, b weight) bool { return a.path == b.path && a.shape.Equal(b.shape) }) {
		t.Errorf("got the weights %v, want %v", got, want)
	}
}

func TestDenseRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3}
	for field, l := range map[string]layers.Dense{
		"Dense.Units":                    {},
		"Dense.Activation":               {Units: 1, Activation: activations.Name("rellu")},
		"Dense.Activation.NegativeSlope": {Units: 1, Activation: activations.LeakyReLU{NegativeSlope: -1}},
		"Dense.KernelInitializer":        {Units: 1, KernelInitializer: initializers.Name("glorot")},
		"Dense.KernelInitializer.Value":  {Units: 1, KernelInitializer: initializers.Constant{Value: math.NaN()}},
		"Dense.KernelInitializer.Gain":   {Units: 1, KernelInitializer: initializers.Orthogonal{Gain: -1}},
		"Dense.BiasInitializer":          {Units: 1, BiasInitializer: initializers.Name("zero")},
		"Dense.BiasInitializer.Value":    {Units: 1, BiasInitializer: initializers.Constant{Value: math.Inf(1)}},
	} {
		layertest.Invalid(t, l, field, in)
	}
	layertest.Invalid(t, layers.Dense{Units: -3}, "Dense.Units", in)
	layertest.Invalid(t, layers.Dense{Units: math.MinInt}, "Dense.Units", in)
	for _, bad := range [][]graph.Shape{{{graph.Any}}, {{graph.Any, graph.Any}}, {in, in}, nil} {
		layertest.Invalid(t, layers.Dense{Units: 1}, "Dense", bad...)
	}
	// Only seen when the parameters are made.
	layertest.Invalid(t, layers.Dense{Units: 1, BiasInitializer: initializers.Orthogonal{}}, "Orthogonal", in)
	layertest.Invalid(t, layers.Dense{Units: 1, KernelInitializer: given{1}}, "kernel", in)
	layertest.Invalid(t, layers.Dense{Units: 1, KernelInitializer: given{1, 2, math.NaN()}}, "element [2, 0]", in)
}
