package callbacks

import (
	"context"
	"log/slog"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
)

var _ train.Callback = (*Slog)(nil)

// Slog writes records of a training to a slog.Logger: "training begins", one "epoch" for
// each epoch, with its duration and its logs as attributes, and "training ends", or, of
// level Error, "training failed". All have the name of the model. The number of the epoch
// is from 1, as in the lines of FitConfig.Progress.
type Slog struct {
	Logger *slog.Logger // such as slog.Default(); required
	Level  slog.Level   // of the records; default slog.LevelInfo

	training bool
	begun    time.Time // when the epoch began
}

// On writes the records.
func (c *Slog) On(e *train.Event) error {
	model := slog.String("model", e.Trainer.Model().Name())
	write := func(level slog.Level, text string, attrs ...slog.Attr) {
		c.Logger.LogAttrs(context.Background(), level, text, append([]slog.Attr{model}, attrs...)...)
	}
	switch e.Moment {
	case train.TrainBegin:
		if c.Logger == nil {
			return graph.Error{Field: "Slog.Logger", Rule: "must not be nil; slog.Default() is the standard one"}
		}
		c.training = true
		write(c.Level, "training begins", slog.Int("epochs", e.Epochs))
	case train.EpochBegin:
		c.begun = time.Now()
	case train.EpochEnd:
		attrs := []slog.Attr{slog.Int("epoch", e.Epoch+1), slog.Int("epochs", e.Epochs), slog.Duration("duration", time.Since(c.begun))}
		for _, l := range e.Logs {
			attrs = append(attrs, slog.Float64(l.Name, l.Value))
		}
		write(c.Level, "epoch", attrs...)
	case train.TrainEnd:
		c.training = false
		write(c.Level, "training ends", slog.Int("epochs", e.Epoch))
	case train.Failed:
		if c.training {
			c.training = false
			write(slog.LevelError, "training failed", slog.Int("epoch", e.Epoch+1), slog.String("error", e.Err.Error()))
		}
	}
	return nil
}
