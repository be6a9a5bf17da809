package mlflow_test

import (
	"context"
	"fmt"
	"os"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks/mlflow"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// A server of MLflow must listen, which `mlflow server` starts.
func ExampleCallback() {
	data, err := datasets.FromSlices([][]float64{{1}, {2}, {3}}, [][]float64{{3}, {5}, {7}}, tensor.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	tracking := &mlflow.Callback{
		TrackingURI: "http://localhost:5000", Experiment: "line", Log: os.Stderr,
		Params: map[string]string{"optimizer": "Adam"},
	}
	_, err = trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 50, Callbacks: []train.Callback{tracking}})
	fmt.Println(tracking.RunID(), err)
}
