package tensorboard_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks/tensorboard"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

func TestMain(m *testing.M) {
	// Files in memory save waiting for the disk.
	const inMemory = "/dev/shm"
	if _, err := os.Stat(inMemory); err == nil {
		os.Setenv("TMPDIR", inMemory)
	}
	os.Exit(m.Run())
}

func newTrainer(t testing.TB) (*train.Trainer, *datasets.Samples) {
	t.Helper()
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 4}, layers.Dense{Units: 1})
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.SGD{LearningRate: 0.01}})
	check(t, err)
	data, err := datasets.FromSlices([][]float64{{1}, {2}, {3}}, [][]float64{{3}, {5}, {7}}, tensor.Float32)
	check(t, err)
	return trainer, data
}

func fit(t testing.TB, epochs int, cs ...train.Callback) (*train.History, error) {
	t.Helper()
	trainer, data := newTrainer(t)
	return trainer.Fit(t.Context(), data, train.FitConfig{Epochs: epochs, BatchSize: 1, Validation: data, Callbacks: cs})
}

// What is in the files after a training, by the names and steps of Keras.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	begun := float64(time.Now().Unix())
	var batches []float32
	watch := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd {
			loss, _ := e.Logs.Get("loss")
			batches = append(batches, float32(loss))
		}
		return nil
	})
	h, err := fit(t, 2, watch, &tensorboard.Callback{LogDir: dir, UpdateFreq: 2})
	check(t, err)
	loss, val := h.Values["loss"], h.Values["val_loss"]
	first := record{Version: "brain.Event:2"}
	batch := func(n int) record { return record{Step: n, Scalars: map[string]float32{"batch_loss": batches[n-1]}} }
	epoch := func(e int) record {
		return record{Step: e, Scalars: map[string]float32{"epoch_loss": float32(loss[e]), "epoch_learning_rate": 0.01}}
	}
	got := decode(t, filepath.Join(dir, "train"))
	opts := []cmp.Option{cmpopts.IgnoreUnexported(record{}), cmpopts.EquateEmpty()}
	if diff := cmp.Diff([]record{first, batch(2), epoch(0), batch(4), batch(6), epoch(1)}, got, opts...); diff != "" {
		t.Errorf("train (-want +got):\n%s", diff)
	}
	evaluation := func(e int) record {
		return record{Step: 3 * (e + 1), Scalars: map[string]float32{"evaluation_loss_vs_iterations": float32(val[e])}}
	}
	valued := func(e int) record { return record{Step: e, Scalars: map[string]float32{"epoch_loss": float32(val[e])}} }
	more := decode(t, filepath.Join(dir, "validation"))
	if diff := cmp.Diff([]record{first, evaluation(0), valued(0), evaluation(1), valued(1)}, more, opts...); diff != "" {
		t.Errorf("validation (-want +got):\n%s", diff)
	}
	for _, r := range append(got, more...) {
		if r.time < begun || r.time > begun+600 {
			t.Errorf("time %v, begun %v", r.time, begun)
		}
	}
}

// The histogram of every weight, after every other epoch, has its numbers.
func TestHistograms(t *testing.T) {
	dir := t.TempDir()
	var want [][]float32 // kernel of the first layer after each epoch
	watch := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd {
			want = append(want, e.Trainer.Params().Copy()["sequential/dense/kernel"].Float32s())
		}
		return nil
	})
	_, err := fit(t, 3, &tensorboard.Callback{LogDir: dir, HistogramFreq: 2}, watch)
	check(t, err)
	epochs := 0
	for _, r := range decode(t, filepath.Join(dir, "train")) {
		if len(r.Histograms) == 0 {
			continue
		}
		epochs++
		if len(r.Histograms) != 4 || r.Step%2 != 0 {
			t.Errorf("%d histograms after epoch %d", len(r.Histograms), r.Step)
		}
		xs := want[r.Step]
		s := r.Histograms["sequential/dense/kernel/histogram"]
		var sum, squares float64
		counts := make([]float64, 30)
		least, largest := float64(slices.Min(xs)), float64(slices.Max(xs))
		for _, x := range xs {
			sum += float64(x)
			squares += float64(x) * float64(x)
			counts[min(29, int((float64(x)-least)/(largest-least)*30))]++
		}
		if s.Min != least || s.Max != largest || s.Num != 4 || s.Sum != sum || s.Squares != squares || !slices.Equal(s.Counts, counts) {
			t.Errorf("got %+v for %v, want counts %v", s, xs, counts)
		}
		if len(s.Limits) != 30 || !slices.IsSorted(s.Limits) || s.Limits[29] != largest || s.Limits[0] <= least {
			t.Errorf("limits %v", s.Limits)
		}
		// A bias of one number is one bucket.
		if b := r.Histograms["sequential/dense_1/bias/histogram"]; !slices.Equal(b.Counts, []float64{1}) || b.Limits[0] != b.Min || b.Min != b.Max {
			t.Errorf("bias %+v", b)
		}
	}
	if epochs != 2 {
		t.Errorf("%d epochs have histograms, want 2", epochs)
	}
}

// A rate is written for epochs, and for batches with UpdateFreq.
func TestStepsPerSecond(t *testing.T) {
	dir := t.TempDir()
	_, err := fit(t, 2, &tensorboard.Callback{LogDir: dir, UpdateFreq: 3, WriteStepsPerSecond: true})
	check(t, err)
	count := map[string]int{}
	for _, r := range decode(t, filepath.Join(dir, "train")) {
		for name, x := range r.Scalars {
			if name == "batch_steps_per_second" || name == "epoch_steps_per_second" {
				if count[name]++; !(x > 0) || math.IsInf(float64(x), 0) {
					t.Errorf("%s is %v", name, x)
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"batch_steps_per_second": 2, "epoch_steps_per_second": 2}, count); diff != "" {
		t.Error(diff)
	}
}

// Files of a training that is interrupted anywhere and resumed, after which a part of an
// event was left in them, are those of one that was not.
func TestResumedFiles(t *testing.T) {
	cut := errors.New("cut")
	whole := t.TempDir()
	_, err := fit(t, 3, &tensorboard.Callback{LogDir: whole, UpdateFreq: 1, HistogramFreq: 1})
	check(t, err)
	events := func(dir, folder string) []record { return decode(t, filepath.Join(dir, folder)) }
	for _, at := range []struct {
		moment       train.Moment
		epoch, batch int
		after        int // events until it is killed
	}{{train.TrainBatchEnd, 0, 0, 0}, {train.TrainBatchEnd, 0, 1, 30}, {train.TestEnd, 0, 0, 3}, {train.EpochEnd, 0, 0, 0}, {train.EpochEnd, 0, 0, 25}, {train.TrainBatchEnd, 2, 2, 5}, {train.TestEnd, 1, 0, 9}} {
		dir := t.TempDir()
		var state *train.State
		left := at.after
		trainer, data := newTrainer(t)
		cfg := train.FitConfig{Epochs: 3, BatchSize: 1, Validation: data}
		cfg.Callbacks = []train.Callback{&tensorboard.Callback{LogDir: dir, UpdateFreq: 1, HistogramFreq: 1}, train.CallbackFunc(func(e *train.Event) error {
			if state == nil && e.Moment == at.moment && e.Epoch == at.epoch && e.Batch == at.batch {
				state = e.Trainer.State()
			}
			if state != nil {
				if left--; left < 0 {
					return cut
				}
			}
			return nil
		})}
		if _, err := trainer.Fit(t.Context(), data, cfg); !errors.Is(err, cut) {
			t.Fatal(err)
		}
		for _, folder := range []string{"train", "validation"} {
			files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
			check(t, err)
			for _, path := range files {
				f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				check(t, err)
				_, err = f.Write([]byte{24, 0, 0})
				check(t, err)
				check(t, f.Close())
			}
		}
		trainer, data = newTrainer(t)
		cfg.Validation, cfg.Resume = data, state
		cfg.Callbacks = []train.Callback{&tensorboard.Callback{LogDir: dir, UpdateFreq: 1, HistogramFreq: 1}, train.CallbackFunc(func(*train.Event) error { return nil })}
		_, err := trainer.Fit(t.Context(), data, cfg)
		check(t, err)
		for _, folder := range []string{"train", "validation"} {
			if diff := cmp.Diff(events(whole, folder), events(dir, folder), cmpopts.IgnoreUnexported(record{})); diff != "" {
				t.Errorf("%+v, %s (-want +got):\n%s", at, folder, diff)
			}
		}
	}
}

// Each Fit has its own files, and Evaluate alone has one too.
func TestNewFiles(t *testing.T) {
	dir := t.TempDir()
	c := &tensorboard.Callback{LogDir: dir}
	trainer, data := newTrainer(t)
	_, err := trainer.Evaluate(t.Context(), data, train.EvaluateConfig{Callbacks: []train.Callback{c}})
	check(t, err)
	for range 2 {
		_, err := fit(t, 1, c)
		check(t, err)
	}
	for folder, want := range map[string][]int{"train": {2, 2}, "validation": {2, 3, 3}} {
		files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
		check(t, err)
		var got []int
		for _, f := range files {
			got = append(got, len(decodeFile(t, f)))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has files of %v events, want %v", folder, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	check(t, os.WriteFile("file", nil, 0o666))
	for field, c := range map[string]*tensorboard.Callback{
		"HistogramFreq": {HistogramFreq: -1},
		"UpdateFreq":    {UpdateFreq: -1},
		"LogDir":        {LogDir: "file/logs"},
	} {
		trainer, data := newTrainer(t)
		_, err := trainer.Fit(t.Context(), data, train.FitConfig{Callbacks: []train.Callback{c}})
		errtest.Check(t, err, errs.Error{Field: "tensorboard.Callback." + field})
		if trainer.Optimizer().Iterations() != 0 {
			t.Errorf("%s: trained before the error", field)
		}
	}
	c := &tensorboard.Callback{}
	errtest.Check(t, c.Restore(c.State()), errs.Error{Field: "tensorboard.Callback"})
	_, err := fit(t, 1, c)
	check(t, err)
	good := c.State()
	for name, x := range map[string]float64{"batches": -1, "train": 0.5, "validation": math.NaN(), "time": 1e300, "process": math.Inf(1)} {
		numbers := c.State().Numbers
		numbers[name] = x
		errtest.Check(t, c.Restore(train.CallbackState{Numbers: numbers}), errs.Error{Path: name, Field: "number"})
	}
	for name := range good.Numbers {
		numbers := c.State().Numbers
		delete(numbers, name)
		errtest.Check(t, c.Restore(train.CallbackState{Numbers: numbers}), errs.Error{Field: "numbers"})
		numbers["other"] = 1
		if c.Restore(train.CallbackState{Numbers: numbers}) == nil {
			t.Errorf("taken without %s", name)
		}
	}
	longer := c.State().Numbers
	longer["train"]++
	errtest.Check(t, c.Restore(train.CallbackState{Numbers: longer}), errs.Error{Field: "file"})
	if diff := cmp.Diff(good, c.State()); diff != "" {
		t.Error(diff)
	}
	check(t, c.Restore(good))
}
