package callbacks_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"pgregory.net/rapid"
)

// halve halves the rate after every epoch but the first.
func halve(epoch int, rate float64) float64 {
	if epoch == 0 {
		return rate
	}
	return rate / 2
}

var _ = describe(specimen{
	Good:     &callbacks.LearningRateScheduler{Schedule: halve},
	Required: "Schedule",
	Result:   func(_ train.Callback, s stage) string { return fmt.Sprint(s.trainer.Optimizer().LearningRate()) },
	Draw: func(t *rapid.T) train.Callback {
		factor := rapid.SampledFrom([]float64{0, 0.5, 1, 2}).Draw(t, "factor")
		return &callbacks.LearningRateScheduler{Schedule: func(epoch int, rate float64) float64 {
			return 0.001 + factor*rate/float64(epoch+1)
		}}
	},
})

func TestLearningRateScheduler(t *testing.T) {
	s := newStage(t, write("score", 0, 0, 0, 0))
	var got []float64
	_, err := s.fit(3, &callbacks.LearningRateScheduler{Schedule: halve}, rates(&got))
	check(t, err)
	if diff := cmp.Diff([]float64{0.01, 0.005, 0.0025}, got); diff != "" {
		t.Error(diff)
	}
	_, err = s.fit(1, &callbacks.LearningRateScheduler{Schedule: func(int, float64) float64 { return -1 }})
	errtest.Check(t, err, errs.Error{Field: "LearningRateScheduler.Schedule's learning rate", Value: -1})
}

// A training that is resumed within an epoch has the rate of that epoch, although the
// function is called for it twice.
func TestLearningRateSchedulerWithinAnEpoch(t *testing.T) {
	score := write("score", 0, 0, 0)
	cut := errors.New("cut")
	fit := func(s stage, resume *train.State, cs ...train.Callback) ([]float64, error) {
		var got []float64
		cs = append([]train.Callback{&callbacks.LearningRateScheduler{Schedule: halve}}, append(cs, rates(&got))...)
		_, err := s.trainer.Fit(context.Background(), s.data, train.FitConfig{Epochs: 3, BatchSize: 1, Callbacks: cs, Resume: resume})
		return got, err
	}
	var state *train.State
	s := newStage(t, score)
	_, err := fit(s, nil, train.CallbackFunc(func(e *train.Event) error {
		if e.Moment != train.TrainBatchEnd || e.Epoch != 1 {
			return nil
		}
		state = e.Trainer.State()
		return cut
	}))
	if !errors.Is(err, cut) {
		t.Fatal(err)
	}
	s = newStage(t, score)
	got, err := fit(s, state, train.CallbackFunc(func(*train.Event) error { return nil }))
	check(t, err)
	if diff := cmp.Diff([]float64{0.005, 0.0025}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLearningRateSchedulerRestoreRefuses(t *testing.T) {
	c := &callbacks.LearningRateScheduler{Schedule: halve}
	errtest.Check(t, c.Restore(c.State()), errs.Error{Field: "LearningRateScheduler"})
	s := newStage(t, write("score", 0))
	_, err := s.fit(1, c)
	check(t, err)
	for name, numbers := range map[string]map[string]float64{"missing": nil, "negative": {"learning_rate": -1}} {
		if c.Restore(train.CallbackState{Numbers: numbers}) == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if rate := s.trainer.Optimizer().LearningRate(); rate != 0.01 {
		t.Errorf("the rate has become %v", rate)
	}
}
