package train_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"log"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// linearData are samples of y = 2x + 1.
func linearData() *datasets.Samples {
	data, err := datasets.FromSlices([][]float64{{0}, {1}, {2}, {3}}, [][]float64{{1}, {3}, {5}, {7}}, tensor.Float32)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

func newTrainer() *train.Trainer {
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.Adam{LearningRate: 0.1}})
	if err != nil {
		log.Fatal(err)
	}
	return trainer
}

// A training loop that changes gradients before they are applied.
func ExampleTrainer_Gradients() {
	ctx, data, trainer := context.Background(), linearData(), newTrainer()
	var batch datasets.Batch
	for step := range 200 {
		if err := data.Gather([]int{step % 4, (step + 1) % 4}, &batch); err != nil {
			log.Fatal(err)
		}
		gradients, err := trainer.Gradients(ctx, &batch)
		if err != nil {
			log.Fatal(err)
		}
		if norm := gradients.Norm(); norm > 1 {
			gradients.Scale(1 / norm)
		}
		if err := trainer.Apply(gradients); err != nil {
			log.Fatal(err)
		}
	}
	logs, err := trainer.Evaluate(ctx, data, train.EvaluateConfig{})
	if err != nil {
		log.Fatal(err)
	}
	loss, _ := logs.Get("loss")
	fmt.Println("loss below 0.01:", loss < 0.01)
	// Output: loss below 0.01: true
}

// Gradients of four batches in one step.
func ExampleTrainer_Accumulate() {
	ctx, data, trainer := context.Background(), linearData(), newTrainer()
	var batches [4]datasets.Batch
	for i := range batches {
		if err := data.Gather([]int{i}, &batches[i]); err != nil {
			log.Fatal(err)
		}
	}
	var sum train.Gradients
	for i := range batches {
		if err := trainer.Accumulate(ctx, &sum, &batches[i]); err != nil {
			log.Fatal(err)
		}
	}
	if err := trainer.Apply(&sum); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum.Samples, "samples,", trainer.Optimizer().Iterations(), "step")
	// Output: 4 samples, 1 step
}

// A training that is interrupted after 7 of 20 epochs, and one that goes on from
// there in a new trainer.
func ExampleFitConfig_resume() {
	ctx, data := context.Background(), linearData()
	var state *train.State
	interrupted := 7
	takeState := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd {
			state = e.Trainer.State()
		}
		if e.Epoch == interrupted && e.Moment == train.TrainBatchEnd {
			return fmt.Errorf("the machine is switched off")
		}
		return nil
	})
	cfg := train.FitConfig{Epochs: 20, BatchSize: 2, Callbacks: []train.Callback{takeState}}
	_, err := newTrainer().Fit(ctx, data, cfg)
	fmt.Println(err)

	var file bytes.Buffer // or an os.File
	if err := gob.NewEncoder(&file).Encode(state); err != nil {
		log.Fatal(err)
	}
	var saved train.State
	if err := gob.NewDecoder(&file).Decode(&saved); err != nil {
		log.Fatal(err)
	}
	interrupted, cfg.Resume = -1, &saved
	history, err := newTrainer().Fit(ctx, data, cfg)
	if err != nil {
		log.Fatal(err)
	}
	cfg.Resume, cfg.Callbacks = nil, nil
	whole, err := newTrainer().Fit(ctx, data, cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(history.Epochs), "epochs, the same losses:", fmt.Sprint(history.Values) == fmt.Sprint(whole.Values))
	// Output:
	// the machine is switched off
	// 20 epochs, the same losses: true
}
