package callbacks_test

import (
	"math"
	"os"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"pgregory.net/rapid"
)

// readLog is the text of the log file in the current folder.
func readLog(train.Callback, stage) string {
	text, err := os.ReadFile("log")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

var _ = describe(specimen{
	Good:     &callbacks.CSVLogger{Filename: "log"},
	Required: "Filename",
	Bad:      map[string]train.Callback{"Separator": &callbacks.CSVLogger{Filename: "log", Separator: "||"}},
	Result:   readLog,
	Draw: func(t *rapid.T) train.Callback {
		return &callbacks.CSVLogger{Filename: "log", Separator: rapid.SampledFrom([]string{"", ";", "\t"}).Draw(t, "separator")}
	},
})

func TestCSVLogger(t *testing.T) {
	t.Chdir(t.TempDir())
	fit := func(cb train.Callback, validate bool, name string, values ...float64) error {
		s := newStage(t, write(name, values...))
		cfg := train.FitConfig{Epochs: len(values), Callbacks: []train.Callback{zeroLoss{}, cb}}
		if validate {
			cfg.Epochs, cfg.Validation = len(values)/2, s.data
		}
		_, err := s.trainer.Fit(t.Context(), s.data, cfg)
		return err
	}
	want := func(text string) {
		t.Helper()
		if got := readLog(nil, stage{}); got != text {
			t.Errorf("got %q\nwant %q", got, text)
		}
	}
	check(t, fit(&callbacks.CSVLogger{Filename: "log"}, false, "score", 0.1, math.NaN(), math.Inf(1)))
	want("epoch,loss,score\n0,0,0.1\n1,0,nan\n2,0,inf\n")
	check(t, fit(&callbacks.CSVLogger{Filename: "log"}, true, "a", 1, 2, math.Inf(-1), 1e300))
	want("epoch,a,loss,val_a,val_loss\n0,1,0,2,0\n1,-inf,0,1e+300,0\n")
	check(t, fit(&callbacks.CSVLogger{Filename: "log", Append: true}, false, "a", 7))
	want("epoch,a,loss,val_a,val_loss\n0,1,0,2,0\n1,-inf,0,1e+300,0\n0,7,0,NA,NA\n")
	before := readLog(nil, stage{})
	errtest.Check(t, fit(&callbacks.CSVLogger{Filename: "log", Append: true}, false, "b", 7), errs.Error{Path: "log", Field: "column", Value: `"b"`})
	errtest.Check(t, fit(&callbacks.CSVLogger{Filename: "log", Append: true, Separator: ";"}, false, "a", 7), errs.Error{Path: "log", Field: "header"})
	want(before)
	check(t, fit(&callbacks.CSVLogger{Filename: "log", Separator: ";"}, false, `a"b;c`, 7))
	want("epoch;\"a\"\"b;c\";loss\n0;7;0\n")
	check(t, os.WriteFile("log", []byte("epoch,a,loss\n0,7,0\n1,8"), 0o666)) // of a process that was killed
	check(t, fit(&callbacks.CSVLogger{Filename: "log", Append: true}, false, "a", 7))
	want("epoch,a,loss\n0,7,0\n1,8\n0,7,0\n")
	check(t, os.WriteFile("log", nil, 0o666))
	check(t, fit(&callbacks.CSVLogger{Filename: "log", Append: true}, false, "a", 7))
	want("epoch,a,loss\n0,7,0\n")
}

// zeroLoss makes the losses of an epoch 0, so that a test can write down the whole file.
type zeroLoss struct{}

func (zeroLoss) On(e *train.Event) error {
	for i, l := range e.Logs {
		if l.Name == "loss" || l.Name == "val_loss" {
			e.Logs[i].Value = 0
		}
	}
	return nil
}

// A file that cannot be written to is an error before training.
func TestLogsThatCannotBeWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	check(t, os.Mkdir("folder", 0o777))
	for _, path := range []string{"folder", "missing/log", os.DevNull} {
		for field, cb := range map[string]train.Callback{"CSVLogger.Filename": &callbacks.CSVLogger{Filename: path}, "JSONLogger.Filename": &callbacks.JSONLogger{Filename: path}} {
			s := newStage(t, write("score", 1))
			before := s.hash(t)
			_, err := s.fit(1, cb)
			errtest.Check(t, err, errs.Error{Path: path, Field: field})
			if s.hash(t) != before {
				t.Errorf("%s: trained before the error", field)
			}
		}
	}
}

// A state is taken only with its file.
func TestLogsRestoreRefuse(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, cb := range map[string]train.StatefulCallback{"csv": &callbacks.CSVLogger{Filename: "csv"}, "json": &callbacks.JSONLogger{Filename: "json"}} {
		errtest.Check(t, cb.Restore(cb.State()), errs.Error{Field: "state"})
		s := newStage(t, write("score", 1, 2, 3, 4))
		_, err := s.fit(2, cb)
		check(t, err)
		good := cb.State()
		for _, numbers := range []map[string]float64{nil, {"position": -1}, {"position": 0.5}, {"position": math.NaN()}, {"position": 1e300}, {"position": 0, "other": 1}} {
			errtest.Check(t, cb.Restore(train.CallbackState{Numbers: numbers}), errs.Error{Path: "position", Field: "number"})
		}
		check(t, os.Truncate(name, int64(good.Numbers["position"])-1))
		errtest.Check(t, cb.Restore(good), errs.Error{Path: name, Field: "file"})
		check(t, os.Remove(name))
		errtest.Check(t, cb.Restore(good), errs.Error{Path: name, Field: "file"})
		if cb.State().Numbers["position"] != good.Numbers["position"] {
			t.Errorf("%s: an error has changed the position", name)
		}
	}
}
