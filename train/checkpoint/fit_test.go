package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// after cancels a context at the n-th event.
type after struct {
	n      int
	cancel context.CancelFunc
}

func (a *after) On(*train.Event) error {
	if a.n--; a.n == 0 {
		a.cancel()
	}
	return nil
}

// A run that is interrupted at any events, with any config, ends with the bits of one
// that never was, and computes no batch twice.
func TestInterrupted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for name, newRun := range trainings {
		want, perEpoch := uninterrupted(t, name), batchesOf(t, newRun)
		for range 4 {
			path := t.TempDir()
			cfg := checkpoint.Config{EveryBatches: random.IntN(6), EveryEpochs: random.IntN(3), Every: time.Duration(random.IntN(3)) * time.Millisecond, Keep: random.IntN(3)}
			batches := 0
			count := train.CallbackFunc(func(e *train.Event) error {
				if e.Moment == train.TrainBatchEnd {
					batches++
				}
				return nil
			})
			var got outcome
			for got.Weights == "" {
				d := open(t, path, cfg)
				r, err := newRun()
				check(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				r.cfg.Callbacks = append(r.cfg.Callbacks, count, &after{2 + random.IntN(150), cancel})
				h, err := r.fitIn(ctx, d)
				cancel()
				check(t, d.Close())
				if stopped, ok := errors.AsType[*checkpoint.Interrupted](err); ok && errors.Is(err, context.Canceled) {
					_, err := os.Stat(stopped.File)
					check(t, err)
					continue
				}
				check(t, err)
				got, err = r.outcome(h)
				check(t, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s, %+v (-want +got):\n%s", name, cfg, diff)
			}
			if want := len(want.Epochs) * perEpoch; batches != want {
				t.Errorf("%s, %+v: %d batches, want %d", name, cfg, batches, want)
			}
		}
	}
}

// batchesOf is the number of batches of an epoch.
func batchesOf(t *testing.T, newRun func() (training, error)) (n int) {
	r, err := newRun()
	check(t, err)
	r.cfg.Epochs = 1
	r.cfg.Callbacks = append(r.cfg.Callbacks, train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd {
			n++
		}
		return nil
	}))
	_, err = r.fit(t.Context())
	check(t, err)
	return n
}

// A run without checkpoints, with them, and resumed at its end are the same; Log tells
// what was done.
func TestFit(t *testing.T) {
	for name, newRun := range trainings {
		want := uninterrupted(t, name)
		path := filepath.Join(t.TempDir(), "a", "b")
		for i, line := range []string{"checkpoint: " + path + " is empty: a new run starts\n", fmt.Sprintf("checkpoint: the run is finished; its results are from the end of epoch %d, in ", len(want.Epochs))} {
			var log bytes.Buffer
			d := open(t, path, checkpoint.Config{Log: &log})
			r, err := newRun()
			check(t, err)
			h, err := r.fitIn(t.Context(), d)
			check(t, err)
			got, err := r.outcome(h)
			check(t, err)
			if diff := cmp.Diff(want, got); diff != "" || !strings.HasPrefix(log.String(), line) {
				t.Errorf("%s, run %d: %s (-want +got):\n%s", name, i, log.String(), diff)
			}
			check(t, d.Close())
		}
	}
}

// saves are the positions that a config saves at, in the run "steps" of 2 epochs with 4
// batches.
func TestWhenFitSaves(t *testing.T) {
	for _, c := range []struct {
		cfg  checkpoint.Config
		want string
	}{
		{checkpoint.Config{}, "end 1, end 2"},
		{checkpoint.Config{EveryEpochs: 2}, "end 2"},
		{checkpoint.Config{EveryEpochs: 3}, "end 2"},
		{checkpoint.Config{EveryBatches: 3}, "1:3, 2:2, end 2"},
		{checkpoint.Config{EveryBatches: 6}, "2:2, end 2"},
		{checkpoint.Config{EveryBatches: 2, EveryEpochs: 1}, "1:2, 1:4, end 1, 2:2, 2:4, end 2"},
		{checkpoint.Config{Every: time.Nanosecond}, "1:1, 1:2, 1:3, 1:4, 2:1, 2:2, 2:3, 2:4, end 2"},
		{checkpoint.Config{Every: time.Hour}, "end 2"},
	} {
		c.cfg.Keep = 100
		path := t.TempDir()
		d := open(t, path, c.cfg)
		r, err := trainings["steps"]()
		check(t, err)
		r.cfg.Epochs = 2
		_, err = r.fitIn(t.Context(), d)
		check(t, err)
		var got []string
		for _, file := range files(t, path) {
			s, err := checkpoint.ReadFile(file)
			check(t, err)
			if s.Fit.InEpoch {
				got = append(got, fmt.Sprintf("%d:%d", s.Fit.Epoch+1, s.Fit.Batch))
			} else {
				got = append(got, fmt.Sprint("end ", s.Fit.Epoch))
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%+v: saves at %s, want %s", c.cfg, strings.Join(got, ", "), c.want)
		}
	}
}

// files are the checkpoints in a folder, the oldest first.
func files(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(path, "checkpoint-*.safetensors"))
	check(t, err)
	return found
}

// A longer run goes on from the end of a shorter one, as one that was as long from the
// beginning: also where the end of Fit gives the weights other values.
func TestMoreEpochs(t *testing.T) {
	for name, newRun := range trainings {
		want := uninterrupted(t, name)
		path := t.TempDir()
		for _, epochs := range []int{3, len(want.Epochs)} {
			d := open(t, path, checkpoint.Config{Every: time.Hour})
			r, err := newRun()
			check(t, err)
			if epochs == 3 {
				r.cfg.Epochs = epochs
			}
			h, err := r.fitIn(t.Context(), d)
			check(t, err)
			check(t, d.Close())
			got, err := r.outcome(h)
			check(t, err)
			if len(got.Epochs) != epochs {
				t.Errorf("%s: %d epochs, want %d", name, len(got.Epochs), epochs)
			}
			if diff := cmp.Diff(want, got); epochs > 3 && diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

// forgetful is a metric whose accumulator has no state.
type forgetful struct{}

func (forgetful) Name() string                    { return "forgetful" }
func (forgetful) HigherIsBetter() bool            { return true }
func (forgetful) Start() metrics.Accumulator      { return forgetful{} }
func (forgetful) Add(_, _, _ *tensor.Dense) error { return nil }
func (forgetful) Result() float64                 { return 0 }

func TestFitErrors(t *testing.T) {
	path := t.TempDir()
	var log bytes.Buffer
	d := open(t, path, checkpoint.Config{Log: &log})
	r, err := trainings["steps"]()
	check(t, err)
	var none context.Context
	_, err = d.Fit(none, r.trainer, r.data, r.cfg)
	errtest.Check(t, err, graph.Error{Field: "ctx"})
	_, err = d.Fit(t.Context(), nil, r.data, r.cfg)
	errtest.Check(t, err, graph.Error{Field: "trainer"})
	_, err = d.Fit(t.Context(), r.trainer, nil, r.cfg)
	errtest.Check(t, err, graph.Error{Field: "data"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = r.fitIn(ctx, d); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	resumed := r.cfg
	resumed.Resume = r.trainer.State()
	_, err = d.Fit(t.Context(), r.trainer, r.data, resumed)
	errtest.Check(t, err, graph.Error{Field: "FitConfig.Resume"})
	stateless, err := train.Compile(r.model, train.Config{Loss: losses.MSE{}, Metrics: []metrics.Metric{metrics.MAE{}, forgetful{}}})
	check(t, err)
	_, err = d.Fit(t.Context(), stateless, r.data, r.cfg)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "forgetful"})
	if got := files(t, path); got != nil {
		t.Errorf("wrote %q", got)
	}
	_, err = r.fitIn(t.Context(), d)
	check(t, err)
	before := files(t, path)

	log.Reset()
	shorter := r.cfg
	shorter.Epochs = 5
	_, err = d.Fit(t.Context(), r.trainer, r.data, shorter)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "FitConfig.Epochs", Value: 5})

	// Another config is refused, with a list and the file.
	other, err := trainings["steps"]()
	check(t, err)
	other.trainer, err = train.Compile(other.model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.SGD{Momentum: 0.25}})
	check(t, err)
	other.cfg.BatchSize = 4
	_, err = d.Fit(t.Context(), other.trainer, other.data, other.cfg)
	errtest.Check(t, err, graph.Error{Field: "FitConfig.Resume"})
	for _, want := range []string{before[len(before)-1], "another folder", "Config.Optimizer.Value.Momentum is 0.5 in the state and 0.25 now", "FitConfig.BatchSize is 3 in the state and 4 now"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
	if log.Len() > 0 {
		t.Errorf("a run that was refused is told as one that goes on: %s", &log)
	}
	if diff := cmp.Diff(before, files(t, path)); diff != "" {
		t.Error(diff)
	}
}
