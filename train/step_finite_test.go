package train_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// spoiled is data with one number of its own.
type spoiled struct {
	datasets.Data
	row   int
	spoil func(b *datasets.Batch, i int)
}

func (d spoiled) Gather(rows []int, into *datasets.Batch) error {
	if err := d.Data.Gather(rows, into); err != nil {
		return err
	}
	for i, row := range rows {
		if row == d.row {
			d.spoil(into, i)
		}
	}
	return nil
}

func wantFinite(t *testing.T, m *models.Sequential) {
	t.Helper()
	weights, err := m.Weights()
	check(t, err)
	for _, w := range weights {
		for _, x := range float64s(w.Value) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("%s holds %v", w.Path, x)
			}
		}
	}
}

func TestDataThatIsNotFinite(t *testing.T) {
	const row = 5 // of batches of 4: the second of batch 2
	for name, c := range map[string]struct {
		element string // in its sample
		spoil   func(b *datasets.Batch, i int, v float64)
	}{
		"input 0":        {"element [0, 2]", func(b *datasets.Batch, i int, v float64) { b.Inputs[0].Float64s()[i*features+2] = v }},
		"target":         {"element [0, 0]", func(b *datasets.Batch, i int, v float64) { b.Targets[0].Float64s()[i] = v }},
		"sample weights": {"element [0]", func(b *datasets.Batch, i int, v float64) { b.Weights[0].Float64s()[i] = v }},
	} {
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			m := linear(1)
			trainer := compile(t, m, train.Config{})
			before := hash(t, m)
			good := weighted{table(t, 1, 8), one}
			bad := spoiled{good, row, func(b *datasets.Batch, i int) { c.spoil(b, i, v) }}
			want := graph.Error{Path: "sequential: " + name, Field: c.element, Value: v, Kind: graph.ErrNotFinite}

			_, err := trainer.Evaluate(background, bad, train.EvaluateConfig{BatchSize: 4})
			wantWithin(t, err, "batch 2: sample 5: ", want)
			if hash(t, m) != before {
				t.Error("Evaluate changed the weights")
			}
			// The first batch trains, the second changes nothing more.
			history, err := trainer.Fit(background, bad, train.FitConfig{BatchSize: 4, NoShuffle: true})
			wantWithin(t, err, "epoch 1, batch 2: sample 5: ", want)
			if len(history.Epochs) != 0 || trainer.Optimizer().Iterations() != 1 {
				t.Errorf("history %+v after %d steps", history, trainer.Optimizer().Iterations())
			}
			after := hash(t, m)
			all := batch(t, bad)
			_, err = trainer.Step(background, all)
			wantWithin(t, err, "sample 5 of the batch: ", want)
			if hash(t, m) != after {
				t.Error("a step on bad data changed the weights")
			}
			history, err = trainer.Fit(background, good, train.FitConfig{Validation: bad, BatchSize: 4})
			wantWithin(t, err, "validation of epoch 1: batch 2: sample 5: ", want)
			if len(history.Epochs) != 0 {
				t.Errorf("history %+v", history)
			}
			wantFinite(t, m)
		}
	}
}

func TestPredictRefusesNaN(t *testing.T) {
	bad := spoiled{table(t, 1, 8), 5, func(b *datasets.Batch, i int) { b.Inputs[0].Float64s()[i*features] = math.NaN() }}
	out, err := compile(t, linear(1), train.Config{}).Predict(background, bad, train.EvaluateConfig{BatchSize: 4})
	wantWithin(t, err, "batch 2: sample 5: ", graph.Error{Path: "sequential: input 0", Field: "element [0, 0]", Value: math.NaN(), Kind: graph.ErrNotFinite})
	if out != nil {
		t.Errorf("got %v together with the error", out)
	}
}

// A loss beyond float32, of finite data.
func TestLossThatIsNotFinite(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer := compile(t, m, train.Config{})
	before := hash(t, m)
	data, err := datasets.FromSlices([][]float64{{1}, {1}}, [][]float64{{0}, {1e30}}, tensor.Float32)
	check(t, err)
	want := graph.Error{Path: "sequential", Field: "loss", Value: math.Inf(1), Kind: graph.ErrNotFinite}
	for place, try := range map[string]func() error{
		"": func() error { _, err := trainer.Step(background, batch(t, data)); return err },
		"batch 2: ": func() error {
			_, err := trainer.Evaluate(background, data, train.EvaluateConfig{BatchSize: 1})
			return err
		},
		"epoch 1, batch 1: ": func() error { _, err := trainer.Fit(background, data, train.FitConfig{}); return err },
	} {
		wantWithin(t, try(), place, want)
	}
	if hash(t, m) != before || trainer.Optimizer().Iterations() != 0 {
		t.Error("the weights or the optimizer have changed")
	}
}

// The error comes in the step that cannot be done, and what was done before
// stays, finite.
func TestLearningRateThatExplodes(t *testing.T) {
	for name, loss := range map[string]losses.Loss{"MSE": losses.MSE{}, "MAE": losses.MAE{}} {
		for _, rate := range []float64{10, 1e6, 1e30} {
			for _, o := range []optimizers.Optimizer{optimizers.SGD{LearningRate: rate}, optimizers.Adam{LearningRate: rate}} {
				m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{features}}, layers.Dense{Units: 2}, layers.Dense{Units: 1})
				trainer := compile(t, m, train.Config{Loss: loss, Optimizer: o})
				x, y := rows(1, 16)
				data, err := datasets.FromSlices(x, y, tensor.Float32)
				check(t, err)
				history, err := trainer.Fit(background, data, train.FitConfig{Epochs: 200, BatchSize: 4})
				if err != nil {
					wantWithin(t, err, "epoch ", graph.Error{Path: "sequential", Field: "loss", Kind: graph.ErrNotFinite})
				}
				if err == nil && rate == 1e30 {
					t.Errorf("%s, %T with a rate of %g: no error, losses %v", name, o, rate, history.Values["loss"])
				}
				for _, l := range history.Values["loss"] {
					if math.IsNaN(l) || math.IsInf(l, 0) {
						t.Errorf("%s, %T with a rate of %g: the history holds %v", name, o, rate, l)
					}
				}
				wantFinite(t, m)
			}
		}
	}
}

// Behind a tanh infinite weights do not show in the loss.
func TestStepBeyondFloat32(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1, Activation: activations.Tanh, KernelInitializer: initializers.Zeros})
	trainer := compile(t, m, train.Config{Optimizer: optimizers.SGD{LearningRate: 3e38}})
	data, err := datasets.FromSlices([][]float64{{1}}, [][]float64{{1}}, tensor.Float32)
	check(t, err)
	_, err = trainer.Step(background, batch(t, data))
	wantWithin(t, err, "after the step: ", graph.Error{Path: "sequential/dense/kernel", Field: "element [0, 0]", Value: math.Inf(1), Kind: graph.ErrNotFinite})
}
