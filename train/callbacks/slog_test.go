package callbacks_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/pkg/errors"
	"pgregory.net/rapid"
)

// records is where the loggers of tests write.
type records struct{ bytes.Buffer }

// logger writes records as text, without their times.
func (r *records) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}}))
}

var _ = describe(specimen{
	Good:     &callbacks.Slog{Logger: slog.New(slog.DiscardHandler)},
	Required: "Logger",
	Result:   func(train.Callback, stage) string { return "records are written elsewhere" },
	Draw:     func(*rapid.T) train.Callback { return &callbacks.Slog{Logger: slog.New(slog.DiscardHandler)} },
})

func TestSlog(t *testing.T) {
	var r records
	s := newStage(t, write("score", 1, 2))
	_, err := s.fit(1, zeroLoss{}, &callbacks.Slog{Logger: r.logger(slog.LevelDebug), Level: slog.LevelDebug})
	check(t, err)
	broken := errors.New("broken")
	_, err = s.fit(1, &callbacks.Slog{Logger: r.logger(slog.LevelInfo), Level: slog.LevelDebug}, train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochBegin {
			return broken
		}
		return nil
	}))
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	// After the end an error is of something else.
	_, err = s.trainer.Evaluate(t.Context(), nil, train.EvaluateConfig{})
	if err == nil {
		t.Fatal("evaluated nothing")
	}
	want := `level=DEBUG msg="training begins" model=sequential epochs=1
level=DEBUG msg=epoch model=sequential epoch=1 epochs=1 loss=0 score=1
level=DEBUG msg="training ends" model=sequential epochs=1
level=ERROR msg="training failed" model=sequential epoch=1 error=broken
`
	if got := strings.TrimSpace(r.String()); got != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
