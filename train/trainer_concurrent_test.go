package train_test

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Predictions in other goroutines while a model is fitted do not disturb it.
// The race detector watches.
func TestPredictWhileFitting(t *testing.T) {
	m := linear(1)
	trainer := compile(t, m, train.Config{Optimizer: optimizers.SGD{LearningRate: 0.01}})
	data := table(t, 1, 40)
	x := data.X()
	ctx, cancel := context.WithCancel(background)
	var work sync.WaitGroup
	predictions := make(chan error, 4)
	for range cap(predictions) {
		work.Go(func() {
			for ctx.Err() == nil {
				out, err := m.Predict(background, x...)
				if err == nil && math.IsNaN(out.Float64s()[0]) {
					t.Error("predicted NaN")
				}
				if err != nil {
					predictions <- err
					return
				}
				if _, err := m.Weights(); err != nil {
					predictions <- err
					return
				}
			}
		})
	}
	_, err := trainer.Fit(background, data, train.FitConfig{Epochs: 20, BatchSize: 8, ValidationSplit: 0.2})
	cancel()
	work.Wait()
	check(t, err)
	close(predictions)
	for err := range predictions {
		t.Error(err)
	}
	quiet := linear(1)
	_, err = compile(t, quiet, train.Config{Optimizer: optimizers.SGD{LearningRate: 0.01}}).Fit(background, data, train.FitConfig{Epochs: 20, BatchSize: 8, ValidationSplit: 0.2})
	check(t, err)
	if hash(t, quiet) != hash(t, m) {
		t.Error("predicting during the training changed its result")
	}
}

// Two trainers on one model, in turns and at the same time, both change its
// weights.
func TestTwoTrainers(t *testing.T) {
	m := linear(1)
	a, b := compile(t, m, train.Config{}), compile(t, m, train.Config{Optimizer: optimizers.Adam{}})
	data := table(t, 1, 12)
	p := plainOf(t, m)
	x, y := rows(1, 12)
	_, err := a.Step(background, batch(t, data))
	check(t, err)
	p.step(x, y, one, 0.1)
	before, err := b.Evaluate(background, data, train.EvaluateConfig{})
	check(t, err)
	if got, want := before[0].Value, p.loss(x, y, one); !(math.Abs(got-want) < 1e-12) {
		t.Errorf("the second trainer sees a loss of %v, want %v after a step of the first", got, want)
	}
	var work sync.WaitGroup
	for _, trainer := range []*train.Trainer{a, b} {
		work.Go(func() {
			if _, err := trainer.Fit(background, data, train.FitConfig{Epochs: 10, BatchSize: 4}); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	wantFinite(t, m)
	after, err := a.Evaluate(background, data, train.EvaluateConfig{})
	check(t, err)
	if !(after[0].Value < before[0].Value) {
		t.Errorf("loss %v after training, %v before", after[0].Value, before[0].Value)
	}
}

// whileStepping is an optimizer that does something else in the middle of a step.
type whileStepping struct{ do func() }

func (w whileStepping) Rule(tensor.Dtype) (optimizers.Rule, error) {
	return optimizers.Rule{
		Name: "while_stepping", LearningRate: 1,
		Float32: func(optimizers.Step[float32]) { w.do() }, Float64: func(optimizers.Step[float64]) { w.do() },
	}, nil
}

// A trainer that is used by two goroutines says so, as the programs would mix the
// batches of both.
func TestTrainerInTwoGoroutines(t *testing.T) {
	data := table(t, 1, 4)
	b := batch(t, data)
	var trainer *train.Trainer
	var errs []error
	during := func() {
		_, step := trainer.Step(background, b)
		_, gradients := trainer.Gradients(background, b)
		_, evaluate := trainer.Evaluate(background, data, train.EvaluateConfig{})
		errs = append(errs, step, gradients, evaluate, trainer.Apply(&train.Gradients{}))
	}
	trainer = compile(t, linear(1), train.Config{Optimizer: whileStepping{func() {
		done := make(chan struct{})
		go func() { defer close(done); during() }()
		<-done
	}}})
	_, err := trainer.Step(background, b)
	check(t, err)
	if len(errs) == 0 {
		t.Fatal("nothing was tried")
	}
	for _, err := range errs {
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "trainer"})
	}
	_, err = trainer.Evaluate(background, data, train.EvaluateConfig{})
	check(t, err)
}

// More shapes of batch than programs are kept for.
func TestManyBatchSizes(t *testing.T) {
	x, y := rows(1, 30)
	m := linear(1)
	p := plainOf(t, m)
	trainer := compile(t, m, train.Config{})
	for round := range 2 {
		for n := 1; n <= 12; n++ {
			got, err := trainer.Step(background, batch(t, inMemory(t, x[:n], y[:n])))
			check(t, err)
			if want := p.loss(x[:n], y[:n], one); !(math.Abs(got-want) < 1e-12) {
				t.Fatalf("round %d, %d samples: loss %v, want %v", round, n, got, want)
			}
			p.step(x[:n], y[:n], one, 0.1)
		}
	}
}

// A model that grew after it was compiled is refused, with the programs that
// were compiled before too, and whether or not what was added has weights.
func TestModelThatGrew(t *testing.T) {
	for name, more := range map[string]layers.Layer{
		"dense_1":    layers.Dense{Units: 1},
		"activation": layers.Activation{Function: activations.Tanh},
	} {
		m := linear(1)
		trainer := compile(t, m, train.Config{})
		data := table(t, 1, 4)
		use := map[string]func() error{
			"Step":     func() error { _, err := trainer.Step(background, batch(t, data)); return err },
			"Fit":      func() error { _, err := trainer.Fit(background, data, train.FitConfig{}); return err },
			"Evaluate": func() error { _, err := trainer.Evaluate(background, data, train.EvaluateConfig{}); return err },
			"Predict":  func() error { _, err := trainer.Predict(background, data, train.EvaluateConfig{}); return err },
		}
		for _, f := range use {
			check(t, f())
		}
		m.Add(more)
		before := hash(t, m)
		for method, f := range use {
			err := f()
			errtest.Check(t, err, graph.Error{Path: "sequential", Field: "model", Value: "[" + name + "]"})
			if hash(t, m) != before {
				t.Errorf("%s changed the weights", method)
			}
		}
	}
}

// A model of another kind that uses more weights than at Compile is not trained
// in part.
func TestModelThatUsesMore(t *testing.T) {
	m := linear(1)
	trainer := compile(t, called{m, []string{"dense"}}, train.Config{})
	m.Add(layers.Dense{Units: 1})
	_, err := trainer.Step(background, batch(t, table(t, 1, 4)))
	errtest.Check(t, err, graph.Error{Path: "sequential/dense_1", Field: "kernel"}) // not built since
	check(t, m.Build())
	_, err = trainer.Step(background, batch(t, table(t, 1, 4)))
	errtest.Check(t, err, graph.Error{Field: "model", Value: "sequential/dense_1/kernel"})
}
