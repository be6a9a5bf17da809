package optimizers_test

import (
	"errors"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// A step of plain SGD with rate 1 from zero gives away the clipped gradients:
// they point where the gradients do, are within the bound, and are the
// gradients themselves where these were.
func TestClipping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dtype := rapid.SampledFrom([]tensor.Dtype{tensor.Float32, tensor.Float64}).Draw(t, "dtype")
		size := rapid.SampledFrom([]float64{1e-30, 1, 1e25}).Draw(t, "size")
		bound := size * rapid.Float64Range(0.01, 10).Draw(t, "bound")
		kind := rapid.SampledFrom([]string{"value", "norm", "global"}).Draw(t, "kind")
		raw := map[string][]float64{}
		starts := map[string]graphtest.Array{}
		var grads []*tensor.Dense
		for _, path := range []string{"a", "b", "c"} {
			n := rapid.IntRange(1, 5).Draw(t, "n")
			data := rapid.SliceOfN(rapid.Float64Range(-3, 3), n, n).Draw(t, path)
			for i := range data {
				data[i] *= size
			}
			g := dense(dtype, []int{n}, data...)
			grads, raw[path] = append(grads, g), numbers(g)
			starts[path] = graphtest.Array{Shape: []int{n}, Data: make([]float64, n)}
		}
		o := optimizers.SGD{LearningRate: 1}
		switch kind {
		case "value":
			o.ClipValue = bound
		case "norm":
			o.ClipNorm = bound
		case "global":
			o.GlobalClipNorm = bound
		}
		params := declare(t, dtype, starts)
		s := begin(t, o, params)
		step(t, s, params, grads...)
		tol := 1e-14
		if dtype == tensor.Float32 {
			tol = 1e-6
		}
		total := 0.0
		for _, g := range raw {
			total += squares(g)
		}
		for i, p := range params.All() {
			g := raw[p.Path]
			if diff := cmp.Diff(g, numbers(grads[i])); diff != "" {
				t.Fatalf("the step changed a gradient: %s", diff)
			}
			norm := math.Sqrt(squares(g))
			if kind == "global" {
				norm = math.Sqrt(total)
			}
			for k, got := range numbers(p.Value()) {
				want := g[k] * math.Min(1, bound/norm)
				if kind == "value" {
					want = math.Copysign(math.Min(math.Abs(g[k]), bound), g[k])
				}
				if !(math.Abs(-got-want) <= tol*size) {
					t.Fatalf("%s: element %d of %v: got %v, want %v", kind, k, g, -got, want)
				}
			}
		}
	})
}

func squares(x []float64) (sum float64) {
	for _, x := range x {
		sum += x * x
	}
	return sum
}

// A parameter that no gradient has reached yet stays where it is.
func TestZeroGradients(t *testing.T) {
	for _, o := range []optimizers.Optimizer{
		optimizers.Adam{}, optimizers.Adam{Beta1: new(0.0), Beta2: new(0.0), Epsilon: 1e-30, ClipNorm: 1},
		optimizers.SGD{}, optimizers.SGD{Momentum: 1, Nesterov: true, GlobalClipNorm: 1},
	} {
		bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, _ float64) {
			params := declare(t, dtype, map[string]graphtest.Array{"w": graphtest.Input(1, 4)})
			before := numbers(params.Get("w").Value())
			s := begin(t, o, params)
			for range 3 {
				step(t, s, params, dense(dtype, []int{4}))
			}
			if diff := cmp.Diff(before, numbers(params.Get("w").Value())); diff != "" {
				t.Errorf("%#v: %s", o, diff)
			}
		})
	}
}

// A transposed gradient is taken for what it shows.
func TestTransposedGradient(t *testing.T) {
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": {Shape: []int{2, 3}, Data: make([]float64, 6)}})
	g := dense(tensor.Float64, []int{3, 2}, 1, 4, 2, 5, 3, 6)
	if err := g.T(); err != nil {
		t.Fatal(err)
	}
	step(t, begin(t, optimizers.SGD{LearningRate: 1}, params), params, g)
	if diff := cmp.Diff([]float64{-1, -2, -3, -4, -5, -6}, numbers(params.Get("w").Value())); diff != "" {
		t.Error(diff)
	}
}

func TestStepRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	adam, sgd := optimizers.Adam{}, optimizers.SGD{Momentum: 0.9}
	fine32, fine64 := dense(tensor.Float32, []int{2}, 1, 1), dense(tensor.Float64, []int{2}, 1, 1)
	f32 := func(data ...float64) *tensor.Dense { return dense(tensor.Float32, []int{len(data)}, data...) }
	f64 := func(data ...float64) *tensor.Dense { return dense(tensor.Float64, []int{len(data)}, data...) }
	for _, c := range []struct {
		o     optimizers.Optimizer
		dtype tensor.Dtype
		grads []*tensor.Dense
		want  string
		kind  error
	}{
		{adam, tensor.Float32, nil, "gradients must be one for each parameter, got 0", graph.ErrInput},
		{adam, tensor.Float32, []*tensor.Dense{fine32}, "gradients must be one for each parameter, got 1", graph.ErrInput},
		{adam, tensor.Float32, []*tensor.Dense{fine32, nil}, "b: gradient's tensor must not be nil", graph.ErrInput},
		{adam, tensor.Float32, []*tensor.Dense{fine32, fine64}, "b: gradient's dtype must be float32, got float64", graph.ErrInput},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, fine32}, "b: gradient's dtype must be float64, got float32", graph.ErrInput},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, f64(1, 2, 3)}, "b: gradient's shape must be [2], got [3]", graph.ErrInput},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, dense(tensor.Float64, []int{2, 1})}, "b: gradient's shape must be [2], got [2, 1]", graph.ErrInput},
		{adam, tensor.Float32, []*tensor.Dense{fine32, f32(1, nan)}, "b: gradient's element [1] must be finite, got NaN", graph.ErrNotFinite},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, f64(-inf, 1)}, "b: gradient's element [0] must be finite, got -Inf", graph.ErrNotFinite},
		{sgd, tensor.Float32, []*tensor.Dense{f32(nan, 1e5), fine32}, "a: gradient's element [0] must be finite, got NaN", graph.ErrNotFinite},
		{optimizers.SGD{ClipValue: 1}, tensor.Float32, []*tensor.Dense{fine32, f32(1, inf)}, "b: gradient's element [1] must be finite, got +Inf", graph.ErrNotFinite},
		{adam, tensor.Float32, []*tensor.Dense{fine32, f32(1, -0x1p68)}, "b: gradient must be small enough to square, got 2.9514790517935283e+20", graph.ErrNotFinite},
		{adam, tensor.Float64, []*tensor.Dense{fine64, f64(1, 1e200)}, "b: gradient must be small enough to square, got 1e+200", graph.ErrNotFinite},
		{optimizers.SGD{ClipNorm: 1}, tensor.Float64, []*tensor.Dense{fine64, f64(1, 1e200)}, "b: gradient must be small enough to square, got 1e+200", graph.ErrNotFinite},
		{optimizers.SGD{GlobalClipNorm: 1}, tensor.Float64, []*tensor.Dense{f64(1e154, 0), f64(1.5e154, 0)}, "b: gradient must be small enough to square, got 1.5e+154", graph.ErrNotFinite},
		{optimizers.Adam{LearningRate: 3e38, Beta1: new(0.99999), Beta2: new(0.0)}, tensor.Float32, []*tensor.Dense{fine32, fine32}, "learning rate must be small enough for a finite step, got 3e+38", graph.ErrNotFinite},
	} {
		params := declare(t, c.dtype, map[string]graphtest.Array{"a": graphtest.Input(1, 2), "b": graphtest.Input(2, 2)})
		s := begin(t, c.o, params)
		before := snapshot(s, params)
		err := s.Step(c.grads)
		var e graph.Error
		if err == nil || err.Error() != c.want || !errors.As(err, &e) || !errors.Is(err, c.kind) {
			t.Errorf("%#v: got %v, want %s", c.o, err, c.want)
		}
		if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
			t.Errorf("%#v: after %v: %s", c.o, err, diff)
		}
	}
}

// What clipping makes small enough is taken.
func TestClippingComesBeforeSquaring(t *testing.T) {
	for _, o := range []optimizers.Optimizer{
		optimizers.Adam{ClipValue: 1}, optimizers.Adam{ClipNorm: 1}, optimizers.Adam{GlobalClipNorm: 1},
	} {
		params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": {Shape: []int{1}, Data: []float64{0}}})
		s := begin(t, o, params)
		step(t, s, params, dense(tensor.Float32, []int{1}, 1e30))
		graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), []float64{-1e-3}, 1e-8)
	}
}

func TestSetLearningRate(t *testing.T) {
	bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, tol float64) {
		params := declare(t, dtype, map[string]graphtest.Array{"w": {Shape: []int{1}, Data: []float64{1}}})
		s := begin(t, optimizers.SGD{LearningRate: 0.5}, params)
		g := dense(dtype, []int{1}, 1)
		for _, c := range []struct{ rate, want float64 }{{0.25, 0.75}, {0, 0.75}, {1, -0.25}} {
			if err := s.SetLearningRate(c.rate); err != nil {
				t.Fatal(err)
			}
			if s.LearningRate() != c.rate {
				t.Errorf("learning rate: got %v, want %v", s.LearningRate(), c.rate)
			}
			step(t, s, params, g)
			graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), []float64{c.want}, tol)
		}
		for _, bad := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
			if err := s.SetLearningRate(bad); !errors.Is(err, graph.ErrInput) || s.LearningRate() != 1 {
				t.Errorf("%v: got %v and learning rate %v", bad, err, s.LearningRate())
			}
		}
		if err := s.SetLearningRate(1e39); (err == nil) != (dtype == tensor.Float64) {
			t.Errorf("1e39: got %v", err)
		}
	})
}

// A step leaves no work to the garbage collector.
func TestStepAllocatesNothing(t *testing.T) {
	for _, o := range []optimizers.Optimizer{
		optimizers.Adam{}, optimizers.Adam{GlobalClipNorm: 1}, optimizers.SGD{Momentum: 0.9, ClipValue: 1},
	} {
		bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, _ float64) {
			params := declare(t, dtype, map[string]graphtest.Array{"a": graphtest.Input(1, 8, 16), "b": graphtest.Input(2, 16)})
			s := begin(t, o, params)
			grads := []*tensor.Dense{dense(dtype, []int{8, 16}, 1), dense(dtype, []int{16}, 1)}
			if n := testing.AllocsPerRun(10, func() {
				if err := s.Step(grads); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%#v: %v allocations a step", o, n)
			}
		})
	}
}
