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
