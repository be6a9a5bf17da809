package callbacks_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"pgregory.net/rapid"
)

// averaged keeps moving averages of the weights.
func averaged(c *train.Config) { c.EMA = &optimizers.EMA{Momentum: new(0.5)} }

var _ = describe(specimen{
	Good:    &callbacks.SwapEMAWeights{},
	Compile: averaged,
	Result:  func(_ train.Callback, s stage) string { return fmt.Sprint(s.trainer.Optimizer().Swapped()) },
	Draw: func(t *rapid.T) train.Callback {
		return &callbacks.SwapEMAWeights{SwapOnEpoch: rapid.Bool().Draw(t, "swap on epoch")}
	},
})

// seen is what a callback finds in the model.
type seen struct {
	moment  train.Moment
	average bool
}

// The model has its averages within the validation, and with SwapOnEpoch between epochs
// for callbacks that follow; the training is the same.
func TestSwapEMAWeights(t *testing.T) {
	var ends []string
	for _, onEpoch := range []bool{false, true} {
		s := newStage(t, write("score", make([]float64, 12)...), averaged)
		var found []seen
		watch := train.CallbackFunc(func(e *train.Event) error {
			if !slices.Contains([]train.Moment{train.TrainBatchBegin, train.TrainBatchEnd, train.TestBatchBegin, train.PredictBatchBegin, train.EpochBegin, train.EpochEnd}, e.Moment) {
				return nil
			}
			swapped := e.Trainer.Optimizer().Swapped()
			at := s.hash(t)
			check(t, e.Trainer.SwapAverages())
			if s.hash(t) == at && e.Trainer.Optimizer().Iterations() > 1 {
				t.Error("averages are the weights, so this test shows nothing")
			}
			check(t, e.Trainer.SwapAverages())
			found = append(found, seen{e.Moment, swapped})
			return nil
		})
		swap := &callbacks.SwapEMAWeights{SwapOnEpoch: onEpoch}
		_, err := s.trainer.Fit(t.Context(), s.data, train.FitConfig{Epochs: 2, Validation: s.data, Callbacks: []train.Callback{swap, watch}})
		check(t, err)
		epoch := []seen{{train.EpochBegin, false}, {train.TrainBatchBegin, false}, {train.TrainBatchEnd, false}, {train.TestBatchBegin, true}, {train.EpochEnd, onEpoch}}
		if diff := cmp.Diff(append(epoch, epoch...), found, cmp.AllowUnexported(seen{})); diff != "" {
			t.Errorf("on epoch %v (-want +got):\n%s", onEpoch, diff)
		}
		ends = append(ends, s.hash(t))
	}
	s := newStage(t, write("score", 0, 0), averaged)
	_, err := s.fit(2)
	check(t, err)
	if ends[0] != s.hash(t) || ends[1] != ends[0] {
		t.Errorf("weights at the end are %v, and %s without the callback", ends, s.hash(t))
	}
}

// After an error in the validation, and in Evaluate and Predict with and without one, the
// model has its weights.
func TestSwapEMAWeightsSwapsBack(t *testing.T) {
	broken := errors.New("broken")
	s := newStage(t, write("score", make([]float64, 12)...), averaged)
	fails := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TestBatchEnd || e.Moment == train.PredictBatchEnd {
			if !e.Trainer.Optimizer().Swapped() {
				t.Error("the model does not have the averages")
			}
			return broken
		}
		return nil
	})
	for _, cs := range [][]train.Callback{{&callbacks.SwapEMAWeights{}}, {&callbacks.SwapEMAWeights{}, fails}} {
		_, fit := s.trainer.Fit(t.Context(), s.data, train.FitConfig{Validation: s.data, Callbacks: cs})
		_, evaluate := s.trainer.Evaluate(t.Context(), s.data, train.EvaluateConfig{Callbacks: cs})
		_, predict := s.trainer.Predict(t.Context(), s.data, train.EvaluateConfig{Callbacks: cs})
		for _, err := range []error{fit, evaluate, predict} {
			if (err != nil) != (len(cs) > 1) || err != nil && !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
		if s.trainer.Optimizer().Swapped() {
			t.Error("the model has kept the averages")
		}
	}
}

// A training that is resumed while the averages are in the model goes on as one that was
// not interrupted.
func TestSwapEMAWeightsResumes(t *testing.T) {
	cut := errors.New("cut")
	score := write("score", make([]float64, 20)...)
	var state *train.State
	fit := func(s stage, resume *train.State, at train.Moment) error {
		_, err := s.trainer.Fit(t.Context(), s.data, train.FitConfig{Epochs: 3, Validation: s.data, Resume: resume, Callbacks: []train.Callback{
			&callbacks.SwapEMAWeights{SwapOnEpoch: true}, train.CallbackFunc(func(e *train.Event) error {
				if e.Moment != at || e.Epoch != 1 || resume != nil {
					return nil
				}
				state = e.Trainer.State()
				return cut
			})}})
		return err
	}
	whole := newStage(t, score, averaged)
	check(t, fit(whole, nil, train.Failed))
	for _, at := range []train.Moment{train.TrainBatchEnd, train.TestBatchEnd, train.EpochEnd} {
		s := newStage(t, score, averaged)
		if err := fit(s, nil, at); !errors.Is(err, cut) {
			t.Fatal(err)
		}
		s = newStage(t, score, averaged)
		check(t, fit(s, state, at))
		if s.hash(t) != whole.hash(t) {
			t.Errorf("resumed from moment %d: other weights", at)
		}
	}
}

func TestSwapEMAWeightsWithoutAverages(t *testing.T) {
	s := newStage(t, write("score", 0, 0))
	_, err := s.fit(1, &callbacks.SwapEMAWeights{})
	errtest.Check(t, err, errs.Error{Path: "sequential", Field: "EMA"})
	_, err = s.trainer.Evaluate(t.Context(), s.data, train.EvaluateConfig{Callbacks: []train.Callback{&callbacks.SwapEMAWeights{}}})
	errtest.Check(t, err, errs.Error{Path: "sequential", Field: "EMA"})
}
