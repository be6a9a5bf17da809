package tensorboard_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks/tensorboard"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// The folder has the runs train and validation, for tensorboard --logdir.
func ExampleCallback() {
	dir, err := os.MkdirTemp("", "tensorboard")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
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
	board := &tensorboard.Callback{LogDir: dir, HistogramFreq: 1}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 2, Validation: data, Callbacks: []train.Callback{board}}); err != nil {
		fmt.Println(err)
		return
	}
	for _, run := range []string{"train", "validation"} {
		files, err := filepath.Glob(filepath.Join(dir, run, "events.out.tfevents.*"))
		fmt.Println(run, len(files), err)
	}
	// Output:
	// train 1 <nil>
	// validation 1 <nil>
}
