package models_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// A model that sees whole series when it is trained meets a new one value by
// value, as they come.
func ExampleModel_Stepper() {
	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{5, 1}},
		layers.LSTM{Units: 8},
		layers.Dense{Units: 1},
	)
	series := []float32{0.1, 0.4, -0.2, 0.3, 0.9}
	whole, err := model.Predict(context.Background(), tensor.New(tensor.WithShape(1, 5, 1), tensor.WithBacking(series)))
	if err != nil {
		log.Fatal(err)
	}
	stepper, err := model.Stepper(models.StepperConfig{})
	if err != nil {
		log.Fatal(err)
	}
	var y *tensor.Dense
	for _, x := range series {
		y, err = stepper.Step(context.Background(), tensor.New(tensor.WithShape(1, 1, 1), tensor.WithBacking([]float32{x})))
		if err != nil {
			log.Fatal(err)
		}
	}
	difference := float64(y.Float32s()[0] - whole.Float32s()[0])
	fmt.Println("after all steps as Predict:", math.Abs(difference) < 1e-6)
	if err := stepper.Reset(); err != nil { // for the next series
		log.Fatal(err)
	}
	// Output: after all steps as Predict: true
}
