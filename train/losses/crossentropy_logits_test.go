package losses_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// In float32 a loss far below 1 keeps its digits, and a hopeless one stays
// finite.
func TestLogitsDoNotCancel(t *testing.T) {
	z := graphtest.Array{Shape: []int{4, 1}, Data: []float64{12, -12, 1e4, -1e4}}
	y := graphtest.Array{Shape: []int{4, 1}, Data: []float64{1, 0, 0, 1}}
	got := run(t, tensor.Float32, map[string]graphtest.Array{"y": y, "z": z},
		func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
			return map[string]graph.Value{"loss": losses.BinaryCrossentropy{FromLogits: true}.Loss(in["y"], in["z"])}
		})["loss"]
	for i, want := range []float64{math.Log1p(math.Exp(-12)), math.Log1p(math.Exp(-12)), 1e4, 1e4} {
		if !(math.Abs(got[i]-want) <= 1e-6*want) {
			t.Errorf("loss %d: got %v, want %v", i, got[i], want)
		}
	}
}

// logSum is log Σ e^z over all places but one.
func logSum(z []float64, without int) float64 {
	top, sum := math.Inf(-1), 0.0
	for i, x := range z {
		if i != without {
			top = max(top, x)
		}
	}
	for i, x := range z {
		if i != without {
			sum += math.Exp(x - top)
		}
	}
	return top + math.Log(sum)
}

// plainOfLogits is a cross-entropy of one sample by the definitions: from the
// logarithms of p and 1 − p that a softmax or a sigmoid of z gives.
func plainOfLogits(binary, softmax bool, z, y []float64) float64 {
	yes, no := make([]float64, len(z)), make([]float64, len(z))
	for k, x := range z {
		if softmax {
			yes[k], no[k] = x-logSum(z, -1), logSum(z, k)-logSum(z, -1)
		} else {
			yes[k], no[k] = -logSum([]float64{0, -x}, -1), -logSum([]float64{0, x}, -1)
		}
	}
	sum := 0.0
	if binary {
		for k := range z {
			sum -= y[k]*yes[k] + (1-y[k])*no[k]
		}
		return sum / float64(len(z))
	}
	all := logSum(yes, -1) // of the probabilities' sum, by which they are divided
	for k := range z {
		sum -= y[k] * (yes[k] - all)
	}
	return sum
}

// Behind a softmax or a sigmoid every cross-entropy keeps its value and its
// gradient, however wrong and however certain the output is.
func TestCrossentropyOfSaturatedProbabilities(t *testing.T) {
	lines := [][]float64{{0.3, -0.2, 0.1}, {5, 0, -5}, {16.5, 0, 0.5}, {-20, 20, 3}, {40, -40, 39}, {0, 300, -300}, {-80, -81, -300}}
	targets := map[string][]float64{"first": {1, 0, 0}, "last": {0, 0, 1}, "shared": {0.5, 0.25, 0.25}}
	for _, dtype := range []struct {
		of  tensor.Dtype
		tol float64
	}{{tensor.Float32, 1e-5}, {tensor.Float64, 1e-8}} {
		for _, z := range lines {
			for at, y := range targets {
				for name, loss := range map[string]losses.Loss{
					"binary": losses.BinaryCrossentropy{}, "categorical": losses.CategoricalCrossentropy{}, "sparse": losses.SparseCategoricalCrossentropy{},
				} {
					target := graphtest.Array{Shape: []int{1, 3}, Data: y}
					if name == "sparse" {
						if at == "shared" {
							continue
						}
						target = graphtest.Array{Shape: []int{1}, Data: []float64{2 * y[2]}}
					}
					for _, softmax := range []bool{true, false} {
						got := run(t, dtype.of, map[string]graphtest.Array{"y": target, "z": {Shape: []int{1, 3}, Data: z}},
							func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
								p := in["z"].Sigmoid()
								if softmax {
									p = in["z"].Softmax(-1)
								}
								l := loss.Loss(in["y"], p)
								return map[string]graph.Value{"loss": l, "grad": s.Gradients(l.Sum(), in["z"])[0]}
							})
						what := fmt.Sprintf("%v %s, softmax %v, logits %v, target %s", dtype.of, name, softmax, z, at)
						want := plainOfLogits(name == "binary", softmax, z, y)
						if !(math.Abs(got["loss"][0]-want) <= dtype.tol*max(1, want)) {
							t.Errorf("%s: loss %v, want %v", what, got["loss"][0], want)
						}
						for k := range z {
							const h = 1e-4
							shifted := func(by float64) float64 {
								moved := append([]float64{}, z...)
								moved[k] += by
								return plainOfLogits(name == "binary", softmax, moved, y)
							}
							slope := (8*(shifted(h)-shifted(-h)) - (shifted(2*h) - shifted(-2*h))) / (12 * h)
							if !(math.Abs(got["grad"][k]-slope) <= dtype.tol) {
								t.Errorf("%s: gradient %d is %v, want %v", what, k, got["grad"][k], slope)
							}
						}
					}
				}
			}
		}
	}
}

// The gradient is p − y where a probability has rounded to 0 and to 1.
func TestCrossentropyGradientIsProbabilityMinusTarget(t *testing.T) {
	z := graphtest.Array{Shape: []int{1, 2}, Data: []float64{50, -50}}
	for name, c := range map[string]struct {
		loss   losses.Loss
		output func(z graph.Value) graph.Value
		y      graphtest.Array
		want   []float64
	}{
		"binary":      {losses.BinaryCrossentropy{}, graph.Value.Sigmoid, graphtest.Array{Shape: []int{1, 2}, Data: []float64{0, 1}}, []float64{0.5, -0.5}},
		"categorical": {losses.CategoricalCrossentropy{}, func(z graph.Value) graph.Value { return z.Softmax(-1) }, graphtest.Array{Shape: []int{1, 2}, Data: []float64{0, 1}}, []float64{1, -1}},
		"sparse":      {losses.SparseCategoricalCrossentropy{}, func(z graph.Value) graph.Value { return z.Softmax(-1) }, graphtest.Array{Shape: []int{1}, Data: []float64{1}}, []float64{1, -1}},
	} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			got := run(t, dtype, map[string]graphtest.Array{"y": c.y, "z": z}, func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
				return map[string]graph.Value{"grad": s.Gradients(c.loss.Loss(in["y"], c.output(in["z"])).Sum(), in["z"])[0]}
			})["grad"]
			graphtest.CheckOutput(t, fmt.Sprint(dtype, " ", name), got, c.want, 1e-7)
		}
	}
}

// Finite differences of the whole formula, logits large and small.
func TestCrossentropyGradientsOfLogits(t *testing.T) {
	for name, loss := range map[string]losses.Loss{"binary": losses.BinaryCrossentropy{LabelSmoothing: 0.25}, "categorical": losses.CategoricalCrossentropy{}} {
		for _, scale := range []float64{1, 40} {
			for i, shape := range [][]int{{1, 2}, {3, 4}, {2, 3, 2}} {
				t.Log(name, scale, shape)
				for _, softmax := range []bool{true, false} {
					graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
						z := in[1].Scale(scale)
						if softmax {
							return loss.Loss(in[0].Sigmoid(), z.Softmax(-1))
						}
						return loss.Loss(in[0].Sigmoid(), z.Sigmoid())
					}, graphtest.Input(2*i, shape...), graphtest.Input(2*i+1, shape...))
				}
			}
		}
	}
}

// Logits are not probabilities, and probabilities are not logits.
func TestCrossentropyRefusesFromLogitsOfProbabilities(t *testing.T) {
	for field, loss := range map[string]losses.Loss{
		"BinaryCrossentropy.FromLogits":            losses.BinaryCrossentropy{FromLogits: true},
		"CategoricalCrossentropy.FromLogits":       losses.CategoricalCrossentropy{FromLogits: true},
		"SparseCategoricalCrossentropy.FromLogits": losses.SparseCategoricalCrossentropy{FromLogits: true},
	} {
		for name, of := range map[string]func(z graph.Value) graph.Value{
			"softmax": func(z graph.Value) graph.Value { return z.Softmax(-1) },
			"sigmoid": func(z graph.Value) graph.Value { return z.Reshape(6, 3).Sigmoid().Reshape(2, 3, 3) },
		} {
			params, err := graph.NewParams(tensor.Float32, 1)
			if err != nil {
				t.Fatal(err)
			}
			err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
				target := s.Input("target", graph.Shape{2, 3, 3})
				if _, sparse := loss.(losses.SparseCategoricalCrossentropy); sparse {
					target = s.Input("classes", graph.Shape{2, 3})
				}
				loss.Loss(target, of(s.Input("z", graph.Shape{2, 3, 3})))
			})
			errtest.Check(t, err, graph.Error{Field: field, Value: true})
			if err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not name the %s", err, name)
			}
		}
	}
}
