package train_test

import (
	"context"
	"fmt"

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

// A model learns y = 2·x + 1 from eight points and is judged on another two.
func Example() {
	data, err := datasets.FromSlices(
		[][]float64{{-4}, {-3}, {-2}, {-1}, {0}, {1}, {2}, {3}, {4}, {5}},
		[][]float64{{-7}, {-5}, {-3}, {-1}, {1}, {3}, {5}, {7}, {9}, {11}},
		tensor.Float32,
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{1}},
		layers.Dense{Units: 1},
	)
	trainer, err := train.Compile(model, train.Config{
		Loss:      losses.MSE{},
		Optimizer: optimizers.SGD{LearningRate: 0.05},
		Metrics:   []metrics.Metric{metrics.MAE{}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	history, err := trainer.Fit(context.Background(), data, train.FitConfig{
		Epochs: 100, BatchSize: 4, ValidationSplit: 0.2,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	loss := history.Values["val_loss"]
	fmt.Println(len(loss), "epochs, validation loss below 0.0001:", loss[len(loss)-1] < 1e-4)

	logs, err := trainer.Evaluate(context.Background(), data, train.EvaluateConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range logs {
		fmt.Printf("%s %.2f\n", l.Name, l.Value)
	}
	// Output:
	// 100 epochs, validation loss below 0.0001: true
	// loss 0.00
	// mae 0.00
}

// A custom training loop.
func ExampleTrainer_Step() {
	data, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{3}, {5}}, tensor.Float32)
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
	var batch datasets.Batch
	if err := data.Gather([]int{0, 1}, &batch); err != nil {
		fmt.Println(err)
		return
	}
	steps := 0
	for loss := 1.0; loss > 1e-3; steps++ {
		if loss, err = trainer.Step(context.Background(), &batch); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("learned within 200 steps:", steps <= 200)
	// Output:
	// learned within 200 steps: true
}

// A callback halves the learning rate after each epoch.
func ExampleCallbackFunc() {
	data, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{3}, {5}}, tensor.Float32)
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
	halve := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment != train.EpochEnd {
			return nil
		}
		o := e.Trainer.Optimizer()
		fmt.Printf("epoch %d of %d used a learning rate of %g\n", e.Epoch+1, e.Epochs, o.LearningRate())
		return o.SetLearningRate(o.LearningRate() / 2)
	})
	_, err = trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 3, Callbacks: []train.Callback{halve}})
	fmt.Println(err)
	// Output:
	// epoch 1 of 3 used a learning rate of 0.1
	// epoch 2 of 3 used a learning rate of 0.05
	// epoch 3 of 3 used a learning rate of 0.025
	// <nil>
}

// Two outputs of one layer: how much x is, and whether it is above 0.
func ExampleOutput() {
	x := tensor.New(tensor.WithShape(6, 1), tensor.WithBacking([]float32{-3, -2, -1, 1, 2, 3}))
	double := tensor.New(tensor.WithShape(6, 1), tensor.WithBacking([]float32{-6, -4, -2, 2, 4, 6}))
	above := tensor.New(tensor.WithShape(6), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 1})) // classes
	data, err := datasets.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{double, above})
	if err != nil {
		fmt.Println(err)
		return
	}
	in := models.NewInput(layers.Input{Shape: graph.Shape{1}})
	model := models.NewFunctional(models.Config{Seed: 1}, models.Inputs{in}, models.Outputs{
		models.Use(layers.Dense{Units: 1, Name: "double"}).Call(in),
		models.Use(layers.Dense{Units: 2, Name: "above"}).Call(in),
	})
	trainer, err := train.Compile(model, train.Config{
		Outputs: []train.Output{
			{Loss: losses.MSE{}, Weight: new(0.5)},
			{Loss: losses.SparseCategoricalCrossentropy{FromLogits: true}, Metrics: []metrics.Metric{metrics.Accuracy{}}},
		},
		Optimizer: optimizers.SGD{LearningRate: 0.1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 400}); err != nil {
		fmt.Println(err)
		return
	}
	logs, err := trainer.Evaluate(context.Background(), data, train.EvaluateConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range logs {
		fmt.Printf("%s %.2f\n", l.Name, l.Value)
	}
	// Output:
	// loss 0.01
	// double_loss 0.00
	// above_loss 0.01
	// above_accuracy 1.00
}
