package optimizers_test

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// A step of plain SGD with rate 1 from zero shows the clipped gradients:
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

// A gradient of many parts is clipped as one of few, on any number of cores.
func TestClippingOfManyParts(t *testing.T) {
	const n = 120003
	g := graphtest.Input(2, n).Data
	for _, cores := range []int{1, 2, 3} {
		params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": {Shape: []int{n}, Data: make([]float64, n)}})
		s := begin(t, optimizers.SGD{LearningRate: 1, ClipValue: 0.5}, params)
		before := runtime.GOMAXPROCS(cores)
		step(t, s, params, dense(tensor.Float64, []int{n}, g...))
		runtime.GOMAXPROCS(before)
		for i, w := range numbers(params.Get("w").Value()) {
			if want := -min(max(g[i], -0.5), 0.5); w != want {
				t.Fatalf("on %d cores: element %d is %v, want %v", cores, i, w, want)
			}
		}
	}
}

func squares(x []float64) (sum float64) {
	for _, x := range x {
		sum += x * x
	}
	return sum
}

// A gradient that clipping makes small enough to square is accepted.
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

// Clipping is the same as clipped gradients. A gradient that is finite is clipped
// before it is squared.
func TestEveryOptimizerClips(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		for _, field := range []string{"ClipValue", "ClipNorm", "GlobalClipNorm"} {
			rapid.Check(t, func(r *rapid.T) {
				o := s.Draw(r)
				bound := rapid.Float64Range(0.01, 4).Draw(r, "bound")
				starts := map[string]graphtest.Array{"a": graphtest.Input(1, 3), "b": graphtest.Input(2, 2)}
				clipped, plain := declare(r, dtype, starts), declare(r, dtype, starts)
				one, other := begin(r, with(o, field, bound), clipped), begin(r, o, plain)
				for k := range 3 {
					a, b := dense(dtype, []int{3}, graphtest.Input(10+k, 3).Data...), dense(dtype, []int{2}, graphtest.Input(20+k, 2).Data...)
					step(r, one, clipped, a, b)
					step(r, other, plain, clip(dtype, field, bound, numbers(a), numbers(b))...)
				}
				for _, p := range clipped.All() {
					graphtest.CheckOutput(t, p.Path, numbers(p.Value()), numbers(plain.Get(p.Path).Value()), 0)
				}
			})
			params := declare(t, dtype, map[string]graphtest.Array{"w": graphtest.Input(1, 1)})
			huge := map[tensor.Dtype]float64{tensor.Float32: 1e30, tensor.Float64: 1e150}[dtype]
			step(t, begin(t, with(s.zero(), field, 1), params), params, dense(dtype, []int{1}, huge))
		}
	})
}

// clip clips gradients by the definition.
func clip(dtype tensor.Dtype, field string, bound float64, grads ...[]float64) []*tensor.Dense {
	var out []*tensor.Dense
	for _, g := range grads {
		norm := squares(g)
		if field == "GlobalClipNorm" {
			norm = 0
			for _, g := range grads {
				norm += squares(g)
			}
		}
		clipped := slices.Clone(g)
		for i, x := range g {
			if field == "ClipValue" {
				clipped[i] = min(max(x, -bound), bound)
			} else if norm := math.Sqrt(norm); norm > bound {
				clipped[i] = x * (bound / norm)
			}
		}
		out = append(out, dense(dtype, []int{len(g)}, clipped...))
	}
	return out
}
