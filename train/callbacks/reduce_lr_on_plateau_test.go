package callbacks_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Good: &callbacks.ReduceLROnPlateau{Monitor: "score"},
	Bad: map[string]train.Callback{
		"Mode":   &callbacks.ReduceLROnPlateau{Monitor: "score", Mode: "up"},
		"Factor": &callbacks.ReduceLROnPlateau{Monitor: "score", Factor: 1},
	},
	Result: func(_ train.Callback, s stage) string { return fmt.Sprint(s.trainer.Optimizer().LearningRate()) },
	Draw: func(t *rapid.T) train.Callback {
		return &callbacks.ReduceLROnPlateau{
			Monitor:  "score",
			Factor:   rapid.SampledFrom([]float64{0, 0.5, 0.9}).Draw(t, "factor"),
			Patience: new(rapid.IntRange(0, 3).Draw(t, "patience")),
			Mode:     rapid.SampledFrom([]callbacks.Mode{callbacks.Auto, callbacks.Min, callbacks.Max}).Draw(t, "mode"),
			MinDelta: rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "min delta"),
			Cooldown: rapid.IntRange(0, 2).Draw(t, "cooldown"),
			MinLR:    rapid.SampledFrom([]float64{0, 0.004}).Draw(t, "min lr"),
		}
	},
})

// rates records the learning rate after every epoch.
func rates(into *[]float64) train.Callback {
	return train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd {
			*into = append(*into, e.Trainer.Optimizer().LearningRate())
		}
		return nil
	})
}

// Rates derived by hand from the rules of Keras, beginning with 0.01.
func TestReduceLROnPlateauByHand(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		figures []float64
		cb      callbacks.ReduceLROnPlateau
		want    []float64
	}{
		"patience 1": {
			[]float64{3, 2, 2, 1, 1, 1}, callbacks.ReduceLROnPlateau{Patience: new(1)},
			[]float64{1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-5},
		},
		"patience 0 is as 1": {
			[]float64{3, 2, 2, 1}, callbacks.ReduceLROnPlateau{Patience: new(0)},
			[]float64{1e-2, 1e-2, 1e-3, 1e-3},
		},
		"patience 2": {
			[]float64{3, 3, 3, 3, 3, 2, 2, 1, 2, 2}, callbacks.ReduceLROnPlateau{Patience: new(2), Factor: 0.5},
			[]float64{1e-2, 1e-2, 5e-3, 5e-3, 2.5e-3, 2.5e-3, 2.5e-3, 2.5e-3, 2.5e-3, 1.25e-3},
		},
		"patience 10 by default": {
			[]float64{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, callbacks.ReduceLROnPlateau{},
			[]float64{1e-2, 1e-2, 1e-2, 1e-2, 1e-2, 1e-2, 1e-2, 1e-2, 1e-2, 1e-2, 1e-3, 1e-3},
		},
		// The first epoch of the cooldown is the next one; in its last, the count is over
		// before the epoch is judged.
		"cooldown 1 is as none": {
			[]float64{3, 3, 3, 3}, callbacks.ReduceLROnPlateau{Patience: new(1), Cooldown: 1, Factor: 0.5},
			[]float64{1e-2, 5e-3, 2.5e-3, 1.25e-3},
		},
		"cooldown 3": {
			[]float64{3, 3, 3, 3, 3, 3}, callbacks.ReduceLROnPlateau{Patience: new(1), Cooldown: 3, Factor: 0.5},
			[]float64{1e-2, 5e-3, 5e-3, 5e-3, 2.5e-3, 2.5e-3},
		},
		"improves in the cooldown": {
			[]float64{3, 3, 2, 2, 2, 2}, callbacks.ReduceLROnPlateau{Patience: new(2), Cooldown: 2, Factor: 0.5},
			[]float64{1e-2, 1e-2, 1e-2, 1e-2, 5e-3, 5e-3},
		},
		"lowest rate": {
			[]float64{3, 3, 3, 3}, callbacks.ReduceLROnPlateau{Patience: new(1), MinLR: 4e-3, Factor: 0.5},
			[]float64{1e-2, 5e-3, 4e-3, 4e-3},
		},
		"lowest rate above the rate": {
			[]float64{3, 3, 3}, callbacks.ReduceLROnPlateau{Patience: new(1), MinLR: 0.5},
			[]float64{1e-2, 1e-2, 1e-2},
		},
		"too small a step": {
			[]float64{1, 1 - 5e-5, 1 - 2e-4}, callbacks.ReduceLROnPlateau{Patience: new(1)},
			[]float64{1e-2, 1e-3, 1e-3},
		},
		"smallest step 0": {
			[]float64{1, 1 - 5e-5, 1 - 5e-5}, callbacks.ReduceLROnPlateau{Patience: new(1), MinDelta: new(0.0)},
			[]float64{1e-2, 1e-2, 1e-3},
		},
		"smallest step 0.5, with highest values": {
			[]float64{1, 1.5, 1.75, 1.75}, callbacks.ReduceLROnPlateau{Patience: new(1), MinDelta: new(0.5), Mode: callbacks.Max, Factor: 0.5},
			[]float64{1e-2, 5e-3, 5e-3, 2.5e-3},
		},
		"NaN": {
			[]float64{nan, nan, 3, nan, 2}, callbacks.ReduceLROnPlateau{Patience: new(1), Factor: 0.5},
			[]float64{5e-3, 2.5e-3, 2.5e-3, 1.25e-3, 1.25e-3},
		},
	} {
		c.cb.Monitor = "score"
		s := newStage(t, write("score", c.figures...))
		var got []float64
		_, err := s.fit(len(c.figures), &c.cb, rates(&got))
		check(t, err)
		if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Rates cannot be set beside a schedule, which is an error before training.
func TestRatesBesideASchedule(t *testing.T) {
	for _, cb := range []train.Callback{
		&callbacks.ReduceLROnPlateau{Monitor: "score"},
		&callbacks.LearningRateScheduler{Schedule: halve},
	} {
		s := newStage(t, write("score", 1, 2), func(c *train.Config) {
			c.Optimizer = optimizers.SGD{Schedule: schedules.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 10, DecayRate: 0.5}}
		})
		before := s.hash(t)
		_, err := s.fit(2, cb)
		class := fmt.Sprintf("%T", cb)[len("*callbacks."):]
		errtest.Check(t, err, errs.Error{Path: "sequential", Field: class + "'s learning rate", Value: 0.1})
		if s.hash(t) != before {
			t.Errorf("%s: trained before the error", class)
		}
	}
}

func TestReduceLROnPlateauRestoreRefuses(t *testing.T) {
	for _, numbers := range []map[string]float64{
		nil,
		{"wait": 1},
		{"wait": 1, "cooldown": -1},
		{"wait": 0.5, "cooldown": 1},
		{"wait": 1, "cooldown": 1, "other": 1},
	} {
		c := &callbacks.ReduceLROnPlateau{}
		if err := c.Restore(train.CallbackState{Numbers: numbers}); err == nil {
			t.Errorf("%v was taken", numbers)
		}
		if got := c.State().Numbers; got["wait"] != 0 || got["cooldown"] != 0 {
			t.Errorf("%v was taken in part: %v", numbers, got)
		}
	}
}
