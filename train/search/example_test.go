package search_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/search"
	"gorgonia.org/tensor"
)

// A search tunes a small model, whose trainings end early where others are better.
func Example() {
	var x, y [][]float64 // y = x²
	for i := range 64 {
		v := float64(i)/32 - 1
		x, y = append(x, []float64{v}), append(y, []float64{v * v})
	}
	data, err := datasets.FromSlices(x, y, tensor.Float32)
	if err != nil {
		log.Fatal(err)
	}
	result, err := search.Run(context.Background(), search.Config{
		Space: search.Space{
			"units": search.Int{Low: 2, High: 32, Log: true},
			"rate":  search.Float{Low: 1e-4, High: 1, Log: true},
		},
		Method:  search.Random{Trials: 12},
		Halving: &search.Halving{First: 5},
		Seed:    1,
	}, func(ctx context.Context, trial *search.Trial) (score float64, err error) {
		model := models.NewSequential(models.Config{Seed: trial.Seed},
			layers.Input{Shape: graph.Shape{1}},
			layers.Dense{Units: trial.Int("units"), Activation: activations.Tanh},
			layers.Dense{Units: 1},
		)
		trainer, err := train.Compile(model, train.Config{
			Loss: losses.MSE{}, Optimizer: optimizers.Adam{LearningRate: trial.Float("rate")},
		})
		if err != nil {
			return 0, err
		}
		history, err := trainer.Fit(ctx, data, train.FitConfig{
			Epochs: 20, Validation: data, Callbacks: []train.Callback{trial.Watch("val_loss")},
		})
		if err != nil {
			return 0, err
		}
		losses := history.Values["val_loss"]
		return losses[len(losses)-1], nil
	})
	if err != nil {
		log.Fatal(err)
	}
	best, err := result.Best()
	if err != nil {
		log.Fatal(err)
	}
	stopped := 0
	for _, row := range result.Rows {
		if row.State == search.Stopped {
			stopped++
		}
	}
	fmt.Println(len(result.Rows), "trials,", stopped, "stopped early")
	fmt.Println("loss below 0.05:", best.Score < 0.05, "epochs:", best.Epochs)
	// Output:
	// 12 trials, 10 stopped early
	// loss below 0.05: true epochs: 20
}

// Values are put into the fields of any config by their paths.
func ExampleSet() {
	type config struct {
		Units     int
		Optimizer optimizers.Optimizer
	}
	base := config{Units: 8, Optimizer: optimizers.Adam{}}
	space := search.Space{
		"Units":                  search.Choice[int]{8, 16},
		"Optimizer.LearningRate": search.Choice[float64]{0.1, 0.01},
	}
	result, err := search.Run(context.Background(), search.Config{Space: space, Method: search.Grid{}}, func(_ context.Context, trial *search.Trial) (float64, error) {
		cfg, err := search.Set(base, trial.Values)
		if err != nil {
			return 0, err
		}
		rate := cfg.Optimizer.(optimizers.Adam).LearningRate // a training would use it
		return rate * float64(cfg.Units), nil
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := result.WriteTable(os.Stdout); err != nil {
		log.Fatal(err)
	}
	best, err := result.Best()
	if err != nil {
		log.Fatal(err)
	}
	cfg, err := search.Set(base, best.Values)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cfg.Units, "units,", cfg.Optimizer.(optimizers.Adam).LearningRate)
	// Output:
	// trial  score  epochs  state  Optimizer.LearningRate  Units
	//     2   0.08          done   0.01                    8
	//     3   0.16          done   0.01                    16
	//     0    0.8          done   0.1                     8
	//     1    1.6          done   0.1                     16
	// 8 units, 0.01
}
