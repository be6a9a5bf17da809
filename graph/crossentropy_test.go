package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// crossEntropyOf is −Σ t·log p of one row and its gradient, as plain loops.
func crossEntropyOf(z, t []float64) (loss float64, grad []float64) {
	most, sum, total := math.Inf(-1), 0.0, 0.0
	for _, x := range z {
		most = math.Max(most, x)
	}
	for i, x := range z {
		sum += math.Exp(x - most)
		total += t[i]
	}
	grad = make([]float64, len(z))
	for i, x := range z {
		loss -= t[i] * (x - most - math.Log(sum))
		grad[i] = total*math.Exp(x-most)/sum - t[i]
	}
	return loss, grad
}

// lossAndGradient runs a loss of logits, weighted, and its gradient.
func lossAndGradient(t tester, dt tensor.Dtype, z array, weights []float64, loss func(s *graph.Scope, z graph.Value) graph.Value) (each, grad []float64) {
	t.Helper()
	cfg := config(t, dt)
	cfg.Training = true
	p, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		in := s.Input("z", z.Shape)
		y := loss(s, in)
		s.Output("loss", y)
		s.Output("gradient", s.Gradients(y.Times(s.Values(weights, y.Shape())).Sum(), in)[0])
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer p.Close()
	run(t, p, map[string]array{"z": z})
	return output(t, p, "loss"), output(t, p, "gradient")
}

// Any number of classes, logits from small to 1e4, classes that cannot be, and rows of
// weight 0. Rounding of a large logit moves the exponent by up to a unit of it.
func TestCrossEntropy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 2, 7, 31, 32, 33, 96, 101}).Draw(t, "n")
		rows := rapid.IntRange(1, 4).Draw(t, "rows")
		scale := rapid.SampledFrom([]float64{0.1, 4, 1e4}).Draw(t, "scale")
		smoothing := rapid.SampledFrom([]float64{0, 0.25, 1}).Draw(t, "smoothing")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		z := array{Shape: []int{rows, n}, Data: make([]float64, rows*n)}
		y, weights, classes := make([]float64, rows*n), make([]float64, rows), make([]float64, rows)
		for i := range z.Data {
			z.Data[i], y[i] = scale*(2*rng.Float64()-1), rng.Float64()
		}
		for i := range rows {
			weights[i], classes[i] = float64(rng.IntN(3)), float64(rng.IntN(n))
		}
		excluded := smoothing == 0 && rapid.Bool().Draw(t, "excluded") // a smoothed target expects every class
		for _, dt := range dtypes {
			for name, loss := range map[string]func(s *graph.Scope, z graph.Value) graph.Value{
				"targets": func(s *graph.Scope, z graph.Value) graph.Value {
					return z.CrossEntropy(s.Values(y, graph.Shape{rows, n}), smoothing)
				},
				"classes": func(s *graph.Scope, z graph.Value) graph.Value {
					return z.ClassCrossEntropy(s.Values(classes, graph.Shape{rows}))
				},
			} {
				z := rounded(dt, z)
				if excluded && name == "classes" && n > 1 {
					for i, k := range classes {
						z.Data[i*n+(int(k)+1)%n] = math.Inf(-1)
					}
				}
				each, grad := lossAndGradient(t, dt, z, weights, loss)
				tol := 1e-12
				if dt == tensor.Float32 {
					tol = 2e-6
				}
				for i := range rows {
					target, spread, want := make([]float64, n), 0.0, 0.0
					for j := range target {
						if target[j] = y[i*n+j]*(1-smoothing) + smoothing/float64(n); name == "classes" {
							target[j] = 0
						}
						if x := z.Data[i*n+j]; !math.IsInf(x, 0) {
							spread = math.Max(spread, math.Abs(x))
						}
					}
					if name == "classes" {
						target[int(classes[i])] = 1
					}
					row := make([]float64, n) // what cannot be, and is not expected, counts nothing
					for j, x := range z.Data[i*n : (i+1)*n] {
						row[j] = math.Max(x, -1e300)
					}
					want, wantGrad := crossEntropyOf(row, target)
					if !(math.Abs(each[i]-want) <= tol*(1+want)) {
						t.Fatalf("%v %s, row %d: loss %v, want %v", dt, name, i, each[i], want)
					}
					for j, x := range wantGrad {
						if got := grad[i*n+j]; !(math.Abs(got-weights[i]*x) <= weights[i]*tol*(math.Max(1, float64(n)/8))*(1+spread/16)) {
							t.Fatalf("%v %s, row %d of weight %v: gradient %d is %v, want %v", dt, name, i, weights[i], j, got, weights[i]*x)
						}
						if math.IsInf(z.Data[i*n+j], -1) && grad[i*n+j] != 0 {
							t.Fatalf("%v: the gradient of an excluded class is %v", dt, grad[i*n+j])
						}
					}
				}
			}
		}
	})
}

func TestCrossEntropyGradients(t *testing.T) {
	for i, n := range []int{1, 2, 7} {
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Scale(5).ClassCrossEntropy(s.Values([]float64{0, float64(n - 1), 0, float64(n / 2)}, graph.Shape{2, 2}))
		}, graphtest.Input(i, 2, 2, n))
		for _, smoothing := range []float64{0, 0.3} {
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
				return in[0].Scale(5).CrossEntropy(in[1].Sigmoid(), smoothing)
			}, graphtest.Input(i, 2, 3, n), graphtest.Input(i+10, 2, 3, n))
		}
	}
}

// A large vocabulary: the same numbers as plain loops, and the same bits on any number of
// cores and with all assembly.
func TestCrossEntropyOfAVocabulary(t *testing.T) {
	const rows, n = 9, 10007
	z := array{Shape: []int{rows, n}, Data: graphtest.Uniform(1, rows*n, 16)}
	z.Data[3] = 30 // one class is nearly certain
	classes := []float64{3, 4, 10006, 0, 10005, 77, 9999, 1, 2}
	weights := []float64{1, 2, 0, 1, 1, 3, 1, 1, 1}
	y := make([]float64, rows*n)
	for i, k := range classes {
		y[i*n+int(k)], y[i*n+(int(k)+5000)%n] = 0.75, 0.25
	}
	for name, loss := range map[string]func(s *graph.Scope, z graph.Value) graph.Value{
		"classes": func(s *graph.Scope, z graph.Value) graph.Value {
			return z.ClassCrossEntropy(s.Values(classes, graph.Shape{rows}))
		},
		"targets": func(s *graph.Scope, z graph.Value) graph.Value {
			return z.CrossEntropy(s.Values(y, graph.Shape{rows, n}), 0.1)
		},
	} {
		var first [2][32]byte
		for _, set := range []string{"avx512", "avx2", "go"} {
			t.Setenv(kernels.Variable, set)
			for _, cores := range []int{1, 2, 3} {
				before := runtime.GOMAXPROCS(cores)
				each, grad := lossAndGradient(t, tensor.Float32, z, weights, loss)
				runtime.GOMAXPROCS(before)
				bits := [2][32]byte{checksum(each), checksum(grad)}
				if set == "avx512" && cores == 1 || set == "go" && cores == 1 { // plain Go may differ from assembly
					first = bits
				}
				if bits != first {
					t.Errorf("%s: other bits with %s on %d cores", name, set, cores)
				}
				for i := range rows {
					target := make([]float64, n)
					for j := range target {
						target[j] = y[i*n+j]*0.9 + 0.1/n
						if name == "classes" {
							target[j] = 0
						}
					}
					if name == "classes" {
						target[int(classes[i])] = 1
					}
					want, wantGrad := crossEntropyOf(z.Data[i*n:(i+1)*n], target)
					if !(math.Abs(each[i]-want) <= 2e-6*want+2e-7) {
						t.Fatalf("%s with %s, row %d: loss %v, want %v", name, set, i, each[i], want)
					}
					for j, x := range wantGrad {
						if got := grad[i*n+j]; !(math.Abs(got-weights[i]*x) <= weights[i]*(5e-6*math.Abs(x)+2e-7)) {
							t.Fatalf("%s with %s, row %d: gradient %d is %v, want %v", name, set, i, j, got, weights[i]*x)
						}
					}
				}
			}
		}
	}
}

// What is not finite shows in the loss, but not in the gradient of a row that does not
// count.
func TestCrossEntropyOfWhatIsNotFinite(t *testing.T) {
	inf := math.Inf(1)
	for _, dt := range dtypes {
		for name, c := range map[string]struct {
			row  []float64
			want float64
		}{
			"NaN":                 {[]float64{0, math.NaN(), 1}, math.NaN()},
			"+∞":                  {[]float64{0, inf, 1}, math.NaN()},
			"only −∞":             {[]float64{-inf, -inf, -inf}, math.NaN()},
			"a class that cannot": {[]float64{-inf, 0, 0}, inf},
			"the only class":      {[]float64{1e4, -inf, -1e4}, 0},
			"a far class":         {[]float64{-1e4, 1e4, -1e4}, 2e4},
		} {
			z := array{Shape: []int{2, 3}, Data: append([]float64{1, 2, 3}, c.row...)}
			each, grad := lossAndGradient(t, dt, z, []float64{1, 0}, func(s *graph.Scope, z graph.Value) graph.Value {
				y := z.ClassCrossEntropy(s.Values([]float64{0, 0}, graph.Shape{2}))
				return graph.Where(s.Values([]float64{1, 0}, graph.Shape{2}), y, y.Neg().Neg()) // keeps the loss of the second row
			})
			if got := each[1]; got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
				t.Errorf("%v %s: the loss is %v, want %v", dt, name, got, c.want)
			}
			for j, g := range grad[3:] {
				if g != 0 {
					t.Errorf("%v %s: gradient %d is %v, want 0", dt, name, j, g)
				}
			}
			if grad[2] == 0 {
				t.Errorf("%v %s: no gradient of the first row", dt, name)
			}
		}
	}
}

// Targets are checked in every run, wherever they are, and the program goes on after.
func TestCrossEntropyRefusesTargets(t *testing.T) {
	const rows, n = 40, 1000 // several cores
	for _, dt := range dtypes {
		for _, each := range []bool{false, true} {
			shape := graph.Shape{rows}
			if each {
				shape = graph.Shape{rows, n}
			}
			p := program(t, config(t, dt), func(s *graph.Scope) {
				z, y := s.Const(0, graph.Shape{rows, n}), s.Input("y", shape)
				s.Within("loss", func() {
					if each {
						s.Output("loss", z.CrossEntropy(y, 0.5))
					} else {
						s.Output("loss", z.ClassCrossEntropy(y))
					}
				})
			})
			bad := []float64{-1, n, 0.5, math.NaN(), math.Inf(1), 1e30}
			if each {
				bad = []float64{-0.1, 1.1, math.Inf(1), math.Inf(-1)}
			}
			for _, x := range bad {
				y := array{Shape: shape, Data: make([]float64, shape.Size())}
				y.Data[shape.Size()-3] = x
				d := rounded(dt, y)
				if err := p.SetInput("y", dense(dt, d)); err != nil {
					t.Fatal(err)
				}
				checkError(t, fmt.Sprint(dt, each, x), p.Run(graph.Tick{}), graph.Error{Path: "loss", Field: "target", Value: fmt.Sprint(shown(dt, x))})
			}
			run(t, p, map[string]array{"y": {Shape: shape, Data: make([]float64, shape.Size())}})
			if got, want := output(t, p, "loss")[rows-1], math.Log(n); !each && !(math.Abs(got-want) < 1e-6) {
				t.Errorf("%v: after errors the loss is %v, want %v", dt, got, want)
			}
		}
	}
	for _, c := range []struct {
		z, y      graph.Shape
		each      bool
		smoothing float64
		want      graph.Error
	}{
		{graph.Shape{}, graph.Shape{}, false, 0, graph.Error{Field: "cross-entropy", Value: "[]"}},
		{graph.Shape{4, 3}, graph.Shape{3}, false, 0, graph.Error{Field: "target", Value: "[3]"}},
		{graph.Shape{4, 3}, graph.Shape{4}, true, 0, graph.Error{Field: "target", Value: "[4]"}},
		{graph.Shape{4, 3}, graph.Shape{4, 3}, true, 1.5, graph.Error{Field: "smoothing", Value: "1.5"}},
		{graph.Shape{4, 3}, graph.Shape{4, 3}, true, math.NaN(), graph.Error{Field: "smoothing", Value: "NaN"}},
	} {
		checkError(t, fmt.Sprint(c.z, c.y), graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) {
			z, y := s.Input("z", c.z), s.Input("y", c.y)
			if c.each {
				z.CrossEntropy(y, c.smoothing)
			} else {
				z.ClassCrossEntropy(y)
			}
		}), c.want)
	}
}

// shown is how a number of a dtype appears in an error.
func shown(dt tensor.Dtype, x float64) any {
	if dt == tensor.Float32 {
		return float32(x)
	}
	return x
}
