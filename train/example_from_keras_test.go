package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Sentences of several lengths, padded with 0, and their classes. It is the
// program of docs/from-keras.md.
func Example_padded() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	x := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float32{
		1, 2, 0,
		3, 0, 0,
		2, 1, 4,
		3, 4, 3,
	})) // [samples, steps]
	y := tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{0, 1, 0, 1})) // [samples]
	data, err := datasets.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{y})
	check(err)

	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{graph.Any}},
		layers.Embedding{InputDim: 5, OutputDim: 8, MaskZero: true},
		layers.Bidirectional{Layer: layers.LSTM{Units: 8}},
		layers.Dense{Units: 2},
	)
	trainer, err := train.Compile(model, train.Config{
		Loss:      losses.SparseCategoricalCrossentropy{FromLogits: true},
		Metrics:   []metrics.Metric{metrics.Accuracy{}},
		Optimizer: optimizers.Adam{LearningRate: 0.05},
	})
	check(err)
	history, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 20})
	check(err)
	accuracy := history.Values["accuracy"]
	fmt.Println("accuracy", accuracy[len(accuracy)-1])
	// Output:
	// accuracy 1
}
