package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/pkg/errors"
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
			_, err = d.Fit(t.Context(), r.trainer, r.data, r.cfg)
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
