package train_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// lengths is a layer that masks steps: the last feature says which count, and
// is cut off.
type lengths struct{}

func (lengths) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	x, n := in[0], in[0].Dim(2)-1
	return []graph.Value{x.Slice(2, 0, n).WithMask(x.At(2, n))}
}

// withMask adds the feature that lengths reads: 1 in the first steps of a sample.
func withMask(x []float64, samples, steps, features int, lengths []float64) []float64 {
	var out []float64
	for i := range samples * steps {
		out = append(out, x[i*features:(i+1)*features]...)
		counts := 0.0
		if float64(i%steps) < lengths[i/steps] {
			counts = 1
		}
		out = append(out, counts)
	}
	return out
}

// gradients trains a step at a rate of 1, which shows the gradient of each
// weight, and gives the loss.
func gradients(t testing.TB, m *models.Sequential, trainer *train.Trainer, b *datasets.Batch) (loss float64, grads map[string][]float64) {
	t.Helper()
	before, err := m.Weights()
	check(t, err)
	loss, err = trainer.Step(background, b)
	check(t, err)
	grads = map[string][]float64{}
	for _, w := range before {
		after, err := m.Weight(w.Path)
		check(t, err)
		g := make([]float64, len(float64s(w.Value)))
		for i, x := range float64s(w.Value) {
			g[i] = x - float64s(after)[i]
		}
		grads[w.Path] = g
	}
	return loss, grads
}

// Losses and gradients of masked and weighted steps are PyTorch's.
func TestMaskedLossesOfPyTorch(t *testing.T) {
	const samples, steps, in, out = 4, 5, 3, 4
	golden := graphtest.Golden(t, "testdata/masked.npz")
	x := graphtest.Uniform(7000, samples*steps*in, 1)
	all := make([]float64, samples)
	for i := range all {
		all[i] = steps
	}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		tol := graphtest.Tol64
		if dtype == tensor.Float32 {
			tol = graphtest.Tol32
		}
		for name, loss := range map[string]losses.Loss{"mse": losses.MSE{}, "sparse": losses.SparseCategoricalCrossentropy{FromLogits: true}} {
			target := denseOf(dtype, graphtest.Uniform(7003, samples*steps*out, 1), samples, steps, out)
			if name == "sparse" {
				target = denseOf(dtype, golden["classes"].Data, samples, steps)
			}
			for mask, length := range map[string][]float64{"masked": golden["lengths"].Data, "whole": all} {
				for _, weights := range []string{"none", "samples", "steps"} {
					m := models.NewSequential(models.Config{Dtype: dtype}, layers.Input{Shape: graph.Shape{graph.Any, in + 1}}, lengths{}, layers.Dense{Units: out})
					check(t, m.SetWeights(
						models.Weight{Path: "sequential/dense/kernel", Value: denseOf(dtype, graphtest.Uniform(7001, in*out, 0.5), in, out)},
						models.Weight{Path: "sequential/dense/bias", Value: denseOf(dtype, graphtest.Uniform(7002, out, 0.5), out)},
					))
					b := &datasets.Batch{
						Inputs:  []*tensor.Dense{denseOf(dtype, withMask(x, samples, steps, in, length), samples, steps, in+1)},
						Targets: []*tensor.Dense{target},
					}
					if weights != "none" {
						b.Weights = []*tensor.Dense{denseOf(dtype, golden[weights].Data, golden[weights].Shape...)}
					}
					got, grads := gradients(t, m, compile(t, m, train.Config{Loss: loss, Optimizer: optimizers.SGD{LearningRate: 1}}), b)
					key := fmt.Sprintf("%s_%s_%s", name, mask, weights)
					at := fmt.Sprint(dtype, " ", key)
					graphtest.CheckOutput(t, at, []float64{got}, golden[key].Data, tol)
					graphtest.CheckGradient(t, at+" kernel", grads["sequential/dense/kernel"], golden[key+"_kernel"].Data, tol)
					graphtest.CheckGradient(t, at+" bias", grads["sequential/dense/bias"], golden[key+"_bias"].Data, tol)
				}
			}
		}
	}
}

// A padded batch gives what its samples give alone, each as long as it is: the
// mean over all their steps of the loss, its gradients and the metrics, whatever
// the padding holds.
func TestPaddedBatchIsItsSamples(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		samples, steps := rapid.IntRange(1, 4).Draw(r, "samples"), rapid.IntRange(1, 5).Draw(r, "steps")
		length := make([]float64, samples)
		total := 0.0
		for i := range length {
			length[i] = float64(rapid.IntRange(0, steps).Draw(r, "length"))
			total += length[i]
		}
		const in, out = 2, 3
		seed := rapid.Uint64Range(0, 99).Draw(r, "seed")
		x, y := graphtest.Uniform(seed, samples*steps*in, 1), make([]float64, samples*steps)
		weights := graphtest.Uniform(seed+1, samples*steps, 0.5)
		for i := range y {
			y[i] = float64(rapid.IntRange(0, out-1).Draw(r, "class"))
			weights[i] += 0.75
			if float64(i%steps) >= length[i/steps] { // padding
				x[i*in] = rapid.SampledFrom([]float64{0, -1, 1e6}).Draw(r, "padding")
			}
		}
		perStep := rapid.Bool().Draw(r, "weights of steps")

		config := train.Config{
			Loss: losses.SparseCategoricalCrossentropy{FromLogits: true}, Optimizer: optimizers.SGD{LearningRate: 1},
			Metrics: []metrics.Metric{metrics.SparseCategoricalAccuracy{}},
		}
		model := func() *models.Sequential {
			return models.NewSequential(models.Config{Seed: seed, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any, in + 1}},
				lengths{}, layers.LSTM{Units: 2, ReturnSequences: true}, layers.Dense{Units: out})
		}
		part := func(from, to, n int) *datasets.Batch { // samples from to to, of n steps
			b := &datasets.Batch{}
			rows := withMask(x, samples, steps, in, length)
			var bx, by, bw []float64
			for i := from; i < to; i++ {
				bx = append(bx, rows[i*steps*(in+1):(i*steps+n)*(in+1)]...)
				by = append(by, y[i*steps:i*steps+n]...)
				bw = append(bw, weights[i*steps:i*steps+n]...)
			}
			b.Inputs = []*tensor.Dense{denseOf(tensor.Float64, bx, to-from, n, in+1)}
			b.Targets = []*tensor.Dense{denseOf(tensor.Float64, by, to-from, n)}
			b.Weights = []*tensor.Dense{denseOf(tensor.Float64, bw, to-from, n)}
			if !perStep {
				b.Weights = []*tensor.Dense{denseOf(tensor.Float64, weights[from*steps:from*steps+to-from], to-from)}
				for i := range to - from {
					b.Weights[0].Float64s()[i] = weights[(from+i)*steps]
				}
			}
			return b
		}
		evaluate := func(b *datasets.Batch) float64 {
			m := model()
			logs, err := compile(t, m, config).Evaluate(background, given{b.Inputs[0].Shape()[0], b, nil}, train.EvaluateConfig{BatchSize: samples})
			check(t, err)
			v, _ := logs.Get("sparse_categorical_accuracy")
			return v
		}

		wantLoss, want, hits, heavy := 0.0, map[string][]float64{}, 0.0, 0.0
		for i := range samples {
			n := int(length[i])
			if n == 0 {
				continue
			}
			b := part(i, i+1, n)
			m := model()
			loss, grads := gradients(t, m, compile(t, m, config), b)
			wantLoss += loss * length[i] / total
			for path, g := range grads {
				if want[path] == nil {
					want[path] = make([]float64, len(g))
				}
				for k, x := range g {
					want[path][k] += x * length[i] / total
				}
			}
			w := 0.0
			for k := range n {
				if perStep {
					w += weights[i*steps+k]
				} else {
					w += weights[i*steps]
				}
			}
			hits += evaluate(b) * w
			heavy += w
		}
		m := model()
		loss, grads := gradients(t, m, compile(t, m, config), part(0, samples, steps))
		compare(r, "loss", []float64{loss}, []float64{wantLoss})
		for path, g := range want {
			compare(r, path, grads[path], g)
		}
		accuracy := evaluate(part(0, samples, steps))
		if total == 0 {
			if loss != 0 || !math.IsNaN(accuracy) {
				r.Fatalf("all masked: loss %v, accuracy %v", loss, accuracy)
			}
			return
		}
		compare(r, "accuracy", []float64{accuracy}, []float64{hits / heavy})
	})
}

// Without a mask an output of steps may be weighted by samples or by steps, and
// an output without steps by samples alone.
func TestWeightsOfSteps(t *testing.T) {
	m := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{2, 1}}, layers.Dense{Units: 1, NoBias: true})
	trainer := compile(t, m, train.Config{Metrics: []metrics.Metric{metrics.MAE{}}})
	kernel, err := m.Weight("sequential/dense/kernel")
	check(t, err)
	k := kernel.Float64s()[0]
	x := []float64{1, 2, 3, 4}
	batch := func(weights []float64, shape ...int) *datasets.Batch {
		return &datasets.Batch{
			Inputs:  []*tensor.Dense{denseOf(tensor.Float64, x, 2, 2, 1)},
			Targets: []*tensor.Dense{denseOf(tensor.Float64, make([]float64, 4), 2, 2, 1)},
			Weights: []*tensor.Dense{denseOf(tensor.Float64, weights, shape...)},
		}
	}
	for _, c := range []struct {
		batch *datasets.Batch
		each  []float64
	}{
		{batch([]float64{2, 0.5}, 2), []float64{2, 2, 0.5, 0.5}},
		{batch([]float64{1, 0, 3, 0.5}, 2, 2), []float64{1, 0, 3, 0.5}},
	} {
		logs, err := trainer.Evaluate(background, given{2, c.batch, nil}, train.EvaluateConfig{})
		check(t, err)
		loss, abs, weight := 0.0, 0.0, 0.0
		for i, w := range c.each {
			loss += w * x[i] * x[i] * k * k / 4
			abs += w * x[i] * math.Abs(k)
			weight += w
		}
		graphtest.CheckOutput(t, "loss and mae", []float64{logs[0].Value, logs[1].Value}, []float64{loss, abs / weight}, 1e-12)
	}
	for _, shape := range [][]int{{2, 1}, {2, 2, 1}, {2, 3}} {
		_, err := trainer.Step(background, batch(make([]float64, graph.Shape(shape).Size()), shape...))
		errtest.Check(t, err, graph.Error{Path: "loss", Field: "sample weights", Value: graph.Shape(shape)})
	}
}
