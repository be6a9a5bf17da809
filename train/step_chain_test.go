package train_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// A whole training run against PyTorch: testdata/chain.py says what it is.
func TestTrainingRunOfPyTorch(t *testing.T) {
	if testing.Short() {
		t.Skip("400 steps of an LSTM")
	}
	golden := graphtest.Golden(t, "testdata/chain.npz")
	for _, c := range []struct {
		dtype             tensor.Dtype
		losses            []float64
		tolerance, weight float64 // of the losses, relative; of the weights, absolute
	}{
		{tensor.Float32, golden["losses_float32"].Data, 1e-5, graphtest.Tol32},
		{tensor.Float64, golden["losses_float64"].Data, 1e-10, graphtest.Tol64},
	} {
		t.Run(fmt.Sprint(c.dtype), func(t *testing.T) {
			t.Parallel()
			m := models.NewSequential(models.Config{Dtype: c.dtype},
				layers.Input{Shape: graph.Shape{30, 1}},
				layers.LSTM{Units: 50},
				layers.Dense{Units: 1},
			)
			check(t, m.SetWeights(chainWeights(c.dtype)...))
			trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.Adam{}})
			check(t, err)
			batches := chainBatches(c.dtype, golden["targets"].Data)
			for k, want := range c.losses {
				got, err := trainer.Step(context.Background(), &batches[k%len(batches)])
				check(t, err)
				if !(math.Abs(got-want) <= c.tolerance*want) {
					t.Fatalf("step %d: loss %v, want %v, off by %.2g", k, got, want, math.Abs(got-want)/want)
				}
			}
			if trainer.Optimizer().Iterations() != 200 {
				t.Errorf("%d steps, want 200", trainer.Optimizer().Iterations())
			}
			for path, key := range chainPaths {
				w, err := m.Weight(path)
				check(t, err)
				graphtest.CheckOutput(t, path, float64s(w), golden[key].Data, c.weight)
			}
		})
	}
}

var chainPaths = map[string]string{
	"sequential/lstm/kernel":           "kernel",
	"sequential/lstm/recurrent_kernel": "recurrent_kernel",
	"sequential/lstm/bias":             "bias",
	"sequential/dense/kernel":          "dense_kernel",
	"sequential/dense/bias":            "dense_bias",
}

// chainWeights are those that the run starts from.
func chainWeights(dtype tensor.Dtype) []models.Weight {
	bias := make([]float64, 200)
	for i := 50; i < 100; i++ {
		bias[i] = 1
	}
	return []models.Weight{
		{Path: "sequential/lstm/kernel", Value: denseOf(dtype, graphtest.Uniform(4002, 200, 0.25), 1, 200)},
		{Path: "sequential/lstm/recurrent_kernel", Value: denseOf(dtype, graphtest.Uniform(4003, 50*200, 0.125), 50, 200)},
		{Path: "sequential/lstm/bias", Value: denseOf(dtype, bias, 200)},
		{Path: "sequential/dense/kernel", Value: denseOf(dtype, graphtest.Uniform(4004, 50, 0.25), 50, 1)},
		{Path: "sequential/dense/bias", Value: denseOf(dtype, []float64{0}, 1)},
	}
}

func chainBatches(dtype tensor.Dtype, targets []float64) []datasets.Batch {
	const batches, size, steps = 10, 32, 30
	x := graphtest.Uniform(4000, batches*size*steps, 1)
	out := make([]datasets.Batch, batches)
	for b := range out {
		out[b].Inputs = []*tensor.Dense{denseOf(dtype, x[b*size*steps:(b+1)*size*steps], size, steps, 1)}
		out[b].Targets = []*tensor.Dense{denseOf(dtype, targets[b*size:(b+1)*size], size, 1)}
	}
	return out
}

// denseOf is a tensor of the dtype with these elements.
func denseOf(dtype tensor.Dtype, elements []float64, shape ...int) *tensor.Dense {
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(append([]float64{}, elements...)))
	}
	single := make([]float32, len(elements))
	for i, x := range elements {
		single[i] = float32(x)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(single))
}

func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return t.Float64s()
	}
	out := make([]float64, len(t.Float32s()))
	for i, x := range t.Float32s() {
		out[i] = float64(x)
	}
	return out
}
