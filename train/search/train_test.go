package search_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/search"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// waves trains a small LSTM to continue a wave; a rate of 1e30 diverges.
func waves(log string) search.Objective {
	var x, y [][]float64
	for i := range 40 {
		x = append(x, []float64{math.Sin(float64(i)), math.Sin(float64(i + 1))})
		y = append(y, []float64{math.Sin(float64(i + 2))})
	}
	return func(ctx context.Context, trial *search.Trial) (float64, error) {
		data, err := datasets.FromSlices(x, y, tensor.Float32)
		if err != nil {
			return 0, err
		}
		model := models.NewSequential(models.Config{Seed: trial.Seed},
			layers.Input{Shape: graph.Shape{2}}, layers.Reshape{TargetShape: graph.Shape{2, 1}},
			layers.LSTM{Units: trial.Int("units"), Dropout: 0.1}, layers.Dense{Units: 1},
		)
		trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.SGD{LearningRate: trial.Float("rate")}})
		if err != nil {
			return 0, err
		}
		h, err := trainer.Fit(ctx, data, train.FitConfig{Epochs: 9, BatchSize: 8, ValidationSplit: 0.2, Callbacks: []train.Callback{trial.Watch(log)}})
		if err != nil {
			return 0, err
		}
		losses := h.Values["val_loss"]
		return losses[len(losses)-1], nil
	}
}

// Trainings that run beside each other give the same bits as one after the other.
func TestTrainings(t *testing.T) {
	cfg := search.Config{
		Space:  search.Space{"units": search.Int{Low: 2, High: 6}, "rate": search.Choice[float64]{0.3, 0.03, 1e30}},
		Method: search.Random{Trials: 12}, Halving: &search.Halving{Factor: 3}, Workers: 1,
	}
	want := tables(t, run(t, cfg, waves("val_loss")))
	for _, state := range []string{"done", "stopped", "failed"} {
		if !strings.Contains(want, state) {
			t.Errorf("no trial is %s:\n%s", state, want)
		}
	}
	cfg.Workers = 2
	if diff := cmp.Diff(want, tables(t, run(t, cfg, waves("val_loss")))); diff != "" {
		t.Errorf("(-1 worker +2 workers):\n%s", diff)
	}
}

func TestWatchErrors(t *testing.T) {
	cfg := search.Config{Space: search.Space{"units": search.Choice[int]{1}, "rate": search.Choice[float64]{0.1}}, Method: search.Grid{}}
	row := run(t, cfg, waves("val_mae")).Rows[0]
	if want := `search: trial 0: Watch must name a log: loss, val_loss, got "val_mae"`; row.State != search.Failed || row.Error != want {
		t.Errorf("got %+v, want %s", row, want)
	}
}
