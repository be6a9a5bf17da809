package callbacks_test

import (
	"context"
	"fmt"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// A fit that has nothing more to learn ends long before its 1000 epochs.
func ExampleEarlyStopping() {
	data, err := datasets.FromSlices([][]float64{{1}, {2}, {3}}, [][]float64{{3}, {5}, {7}}, tensor.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.SGD{LearningRate: 0.1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	stop := &callbacks.EarlyStopping{Monitor: "loss", MinDelta: 1e-4, Patience: 5, RestoreBestWeights: true}
	history, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 1000, Callbacks: []train.Callback{stop}})
	if err != nil {
		fmt.Println(err)
		return
	}
	last, stopped := stop.StoppedEpoch()
	_, best, _ := stop.Best()
	fmt.Println("stopped:", stopped, "within 200 epochs:", len(history.Epochs) < 200)
	fmt.Println("epochs since the best:", last-best)
	// Output:
	// stopped: true within 200 epochs: true
	// epochs since the best: 5
}
