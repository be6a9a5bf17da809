package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// newTrainer makes the model of the examples.
func newTrainer() *train.Trainer {
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.Adam{}})
	if err != nil {
		log.Fatal(err)
	}
	return trainer
}

func lineData() datasets.Data {
	data, err := datasets.FromSlices([][]float64{{0}, {1}, {2}, {3}}, [][]float64{{1}, {3}, {5}, {7}}, tensor.Float32)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

func tempDir() string {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	return dir
}

// A run that is interrupted in its third epoch, and continued by the same code.
func Example() {
	folder := tempDir()
	defer os.RemoveAll(folder)
	fit := func(ctx context.Context, more ...train.Callback) (*train.History, error) {
		run, err := checkpoint.Open(folder, checkpoint.Config{Every: time.Minute})
		if err != nil {
			return nil, err
		}
		defer run.Close()
		return run.Fit(ctx, newTrainer(), lineData(), train.FitConfig{Epochs: 5, BatchSize: 2, Callbacks: more})
	}

	// The first Ctrl-C ends the context, and the second one the process. Here, the third
	// epoch ends the context.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	_, err := fit(ctx, train.CallbackFunc(func(e *train.Event) error {
		if e.Epoch == 2 {
			stop()
		}
		return nil
	}))
	if interrupted, ok := errors.AsType[*checkpoint.Interrupted](err); ok {
		fmt.Println("interrupted at", interrupted.Where)
	}

	history, err := fit(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	whole, err := newTrainer().Fit(context.Background(), lineData(), train.FitConfig{Epochs: 5, BatchSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(history.Epochs), "epochs, the same losses:", fmt.Sprint(history.Values) == fmt.Sprint(whole.Values))
	// Output:
	// interrupted at epoch 3, batch 1 of 2
	// 5 epochs, the same losses: true
}

// A loop of your own saves the state of the trainer, and restores it.
func ExampleDirectory_Save() {
	folder := tempDir()
	defer os.RemoveAll(folder)
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	for range 2 { // the second time, there is a checkpoint
		run, err := checkpoint.Open(folder, checkpoint.Config{Keep: 2})
		check(err)
		trainer := newTrainer()
		state, err := run.Latest()
		check(err)
		if state != nil {
			check(trainer.Restore(state))
		}
		var batch datasets.Batch
		check(lineData().Gather([]int{0, 1, 2, 3}, &batch))
		_, err = trainer.Step(context.Background(), &batch)
		check(err)
		file, err := run.Save(trainer.State())
		check(err)
		fmt.Println(filepath.Base(file), "after step", trainer.Optimizer().Iterations())
		check(run.Close())
	}
	// Output:
	// checkpoint-00000001.safetensors after step 1
	// checkpoint-00000002.safetensors after step 2
}

// The weights of a checkpoint, for a model to predict with.
func ExampleReadFile() {
	file := filepath.Join(tempDir(), "state.safetensors")
	defer os.RemoveAll(filepath.Dir(file))
	trainer := newTrainer()
	if err := checkpoint.WriteFile(file, trainer.State()); err != nil {
		log.Fatal(err)
	}
	state, err := checkpoint.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	model := models.NewSequential(models.Config{Seed: 2}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	var weights []models.Weight
	for path, value := range state.Weights {
		weights = append(weights, models.Weight{Path: path, Value: value})
	}
	mismatch, err := model.SetMatchingWeights(weights...)
	fmt.Println(len(weights), "weights, all fit:", mismatch.Empty(), err)
	// Output: 2 weights, all fit: true <nil>
}
