package train_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// heads are ways to end a model for sequences, with an activation or without:
// two numbers at each step.
var heads = map[string]func(dtype tensor.Dtype, a activations.Activation) []layers.Layer{
	"Dense": func(dtype tensor.Dtype, a activations.Activation) []layers.Layer {
		return []layers.Layer{layers.Dense{Units: 2, Activation: a}}
	},
	"Activation": func(dtype tensor.Dtype, a activations.Activation) []layers.Layer {
		if a == nil {
			a = activations.Linear
		}
		return []layers.Layer{layers.Dense{Units: 2}, layers.Activation{Function: a}}
	},
	"TimeDistributed": func(dtype tensor.Dtype, a activations.Activation) []layers.Layer {
		return []layers.Layer{layers.TimeDistributed{Layer: layers.Dense{Units: 2, Activation: a}}}
	},
	"nested model": func(dtype tensor.Dtype, a activations.Activation) []layers.Layer {
		return []layers.Layer{models.NewSequential(models.Config{Name: "head", Dtype: dtype}, layers.Input{Shape: graph.Shape{graph.Any, 3}}, layers.Dense{Units: 2, Activation: a})}
	},
	"dropout of rate 0": func(dtype tensor.Dtype, a activations.Activation) []layers.Layer {
		return []layers.Layer{layers.Dense{Units: 2, Activation: a}, layers.Dropout{}}
	},
}

// scorer is a model of sequences with a head, of logits that saturate.
func scorer(t *testing.T, dtype tensor.Dtype, masked bool, head []layers.Layer) *models.Sequential {
	t.Helper()
	m := models.NewSequential(models.Config{Seed: 4, Dtype: dtype}, layers.Input{Shape: graph.Shape{graph.Any, 3}})
	if masked {
		m.Add(layers.Masking{})
	}
	for _, l := range head {
		m.Add(l)
	}
	weights, err := m.Weights()
	check(t, err)
	for _, w := range weights {
		large := dense.ToFloat64(w.Value)
		for i := range large {
			large[i] *= 300
		}
		dense.SetFloat64(w.Value, large)
	}
	check(t, m.SetWeights(weights...))
	return m
}

// Where probabilities have rounded to 0 and 1, training on them is training on
// the logits behind them, however the model ends, with masks and weights.
func TestSaturatedProbabilitiesTrainLikeLogits(t *testing.T) {
	const samples, steps = 3, 4
	cases := map[string]struct {
		probabilities, logits losses.Loss
		activation            activations.Activation
		classes               bool
	}{
		"binary":      {losses.BinaryCrossentropy{}, losses.BinaryCrossentropy{FromLogits: true}, activations.Sigmoid, false},
		"categorical": {losses.CategoricalCrossentropy{}, losses.CategoricalCrossentropy{FromLogits: true}, activations.Softmax{}, false},
		"sparse":      {losses.SparseCategoricalCrossentropy{}, losses.SparseCategoricalCrossentropy{FromLogits: true}, activations.Softmax{}, true},
	}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		of := func(x []float64, shape ...int) *tensor.Dense { return dense.FromFloat64(dtype, shape, x) }
		x := graphtest.Uniform(1, samples*steps*3, 1)
		clear(x[3*3 : 4*3]) // the last step of the first sample is masked
		hot, class := make([]float64, samples*steps*2), make([]float64, samples*steps)
		for i := range class {
			class[i] = float64(i * 7 % 3 % 2)
			hot[2*i+int(class[i])] = 1
		}
		for name, c := range cases {
			for ends, head := range heads {
				for _, masked := range []bool{false, true} {
					for _, weighed := range []bool{false, true} {
						b := &datasets.Batch{Inputs: []*tensor.Dense{of(x, samples, steps, 3)}, Targets: []*tensor.Dense{of(hot, samples, steps, 2)}}
						if c.classes {
							b.Targets[0] = of(class, samples, steps)
						}
						if weighed {
							b.Weights = []*tensor.Dense{of([]float64{0.5, 2, 1}, samples)}
						}
						gradients := func(loss losses.Loss, a activations.Activation) *train.Gradients {
							g, err := compile(t, scorer(t, dtype, masked, head(dtype, a)), train.Config{Loss: loss}).Gradients(background, b)
							check(t, err)
							return g
						}
						got, want := gradients(c.probabilities, c.activation), gradients(c.logits, nil)
						at := fmt.Sprintf("%v, %s, %s, masked %v, weighed %v", dtype, name, ends, masked, weighed)
						if want.Loss < 20 {
							t.Fatalf("%s: loss %v, nothing is saturated", at, want.Loss)
						}
						if !(math.Abs(got.Loss-want.Loss) <= 1e-6*want.Loss) {
							t.Errorf("%s: loss %v, want %v", at, got.Loss, want.Loss)
						}
						if len(got.ByPath) != len(want.ByPath) {
							t.Fatalf("%s: %d gradients, want %d", at, len(got.ByPath), len(want.ByPath))
						}
						for path, g := range want.ByPath {
							graphtest.CheckGradient(t, at+", "+path, dense.ToFloat64(got.ByPath[path]), dense.ToFloat64(g), 1e-6)
						}
					}
				}
			}
		}
	}
}

// Probabilities as logits, and an output that cannot change, are errors of
// Compile, however the model ends.
func TestCompileRefusesMisusedProbabilities(t *testing.T) {
	for ends, head := range heads {
		for field, c := range map[string]train.Config{
			"BinaryCrossentropy.FromLogits":            {Loss: losses.BinaryCrossentropy{FromLogits: true}},
			"CategoricalCrossentropy.FromLogits":       {Loss: losses.CategoricalCrossentropy{FromLogits: true}},
			"SparseCategoricalCrossentropy.FromLogits": {Loss: losses.SparseCategoricalCrossentropy{FromLogits: true}},
		} {
			for name, a := range map[string]activations.Activation{"softmax": activations.Softmax{}, "sigmoid": activations.Sigmoid} {
				t.Run(fmt.Sprint(ends, ", ", field, ", ", name), func(t *testing.T) {
					_, err := train.Compile(scorer(t, tensor.Float32, false, head(tensor.Float32, a)), c)
					errtest.Check(t, err, graph.Error{Field: field, Value: true})
				})
			}
		}
	}
	one := linear(1, layers.Dense{Units: 2})
	one.Add(layers.Activation{Function: activations.Softmax{}})
	for _, loss := range []losses.Loss{losses.BinaryCrossentropy{}, losses.MSE{}} {
		_, err := train.Compile(one, train.Config{Loss: loss})
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "output", Value: "[any, 1]"})
	}
	if _, err := train.Compile(linear(1, layers.Dense{Units: 1, Activation: activations.Sigmoid}), train.Config{Loss: losses.MSE{}}); err != nil {
		t.Error(err)
	}
}
