package train_test

import (
	"context"
	"fmt"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"gorgonia.org/tensor"
)

// A schedule of learning rates, weight decay for all but biases, a slower first layer,
// steps of two batches, and averages of the weights, which the model has after Fit.
func ExampleConfig_optimizer() {
	x, y := make([][]float64, 64), make([][]float64, 64)
	for i := range x {
		v := float64(i) / 64
		x[i], y[i] = []float64{v}, []float64{v * v}
	}
	data, err := datasets.FromSlices(x, y, tensor.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}},
		layers.Dense{Units: 8, Activation: activations.Tanh, Name: "hidden"}, layers.Dense{Units: 1, Name: "out"})
	trainer, err := train.Compile(model, train.Config{
		Loss: losses.MSE{},
		Optimizer: optimizers.AdamW{
			Schedule: schedules.CosineDecay{DecaySteps: 28, WarmupTarget: 0.01, WarmupSteps: 4}, // batches
		},
		Groups: []optimizers.Group{
			optimizers.NoWeightDecay("bias"),
			{Paths: []string{"hidden"}, RateFactor: 0.5},
		},
		GradientAccumulationSteps: 2,
		EMA:                       &optimizers.EMA{Momentum: new(0.9)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 4, BatchSize: 8, Callbacks: []train.Callback{
		train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.EpochEnd {
				o := e.Trainer.Optimizer()
				fmt.Printf("epoch %d: %d updates, rate %.4f\n", e.Epoch+1, o.Iterations(), o.LearningRate())
			}
			return nil
		})}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trainer.Optimizer().SetLearningRate(0.001))
	// Output:
	// epoch 1: 4 updates, rate 0.0095
	// epoch 2: 8 updates, rate 0.0061
	// epoch 3: 12 updates, rate 0.0019
	// epoch 4: 16 updates, rate 0.0000
	// learning rate must not be set where the optimizer has a Schedule; leave Schedule out to set rates, got 0.001
}
