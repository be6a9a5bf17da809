package losses_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{
		Loss: losses.GaussianNLL{}, Golden: []string{"gaussian"}, Draw: drawOutputs(2),
		Line: func(y, yhat []float64) float64 {
			loss := 0.0
			for i, y := range y {
				m, scale := yhat[2*i], scaleOf(yhat[2*i+1])
				loss -= math.Log(math.Exp(-(y-m)*(y-m)/(2*scale*scale)) / (scale * math.Sqrt(2*math.Pi)))
			}
			return loss / float64(len(y))
		},
	})
	_ = describe(specimen{
		Loss: losses.StudentTNLL{}, Golden: []string{"student_t"}, Draw: drawOutputs(3),
		Line: func(y, yhat []float64) float64 {
			loss := 0.0
			for i, y := range y {
				scale, nu := scaleOf(yhat[3*i+1]), 2+scaleOf(yhat[3*i+2])
				z := (y - yhat[3*i]) / scale
				density := math.Gamma((nu+1)/2) / (math.Sqrt(nu*math.Pi) * math.Gamma(nu/2)) * math.Pow(1+z*z/nu, -(nu+1)/2) / scale
				loss -= math.Log(density)
			}
			return loss / float64(len(y))
		},
	})
	_ = describe(specimen{
		Loss: losses.NegativeBinomialNLL{}, Golden: []string{"negative_binomial"},
		Draw: func(t *rapid.T, width int) (y, yhat []float64) {
			y, _ = drawCounts(t, width)
			return y, rapid.SliceOfN(rapid.Float64Range(-2, 2), 2*width, 2*width).Draw(t, "outputs")
		},
		Line: func(y, yhat []float64) float64 {
			loss := 0.0
			for i, y := range y {
				loss -= math.Log(negativeBinomial(y, scaleOf(yhat[2*i]), scaleOf(yhat[2*i+1])))
			}
			return loss / float64(len(y))
		},
	})
)

func scaleOf(x float64) float64 { return math.Log(1+math.Exp(x)) + 1e-6 }

// negativeBinomial is the probability of a count, as the product of its factors.
func negativeBinomial(y, mean, dispersion float64) float64 {
	r := 1 / dispersion
	p := math.Pow(1+dispersion*mean, -r)
	for k := range int(y) {
		p *= (r + float64(k)) / float64(k+1) * dispersion * mean / (1 + dispersion*mean)
	}
	return p
}

// lossesOf are the losses of a batch in float64.
func lossesOf(t fataler, loss losses.Loss, target []float64, targetShape graph.Shape, output []float64, outputShape graph.Shape) []float64 {
	t.Helper()
	return run(t, tensor.Float64, map[string]graphtest.Array{"y": {Shape: targetShape, Data: target}, "yhat": {Shape: outputShape, Data: output}},
		func(_ *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
			return map[string]graph.Value{"loss": loss.Loss(in["y"], in["yhat"])}
		})["loss"]
}

// Outputs far from 0 and targets far from their mean: values are those of the limits, and no
// value or gradient is infinite or NaN.
func TestLikelihoodOfExtremes(t *testing.T) {
	normal := func(z, scale float64) float64 { return z*z/2 + math.Log(scale) + math.Log(2*math.Pi)/2 }
	poisson := func(y, mean float64) float64 {
		l, _ := math.Lgamma(y + 1)
		return mean - y*math.Log(mean) + l
	}
	for name, c := range map[string]struct {
		loss losses.Loss
		y    float64
		out  []float64
		want float64
		tol  float64 // of max(1, want)
	}{
		"least scale":                 {losses.GaussianNLL{}, 3, []float64{3, -1000}, normal(0, 1e-6), 1e-6},
		"far from a small scale":      {losses.GaussianNLL{}, 1e6, []float64{0, -1000}, normal(1e12, 1e-6), 1e-6},
		"large scale":                 {losses.GaussianNLL{}, 3, []float64{3, 1e30}, normal(0, 1e30), 1e-6},
		"no freedom":                  {losses.StudentTNLL{}, 0, []float64{0, 0.5413248546, -1000}, 1.5 * math.Log(2), 1e-5}, // density 1/(2√2)
		"all freedom":                 {losses.StudentTNLL{}, 2, []float64{0, 0.5413248546, 1e30}, normal(2, 1), 1e-5},
		"much freedom":                {losses.StudentTNLL{}, 2, []float64{0, 0.5413248546, 1e7}, normal(2, 1), 1e-5},
		"far with all freedom":        {losses.StudentTNLL{}, 1e6, []float64{0, -1000, 1e30}, normal(1e12, 1e-6), 1e-5},
		"far with little freedom":     {losses.StudentTNLL{}, 1e30, []float64{0, 0.5413248546, -1000}, 3 * math.Log(1e30), 1e-5},
		"no events":                   {losses.NegativeBinomialNLL{}, 0, []float64{-1000, 0}, 1e-6, 1e-6},
		"many events":                 {losses.NegativeBinomialNLL{}, 1e6, []float64{1e6, -1000}, math.Log(2*math.Pi*2e6) / 2, 1e-5},
		"no dispersion":               {losses.NegativeBinomialNLL{}, 7, []float64{5, -1000}, poisson(7, scaleOf(5)), 1e-4},
		"events where none are":       {losses.NegativeBinomialNLL{}, 7, []float64{-1000, -1000}, poisson(7, 1e-6), 1e-4},
		"no events, all dispersion":   {losses.NegativeBinomialNLL{}, 0, []float64{5, 1e30}, 0, 1e-6},
		"one event of all dispersion": {losses.NegativeBinomialNLL{}, 1, []float64{5, 1e30}, math.Log(1e30), 1e-5},
	} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			got := run(t, dtype, map[string]graphtest.Array{"y": {Shape: []int{1, 1}, Data: []float64{c.y}}, "out": {Shape: []int{1, len(c.out)}, Data: c.out}},
				func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
					loss := c.loss.Loss(in["y"], in["out"])
					return map[string]graph.Value{"loss": loss, "gradient": s.Gradients(loss.Sum(), in["out"])[0]}
				})
			if x := got["loss"][0]; !(math.Abs(x-c.want) <= c.tol*max(1, math.Abs(c.want))) {
				t.Errorf("%v %s: got %v, want %v", dtype, name, x, c.want)
			}
			for _, g := range got["gradient"] {
				if g-g != 0 {
					t.Errorf("%v %s: the gradient is %v", dtype, name, got["gradient"])
				}
			}
		}
	}
}

// Large outputs of both signs, and counts up to 900.
func TestLikelihoodGradients(t *testing.T) {
	for i := range 3 {
		for loss, n := range map[losses.Loss]int{losses.GaussianNLL{}: 2, losses.StudentTNLL{}: 3} {
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
				return loss.Loss(in[0], in[1].Scale(5))
			}, graphtest.Input(i, 4, 2), graphtest.Input(i+10, 4, 2*n))
		}
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			counts := s.Values([]float64{0, 1, 30, 900, 5, 2}, graph.Shape{3, 2})
			return losses.NegativeBinomialNLL{}.Loss(counts, in[0].Scale(10))
		}, graphtest.Input(i, 3, 4))
	}
}

// Around 100 degrees of freedom, where the formula of the constant changes, the loss is the
// density, and its gradient that of finite differences.
func TestStudentTAroundTheSeries(t *testing.T) {
	var line func(y, yhat []float64) float64
	for _, s := range specimens {
		if (s.Loss == losses.StudentTNLL{}) {
			line = s.Line
		}
	}
	for s := 60.0; s < 200; s += 0.5 {
		y, out := []float64{1.5}, []float64{0.25, 0.5, s}
		got := lossesOf(t, losses.StudentTNLL{}, y, graph.Shape{1, 1}, out, graph.Shape{1, 3})[0]
		if want := line(y, out); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("of %v: got %v, want %v", s, got, want)
		}
	}
	graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
		return losses.StudentTNLL{}.Loss(in[0], in[1])
	}, graphtest.Input(1, 3, 1), graphtest.Array{Shape: []int{3, 3}, Data: []float64{0.1, 0.2, 97.9, 0.1, 0.2, 98.1, -0.4, 0.6, 150}})
}
