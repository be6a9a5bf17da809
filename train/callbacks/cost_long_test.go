//go:build long

package callbacks_test

import (
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// Callbacks, metrics and the progress line together take less than a twentieth of the
// time of a small training. Both trainings run by turns, beyond 20 turns until the bound
// is met, since other processes disturb them.
func TestLongCallbacksAreCheap(t *testing.T) {
	zeros := func(shape ...int) []*tensor.Dense {
		return []*tensor.Dense{tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))}
	}
	data, err := samples.FromTensors(zeros(32*40, 30, 1), zeros(32*40, 1))
	check(t, err)
	fitter := func(cfg train.Config, fit train.FitConfig) func() time.Duration {
		m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{30, 1}}, layers.LSTM{Units: 50}, layers.Dense{Units: 1})
		cfg.Loss = losses.MSE{}
		trainer, err := train.Compile(m, cfg)
		check(t, err)
		fit.Epochs = 5
		return func() time.Duration {
			start := time.Now()
			_, err := trainer.Fit(t.Context(), data, fit)
			check(t, err)
			return time.Since(start)
		}
	}
	plain := fitter(train.Config{}, train.FitConfig{})
	folder := t.TempDir()
	all := fitter(train.Config{Metrics: []metrics.Metric{metrics.MAE{}, metrics.RMSE{}, metrics.R2Score{}}},
		train.FitConfig{Progress: io.Discard, Callbacks: []train.Callback{
			&callbacks.EarlyStopping{Monitor: "loss", Patience: 1000, RestoreBestWeights: true},
			&callbacks.ReduceLROnPlateau{Monitor: "loss"},
			&callbacks.CSVLogger{Filename: filepath.Join(folder, "log.csv")},
			&callbacks.JSONLogger{Filename: filepath.Join(folder, "log.jsonl")},
			&callbacks.Slog{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))},
			&callbacks.TerminateOnNaN{},
		}})
	a, b := time.Hour, time.Hour
	for start, n := time.Now(), 0; n < 20 || float64(b) > 1.05*float64(a) && time.Since(start) < time.Minute; n++ {
		a, b = min(a, plain()), min(b, all())
	}
	t.Logf("five epochs take %v alone, and %v with callbacks, metrics and progress", a, b)
	if float64(b) > 1.05*float64(a) {
		t.Error("want at most 5 % more")
	}
}
