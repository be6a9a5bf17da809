package train_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
)

// nanIn is data with a NaN in one sample.
func nanIn(t *testing.T, row int) datasets.Data {
	return spoiled{table(t, 1, 8), row, func(b *datasets.Batch, i int) { b.Targets[0].Float32s()[i] = float32(math.NaN()) }}
}

// A callback that stops at TrainBatchFailed ends Fit without the error: the epoch is
// left out, and the end is sent.
func TestStepThatFails(t *testing.T) {
	for _, rescue := range []bool{false, true} {
		trainer := compile(t, linear(1), train.Config{})
		var moments []train.Moment
		var failures []error
		var state *train.State
		watch := train.CallbackFunc(func(e *train.Event) error {
			if (e.Err != nil) != (e.Moment == train.TrainBatchFailed || e.Moment == train.Failed) {
				t.Errorf("%s: error %v", momentNames[e.Moment], e.Err)
			}
			if e.Err != nil {
				failures = append(failures, e.Err)
			}
			if e.Moment == train.TrainBatchFailed {
				if e.Batch != 1 || e.Batches != 2 || e.Epoch != 0 {
					t.Errorf("batch %d of %d in epoch %d", e.Batch, e.Batches, e.Epoch)
				}
				if rescue {
					e.Stop()
				}
			}
			if moments = append(moments, e.Moment); e.Moment == train.TrainEnd {
				state = e.Trainer.State()
			}
			return nil
		})
		cfg := train.FitConfig{Epochs: 3, BatchSize: 4, NoShuffle: true, Callbacks: []train.Callback{watch}}
		history, err := trainer.Fit(background, nanIn(t, 5), cfg)
		want := []train.Moment{train.TrainBegin, train.EpochBegin, train.TrainBatchBegin, train.TrainBatchEnd, train.TrainBatchBegin, train.TrainBatchFailed, train.Failed}
		if rescue {
			check(t, err)
			want[len(want)-1] = train.TrainEnd
		} else if wantError(t, err, "epoch 1, batch 2"); !slices.Equal(failures, []error{err, err}) {
			t.Errorf("the events have %v, Fit returns %v", failures, err)
		}
		if diff := cmp.Diff(want, moments); diff != "" {
			t.Errorf("rescue %v (-want +got):\n%s", rescue, diff)
		}
		if len(history.Epochs) != 0 {
			t.Errorf("the history has %v", history.Epochs)
		}
		if !rescue {
			continue
		}
		if s := state.Fit; s.InEpoch || s.Epoch != 0 || !s.Stopped {
			t.Errorf("state %+v", s)
		}
		cfg.Resume, moments = state, nil
		_, err = compile(t, linear(1), train.Config{}).Fit(background, nanIn(t, 5), cfg)
		check(t, err)
		if diff := cmp.Diff([]train.Moment{train.TrainBegin, train.TrainEnd}, moments); diff != "" {
			t.Errorf("resumed (-want +got):\n%s", diff)
		}
	}
}

// All callbacks hear of an error, and their own errors are returned with it.
func TestFailed(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	trainer := compile(t, linear(1), train.Config{})
	heard := 0
	cs := []train.Callback{
		train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.Failed {
				heard++
				return second
			}
			return first
		}),
		train.CallbackFunc(func(e *train.Event) error {
			if heard++; e.Moment != train.Failed || e.Err == nil {
				t.Errorf("%s, %v", momentNames[e.Moment], e.Err)
			}
			return nil
		}),
	}
	_, fit := trainer.Fit(background, table(t, 1, 8), train.FitConfig{Callbacks: cs})
	_, evaluate := trainer.Evaluate(background, table(t, 1, 8), train.EvaluateConfig{Callbacks: cs})
	_, predict := trainer.Predict(background, table(t, 1, 8), train.EvaluateConfig{Callbacks: cs})
	for _, err := range []error{fit, evaluate, predict} {
		if !errors.Is(err, first) || !errors.Is(err, second) {
			t.Errorf("got %v", err)
		}
	}
	if heard != 6 {
		t.Errorf("heard %d times, want 6", heard)
	}
}
