package checkpoint_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/callbacks/tensorboard"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Logs of a run that is killed again and again, also within a row, are those of one that
// never stopped.
func TestLogsOfAKilledRun(t *testing.T) {
	killed := errors.New("killed")
	run := func(dir string, events int) map[string]string {
		logs := map[string]string{"csv": filepath.Join(dir, "csv"), "json": filepath.Join(dir, "json")}
		for try := 0; ; try++ {
			r, err := trainings["plain"]()
			check(t, err)
			left := events
			r.cfg.Callbacks = append(r.cfg.Callbacks, &callbacks.CSVLogger{Filename: logs["csv"]}, &callbacks.JSONLogger{Filename: logs["json"]},
				train.CallbackFunc(func(e *train.Event) error {
					if left--; left == 0 {
						return killed
					}
					return nil
				}))
			d := open(t, filepath.Join(dir, "run"), checkpoint.Config{EveryBatches: 2, EveryEpochs: 1})
			_, err = r.fitIn(t.Context(), d)
			check(t, d.Close())
			if err == nil {
				if killed := try > 0; killed != (events > 0) {
					t.Fatalf("%d events: %d tries", events, try)
				}
				break
			}
			if !errors.Is(err, killed) || try > 100 {
				t.Fatal(err)
			}
			for _, path := range logs {
				f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				check(t, err)
				_, err = f.WriteString(`7,"0.`) // a row that is not whole
				check(t, err)
				check(t, f.Close())
			}
		}
		texts := map[string]string{}
		for name, path := range logs {
			text, err := os.ReadFile(path)
			check(t, err)
			texts[name] = string(text)
		}
		return texts
	}
	whole := run(t.TempDir(), 0)
	// Each is enough to come from one checkpoint to the next.
	for _, events := range []int{14, 15, 17, 18, 19, 20, 21, 40} {
		for name, text := range run(t.TempDir(), events) {
			if text != whole[name] {
				t.Errorf("%s, killed after %d events:\n%s\nwant\n%s", name, events, text, whole[name])
			}
		}
	}
}

// The event files of a run that is killed again and again are as long as those of one that
// never stopped: their records have equal sizes, whatever the times in them are.
func TestEventFilesOfAKilledRun(t *testing.T) {
	killed := errors.New("killed")
	sizes := func(events int) map[string]int64 {
		dir := t.TempDir()
		for try := 0; ; try++ {
			r, err := trainings["plain"]()
			check(t, err)
			left := events
			board := &tensorboard.Callback{LogDir: filepath.Join(dir, "logs"), UpdateFreq: 1, HistogramFreq: 1}
			r.cfg.Callbacks = append(r.cfg.Callbacks, board, train.CallbackFunc(func(e *train.Event) error {
				if left--; left == 0 {
					return killed
				}
				return nil
			}))
			d := open(t, filepath.Join(dir, "run"), checkpoint.Config{EveryBatches: 2, EveryEpochs: 1})
			_, err = r.fitIn(t.Context(), d)
			check(t, d.Close())
			if err == nil {
				break
			}
			if !errors.Is(err, killed) || try > 100 {
				t.Fatal(err)
			}
		}
		out := map[string]int64{}
		for _, folder := range []string{"train", "validation"} {
			files, err := filepath.Glob(filepath.Join(dir, "logs", folder, "*"))
			check(t, err)
			if len(files) != 1 {
				t.Fatalf("%s has %v", folder, files)
			}
			info, err := os.Stat(files[0])
			check(t, err)
			out[folder] = info.Size()
		}
		return out
	}
	whole := sizes(0)
	for _, events := range []int{17, 20} {
		if got := sizes(events); !maps.Equal(got, whole) {
			t.Errorf("killed after %d events: %v bytes, want %v", events, got, whole)
		}
	}
}

// A state with tensors alone, as that of an MLflow run, is the same in a file.
func TestCallbackStateWithoutNumbers(t *testing.T) {
	r, err := trainings["plain"]()
	check(t, err)
	s := r.trainer.State()
	want := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{97, 49}))
	s.Fit = &train.FitState{Callbacks: map[int]train.CallbackState{0: {Tensors: map[string]*tensor.Dense{"run": want}}, 1: {}}}
	path := filepath.Join(t.TempDir(), "file")
	check(t, checkpoint.WriteFile(path, s))
	got, err := checkpoint.ReadFile(path)
	check(t, err)
	c := got.Fit.Callbacks
	if len(c) != 2 || len(c[0].Numbers) != 0 || !c[0].Tensors["run"].Eq(want) || len(c[1].Tensors) != 0 {
		t.Errorf("got %v", c)
	}
}
