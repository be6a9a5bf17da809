package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
)

// start gives the first weights of a recurrent layer over 3 features.
func start(t *testing.T, l layers.Layer) *graph.Params {
	t.Helper()
	cfg := config(t)
	follow(t, cfg, func(s *graph.Scope) {
		layers.Apply(s, layername.Default(l), l, s.Input("x", graph.Shape{graph.Any, graph.Any, 3}))
	})
	return cfg.Params
}

func TestLSTMWeights(t *testing.T) {
	want := []weight{
		{"lstm/kernel", graph.Shape{3, 20}}, {"lstm/recurrent_kernel", graph.Shape{5, 20}}, {"lstm/bias", graph.Shape{20}},
	}
	params := start(t, layers.LSTM{Units: 5})
	checkWeights(t, params, want)
	checkWeights(t, start(t, layers.LSTM{Units: 5, NoBias: true}), want[:2])

	limit := math.Sqrt(6.0 / (3 + 20))
	kernel := params.Get("lstm/kernel").Value().Float64s()
	if slices.Max(kernel) > limit || slices.Min(kernel) < -limit || slices.Max(kernel) < limit/2 {
		t.Errorf("the kernel %v is not uniform within ±%g", kernel, limit)
	}
	u := params.Get("lstm/recurrent_kernel").Value().Float64s()
	for i := range 5 {
		for j := range 5 {
			dot, want := 0.0, 0.0
			for k := range 20 {
				dot += u[i*20+k] * u[j*20+k]
			}
			if i == j {
				want = 1
			}
			if math.Abs(dot-want) > 1e-12 {
				t.Errorf("rows %d and %d of the recurrent kernel have the product %g, want %g", i, j, dot, want)
			}
		}
	}
}

// The forget gate's bias starts at 1, unless that is turned off; the
// initializer gives the rest.
func TestLSTMBias(t *testing.T) {
	half := initializers.Constant{Value: 0.5}
	for _, c := range []struct {
		layer layers.LSTM
		want  []float64
	}{
		{layers.LSTM{}, []float64{0, 0, 1, 1, 0, 0, 0, 0}},
		{layers.LSTM{BiasInitializer: half}, []float64{0.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5}},
		{layers.LSTM{NoUnitForgetBias: true}, make([]float64, 8)},
		{layers.LSTM{NoUnitForgetBias: true, BiasInitializer: half}, slices.Repeat([]float64{0.5}, 8)},
	} {
		c.layer.Units = 2
		if got := start(t, c.layer).Get("lstm/bias").Value().Float64s(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: the bias starts with %v, want %v", c.layer, got, c.want)
		}
	}
	random := start(t, layers.LSTM{Units: 2, BiasInitializer: initializers.RandomNormal{}}).Get("lstm/bias").Value().Float64s()
	if slices.Equal(random[:2], random[4:6]) || slices.Equal(random[4:6], random[6:]) {
		t.Errorf("the gates share random numbers: %v", random)
	}
}

// Dropout of an LSTM draws which features go, once for all steps of a sample.
// A feature that is gone has no gradient.
func TestLSTMDropout(t *testing.T) {
	const batch, steps, features, rate = 6, 4, 5, 0.4
	x := graphtest.Uniform(1, batch*steps*features, 1)
	cfg := training(t)
	run := func(l layers.LSTM, x []float64, at graph.Tick) (y, dx []float64) {
		l.Units, l.ReturnSequences = 3, true
		out := evaluate(t, cfg, at, func(s *graph.Scope) {
			v := s.Values(x, graph.Shape{batch, steps, features})
			y := layers.Apply(s, "lstm", l, v)[0]
			s.Output("y", y)
			s.Output("dx", s.Gradients(y.Square().Sum(), v)[0])
		})
		return out["y"], out["dx"]
	}
	y, dx := run(layers.LSTM{Dropout: rate}, x, graph.Tick{})
	dropped, zeros := slices.Clone(x), 0
	for i := range x {
		n, d := i/(steps*features), i%features
		first := dx[n*steps*features+d]
		if (dx[i] == 0) != (first == 0) {
			t.Fatalf("sample %d: feature %d is not dropped at all steps or at none", n, d)
		}
		if first == 0 {
			dropped[i] = 0
			zeros++
		} else {
			dropped[i] /= 1 - rate
		}
	}
	if zeros == 0 || zeros == len(x) {
		t.Fatalf("%d of %d are dropped", zeros, len(x))
	}
	want, _ := run(layers.LSTM{}, dropped, graph.Tick{})
	graphtest.CheckOutput(t, "output", y, want, 1e-14)

	if other, _ := run(layers.LSTM{Dropout: rate}, x, graph.Tick{Step: 1}); slices.Equal(y, other) {
		t.Error("the next step has the same mask")
	}
	cfg.Training = false
	if other, _ := run(layers.LSTM{Dropout: rate}, x, graph.Tick{}); slices.Equal(y, other) {
		t.Error("dropout is applied outside training")
	}
}

// The gates of every step can be read by name, and fulfil the equations.
func TestLSTMTrace(t *testing.T) {
	const steps = 3
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*steps*3, 1), graph.Shape{2, steps, 3})
		s.Output("y", layers.Apply(s, "lstm", layers.LSTM{Units: 1, ReturnSequences: true, Unrolled: true}, x)[0])
	})
	if len(out) != 1+5*steps {
		t.Errorf("got %d outputs", len(out))
	}
	c := make([]float64, 2)
	for step, suffix := range []string{"", "_1", "_2"} {
		i, f, g, o := out["lstm/i"+suffix], out["lstm/f"+suffix], out["lstm/g"+suffix], out["lstm/o"+suffix]
		if len(i) != 2 || len(f) != 2 || len(g) != 2 || len(o) != 2 {
			t.Fatalf("step %d: got the gates %v %v %v %v", step, i, f, g, o)
		}
		y := make([]float64, 2)
		for n := range c {
			c[n] = f[n]*c[n] + i[n]*g[n]
			y[n] = o[n] * math.Tanh(c[n])
			graphtest.CheckOutput(t, "y", out["y"][n*steps+step:][:1], y[n:n+1], 1e-15)
		}
		graphtest.CheckOutput(t, "c", out["lstm/c"+suffix], c, 1e-15)
	}
}

func TestLSTMGateWeights(t *testing.T) {
	kernels := func(cols int) []weight {
		return []weight{{"lstm/kernel", graph.Shape{3, cols}}, {"lstm/recurrent_kernel", graph.Shape{5, cols}}, {"lstm/bias", graph.Shape{cols}}}
	}
	norms := func(cols int) []weight {
		return []weight{
			{"lstm/kernel_gamma", graph.Shape{cols}}, {"lstm/recurrent_gamma", graph.Shape{cols}},
			{"lstm/state_beta", graph.Shape{5}}, {"lstm/state_gamma", graph.Shape{5}},
		}
	}
	checkWeights(t, start(t, layers.LSTM{Units: 5, CoupledGates: true}), kernels(15))
	checkWeights(t, start(t, layers.LSTM{Units: 5, Peepholes: true}), append(kernels(20), weight{"lstm/peephole_kernel", graph.Shape{3, 5}}))
	checkWeights(t, start(t, layers.LSTM{Units: 5, LayerNorm: true}), append(kernels(20), norms(20)...))
	params := start(t, layers.LSTM{Units: 5, CoupledGates: true, Peepholes: true, LayerNorm: true})
	want := append(append(kernels(15), norms(15)[:2]...), weight{"lstm/peephole_kernel", graph.Shape{2, 5}})
	checkWeights(t, params, append(want, norms(15)[2:]...))
	if bias := params.Get("lstm/bias").Value().Float64s(); !slices.Equal(bias, make([]float64, 15)) {
		t.Errorf("the bias starts with %v, but there is no forget gate", bias)
	}
}
