package callbacks_test

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// Each Fit starts from the beginning.
func TestEarlyStoppingTwice(t *testing.T) {
	s := newStage(t, write("mae", 1, 2, 30, 20, 10))
	c := &callbacks.EarlyStopping{Monitor: "mae", RestoreBestWeights: true}
	_, err := s.fit(5, c)
	check(t, err)
	if epoch, ok := c.StoppedEpoch(); epoch != 1 || !ok {
		t.Fatalf("stopped after %d, %v", epoch, ok)
	}
	_, err = s.fit(3, c)
	check(t, err)
	if _, ok := c.StoppedEpoch(); ok {
		t.Error("still stopped in the second Fit")
	}
	if best, epoch, ok := c.Best(); best != 10 || epoch != 2 || !ok {
		t.Errorf("best %v of epoch %d, %v, want 10 of epoch 2", best, epoch, ok)
	}
}

// By default it monitors the loss of the validation data, which here
// gets worse while that of the training gets better.
func TestEarlyStoppingDefault(t *testing.T) {
	s := newStage(t, write("score", 1, 2, 3, 4, 5, 6))
	opposite, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{-30}, {-50}}, tensor.Float32)
	check(t, err)
	c := &callbacks.EarlyStopping{}
	history, err := s.trainer.Fit(context.Background(), s.data, train.FitConfig{Epochs: 3, Validation: opposite, Callbacks: []train.Callback{c}})
	check(t, err)
	if epoch, ok := c.StoppedEpoch(); epoch != 1 || !ok || len(history.Epochs) != 2 {
		t.Errorf("stopped after %d, %v, history %+v", epoch, ok, history)
	}
	if best, epoch, ok := c.Best(); best != history.Values["val_loss"][0] || epoch != 0 || !ok {
		t.Errorf("best %v of epoch %d, %v, want %v of epoch 0", best, epoch, ok, history.Values["val_loss"][0])
	}
}

// Auto follows the metric: a number that falls stops one that is better when
// higher, and not one that is better when lower.
func TestEarlyStoppingAuto(t *testing.T) {
	for _, mode := range []callbacks.Mode{"", callbacks.Auto, callbacks.Min, callbacks.Max} {
		for _, higher := range []bool{false, true} {
			s := newStage(t, script{"accuracy", []float64{3, 2, 1}, new(int), higher})
			c := &callbacks.EarlyStopping{Monitor: "accuracy", Mode: mode}
			_, err := s.fit(3, c)
			check(t, err)
			want := mode == callbacks.Max || mode != callbacks.Min && higher
			if _, stopped := c.StoppedEpoch(); stopped != want {
				t.Errorf("mode %q, higher is better %v: stopped %v, want %v", mode, higher, stopped, want)
			}
		}
	}
}

// A name that is not in the logs is refused before training, or, where it is that of
// validation data and there are none, after the first epoch.
func TestEarlyStoppingUnknownMonitor(t *testing.T) {
	for monitor, epochs := range map[string]int{"": 1, "Loss": 0, "val_acc": 0} {
		s := newStage(t, write("score", 1, 2, 3))
		history, err := s.fit(3, &callbacks.EarlyStopping{Monitor: monitor, StartFromEpoch: 9})
		shown := monitor
		if shown == "" {
			shown = "val_loss"
		}
		errtest.Check(t, err, errs.Error{Field: "EarlyStopping.Monitor", Value: strconv.Quote(shown)})
		if len(history.Epochs) != epochs {
			t.Errorf("%q: %d epochs before the error, want %d", monitor, len(history.Epochs), epochs)
		}
	}
}

// What every user of Keras writes: the accuracy of the validation data, with no
// Mode.
func TestEarlyStoppingValAccuracy(t *testing.T) {
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1, Activation: activations.Sigmoid})
	trainer, err := train.Compile(m, train.Config{
		Loss: losses.BinaryCrossentropy{}, Optimizer: optimizers.Adam{}, Metrics: []metrics.Metric{metrics.Accuracy{}},
	})
	check(t, err)
	data, err := datasets.FromSlices([][]float64{{-1}, {1}, {2}}, [][]float64{{0}, {1}, {1}}, tensor.Float32)
	check(t, err)
	c := &callbacks.EarlyStopping{Monitor: "val_accuracy", Patience: 2}
	history, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 50, Validation: data, Callbacks: []train.Callback{c}})
	check(t, err)
	best, _, ok := c.Best()
	if want := slices.Max(history.Values["val_accuracy"]); !ok || best != want {
		t.Errorf("best %v, %v, want the highest, %v", best, ok, want)
	}
}

// A metric that the logs of batches lack can be monitored.
func TestEarlyStoppingAUC(t *testing.T) {
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1, Activation: activations.Sigmoid})
	trainer, err := train.Compile(m, train.Config{Loss: losses.BinaryCrossentropy{}, Metrics: []metrics.Metric{metrics.AUC{}}})
	check(t, err)
	data, err := datasets.FromSlices([][]float64{{-1}, {1}, {2}}, [][]float64{{0}, {1}, {1}}, tensor.Float32)
	check(t, err)
	c := &callbacks.EarlyStopping{Monitor: "auc"}
	_, err = trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 3, Callbacks: []train.Callback{c}})
	check(t, err)
	if _, _, ok := c.Best(); !ok {
		t.Error("no epoch was judged")
	}
}

func TestEarlyStoppingRestoreRefuses(t *testing.T) {
	errtest.Check(t, (&callbacks.EarlyStopping{}).Restore(train.CallbackState{}), errs.Error{Field: "EarlyStopping"})
	c := &callbacks.EarlyStopping{Monitor: "score", RestoreBestWeights: true}
	s := newStage(t, write("score", 1, 2))
	var good train.CallbackState
	_, err := s.fit(2, c, train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd && e.Epoch == 0 {
			good = c.State()
		}
		return nil
	}))
	check(t, err)
	before := c.State()
	for _, bad := range []struct {
		change func(train.CallbackState)
		want   errs.Error
	}{
		{func(s train.CallbackState) { delete(s.Numbers, "wait") }, errs.Error{Path: "wait", Field: "number"}},
		{func(s train.CallbackState) { s.Numbers["wait"] = -1 }, errs.Error{Path: "wait", Field: "number", Value: -1}},
		{func(s train.CallbackState) { delete(s.Numbers, "best_epoch") }, errs.Error{Path: "best_epoch", Field: "number"}},
		{func(s train.CallbackState) { s.Numbers["best_epoch"] = 0.5 }, errs.Error{Path: "best_epoch", Field: "number", Value: 0.5}},
		{func(s train.CallbackState) { s.Numbers["stopped"] = math.NaN() }, errs.Error{Path: "stopped", Field: "number"}},
		{func(s train.CallbackState) { s.Numbers["seen"] = 1e300 }, errs.Error{Path: "seen", Field: "number"}},
		{func(s train.CallbackState) { s.Numbers["other"] = 1 }, errs.Error{Path: "other", Field: "number", Value: 1}},
		{func(s train.CallbackState) { delete(s.Tensors, "sequential/dense/bias") }, errs.Error{Path: "sequential/dense/bias", Field: "tensor"}},
		{func(s train.CallbackState) {
			s.Tensors["sequential/dense/bias"] = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(2))
		}, errs.Error{Field: "shape"}},
		{func(s train.CallbackState) { s.Tensors["other"] = s.Tensors["sequential/dense/bias"] }, errs.Error{Path: "other", Field: "tensor"}},
		{func(s train.CallbackState) { clear(s.Tensors) }, errs.Error{Field: "EarlyStopping.RestoreBestWeights", Value: true}},
	} {
		changed := train.CallbackState{Numbers: maps.Clone(good.Numbers), Tensors: maps.Clone(good.Tensors)}
		bad.change(changed)
		errtest.Check(t, c.Restore(changed), bad.want)
		if diff := cmp.Diff(before.Numbers, c.State().Numbers); diff != "" {
			t.Error(diff)
		}
	}
	check(t, c.Restore(good))
	for _, w := range good.Tensors {
		w.Zero()
	}
	for path, w := range c.State().Tensors {
		if path == "sequential/dense/kernel" && w.Float32s()[0] == 0 {
			t.Error("a restored state is not copied")
		}
	}
}

// The state of a Fit that was stopped can be continued, and is then not stopped.
func TestEarlyStoppingContinuesAfterAStop(t *testing.T) {
	s := newStage(t, write("score", 1, 2, 0.5))
	first, second := &callbacks.EarlyStopping{Monitor: "score"}, &callbacks.EarlyStopping{Monitor: "score"}
	_, err := s.fit(3, first)
	check(t, err)
	if epoch, _ := first.StoppedEpoch(); epoch != 1 {
		t.Fatalf("stopped after %d, want 1", epoch)
	}
	_, err = s.trainer.Fit(context.Background(), s.data, train.FitConfig{
		Epochs: 3, InitialEpoch: 2,
		Callbacks: []train.Callback{second, train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TrainBegin {
				return second.Restore(first.State())
			}
			return nil
		})},
	})
	check(t, err)
	if epoch, stopped := second.StoppedEpoch(); stopped {
		t.Errorf("stopped after %d", epoch)
	}
}

// A state of the end of Fit, after the best weights were restored, can be resumed
// for more epochs.
func TestEarlyStoppingResumesFromTheEnd(t *testing.T) {
	s := newStage(t, write("score", 1, 2, 3, 0.5))
	cfg := train.FitConfig{Epochs: 2}
	var state *train.State
	cfg.Callbacks = []train.Callback{
		&callbacks.EarlyStopping{Monitor: "score", Patience: 9, RestoreBestWeights: true},
		train.CallbackFunc(func(e *train.Event) error {
			state = e.Trainer.State()
			return nil
		}),
	}
	_, err := s.trainer.Fit(context.Background(), s.data, cfg)
	check(t, err)
	again := &callbacks.EarlyStopping{Monitor: "score", Patience: 9, RestoreBestWeights: true}
	cfg.Epochs, cfg.Resume, cfg.Callbacks[0] = 4, state, again
	_, err = s.trainer.Fit(context.Background(), s.data, cfg)
	check(t, err)
	if best, epoch, _ := again.Best(); best != 0.5 || epoch != 3 {
		t.Errorf("best %v in epoch %d, want 0.5 in epoch 3", best, epoch)
	}
}

// Evaluate and Predict do not change it.
func TestEarlyStoppingOutsideFit(t *testing.T) {
	s := newStage(t, write("score", 1, 2, 3))
	c := &callbacks.EarlyStopping{}
	cfg := train.EvaluateConfig{Callbacks: []train.Callback{c}}
	_, err := s.trainer.Evaluate(context.Background(), s.data, cfg)
	check(t, err)
	_, err = s.trainer.Predict(context.Background(), s.data, cfg)
	check(t, err)
	if _, _, ok := c.Best(); ok {
		t.Error("there is a best epoch without a Fit")
	}
	if _, ok := c.StoppedEpoch(); ok {
		t.Error("stopped without a Fit")
	}
}
