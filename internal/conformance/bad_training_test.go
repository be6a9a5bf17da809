package conformance_test

import (
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

func TestBadTraining(t *testing.T) { checkBadInput(t, badTraining()) }

// tampered is data that changes batches after the checks of Samples.
type tampered struct {
	datasets.Data
	change func(b *datasets.Batch)
}

func (d tampered) Gather(rows []int, into *datasets.Batch) error {
	err := d.Data.Gather(rows, into)
	d.change(into)
	return err
}

func badTraining() []badInput {
	m := sequential(row, one)
	compile := func(loss losses.Loss, o optimizers.Optimizer) (*train.Trainer, error) {
		return train.Compile(m, train.Config{Loss: loss, Optimizer: o})
	}
	optimizer := func(o optimizers.Optimizer) func() error {
		return unchanged(m, func() error { _, err := compile(losses.MSE{}, o); return err })
	}
	fit := func(data datasets.Data, config train.FitConfig) func() error {
		return unchanged(m, func() error {
			trainer, err := compile(losses.MSE{}, nil)
			if err != nil {
				return err
			}
			history, err := trainer.Fit(background, data, config)
			if history == nil || len(history.Epochs) != 0 {
				return errors.Errorf("the history holds %v together with the error %v", history, err)
			}
			return err
		})
	}
	// The second batch in order has the bad number, and nothing else is wrong.
	second := func(bad float64, input bool) datasets.Data {
		return tampered{samples(8), func(b *datasets.Batch) {
			if b.Inputs[0].Float32s()[0] != 4 {
				return
			}
			to := b.Targets[0]
			if input {
				to = b.Inputs[0]
			}
			to.Float32s()[0] = float32(bad)
		}}
	}
	fitNew := func(data datasets.Data, o optimizers.Optimizer, config train.FitConfig) func() error {
		return func() error {
			trainer, err := train.Compile(sequential(row, one), train.Config{Loss: losses.MSE{}, Optimizer: o})
			if err != nil {
				return err
			}
			config.NoShuffle, config.BatchSize = true, 4
			_, err = trainer.Fit(background, data, config)
			return err
		}
	}
	step := func(batch *datasets.Batch) func() error {
		return unchanged(m, func() error {
			trainer, err := compile(losses.MSE{}, nil)
			if err != nil {
				return err
			}
			_, err = trainer.Step(background, batch)
			return err
		})
	}
	zeros := func(shape ...int) []*tensor.Dense {
		return []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))}
	}
	data := samples(8)
	return []badInput{
		{"negative learning rate", optimizer(optimizers.Adam{LearningRate: -0.1}), "sequential", errs.Error{Field: "Adam.LearningRate", Value: -0.1}},
		{"a learning rate of NaN", optimizer(optimizers.SGD{LearningRate: math.NaN()}), "sequential", errs.Error{Field: "SGD.LearningRate", Value: "NaN"}},
		{"an infinite learning rate", optimizer(optimizers.Adam{LearningRate: math.Inf(1)}), "sequential", errs.Error{Field: "Adam.LearningRate", Value: "+Inf"}},
		{"a decay of 1", optimizer(optimizers.Adam{Beta1: new(1.0)}), "sequential", errs.Error{Field: "Adam.Beta1", Value: 1}},
		{"no loss", func() error { _, err := compile(nil, nil); return err }, "", errs.Error{Path: "sequential", Field: "Config.Loss"}},
		{"a negative delta", func() error { _, err := compile(losses.Huber{Delta: -1}, nil); return err }, "", errs.Error{Path: "loss", Field: "Huber.Delta", Value: -1}},
		{"a model of negative units", func() error {
			_, err := train.Compile(sequential(series, layers.LSTM{Units: -3}), train.Config{Loss: losses.MSE{}})
			return err
		}, "", errs.Error{Path: "sequential/lstm", Field: "LSTM.Units", Value: -3}},
		{"negative epochs", fit(data, train.FitConfig{Epochs: -1}), "", errs.Error{Path: "sequential", Field: "FitConfig.Epochs", Value: -1}},
		{"negative batch size", fit(data, train.FitConfig{BatchSize: -4}), "", errs.Error{Path: "sequential", Field: "FitConfig.BatchSize", Value: -4}},
		{"negative batch size to evaluate", unchanged(m, func() error {
			trainer, err := compile(losses.MSE{}, nil)
			if err == nil {
				_, err = trainer.Evaluate(background, data, train.EvaluateConfig{BatchSize: -4})
			}
			return err
		}), "", errs.Error{Path: "sequential", Field: "EvaluateConfig.BatchSize", Value: -4}},
		{"no data", fit(nil, train.FitConfig{}), "", errs.Error{Path: "sequential", Field: "data"}},
		{"data without samples", fit(&datasets.Samples{}, train.FitConfig{}), "", errs.Error{Path: "sequential", Field: "data", Value: 0}},
		{"validation data without samples", fit(data, train.FitConfig{Validation: &datasets.Samples{}}), "", errs.Error{Path: "sequential", Field: "FitConfig.Validation", Value: 0}},
		{"a validation split that leaves no training", fit(samples(2), train.FitConfig{ValidationSplit: 0.9}), "sequential: FitConfig.ValidationSplit", errs.Error{Field: "fraction", Value: 0.9}},
		{"a validation split that leaves no validation", fit(data, train.FitConfig{ValidationSplit: 1e-12}), "sequential: FitConfig.ValidationSplit", errs.Error{Field: "fraction", Value: 1e-12}},
		{"a validation split of 1", fit(data, train.FitConfig{ValidationSplit: 1}), "", errs.Error{Path: "sequential", Field: "FitConfig.ValidationSplit", Value: 1}},
		{"a validation split of NaN", fit(data, train.FitConfig{ValidationSplit: math.NaN()}), "", errs.Error{Path: "sequential", Field: "FitConfig.ValidationSplit", Value: "NaN"}},
		{"NaN in the inputs of a batch", fitNew(second(math.NaN(), true), nil, train.FitConfig{}), "epoch 1, batch 2: sample 4: sequential: input 0", errs.Error{Field: "element [0, 0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{"infinity in the targets of a batch", fitNew(second(math.Inf(1), false), nil, train.FitConfig{}), "epoch 1, batch 2: sample 4: sequential: target", errs.Error{Field: "element [0, 0]", Value: "+Inf", Kind: graph.ErrNotFinite}},
		{"infinity in the loss", fitNew(second(3e38, false), nil, train.FitConfig{}), "epoch 1, batch 2", errs.Error{Path: "sequential", Field: "loss", Value: "+Inf", Kind: graph.ErrNotFinite}},
		{"a loss that grows without bound", fitNew(data, optimizers.SGD{LearningRate: 1e15}, train.FitConfig{Epochs: 5}), "epoch 2, batch 1", errs.Error{Path: "sequential", Field: "loss", Value: "+Inf", Kind: graph.ErrNotFinite}},
		{"a batch of the wrong rank", step(&datasets.Batch{Inputs: zeros(4, 2, 1), Targets: zeros(4, 1)}), "sequential: input 0", errs.Error{Field: "shape", Value: "[4, 2, 1]"}},
		{"a batch of the wrong features", step(&datasets.Batch{Inputs: zeros(4, 3), Targets: zeros(4, 1)}), "sequential: input 0", errs.Error{Field: "shape", Value: "[4, 3]"}},
		{"targets of another number", step(&datasets.Batch{Inputs: zeros(4, 2), Targets: zeros(3, 1)}), "", errs.Error{Path: "sequential", Field: "target", Value: "[3, 1]"}},
		{"targets that would broadcast", step(&datasets.Batch{Inputs: zeros(4, 2), Targets: zeros(4)}), "", errs.Error{Path: "loss", Field: "target", Value: "[4]"}},
		{"no targets", step(&datasets.Batch{Inputs: zeros(4, 2)}), "", errs.Error{Path: "sequential", Field: "targets of the batch", Value: 0}},
		{"no batch", step(nil), "", errs.Error{Path: "sequential", Field: "batch"}},
	}
}

// panicking is a layer whose kernel panics when it runs.
type panicking struct{}

func (panicking) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Map("explode", func(float64) float64 { panic("boom") }, func(float64, float64) float64 { return 1 })}
}

// A kernel that panics is an error with the path of its layer, in prediction
// and in training, and no panic of the program.
func TestKernelThatPanics(t *testing.T) {
	m := sequential(row, one, panicking{})
	const want = "sequential/panicking: explode panicked: boom"
	_, err := m.Predict(background, samples(3).X()...)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = trainer.Fit(background, samples(3), train.FitConfig{})
	if err == nil || !strings.Contains(err.Error(), "epoch 1, batch 1: "+want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
