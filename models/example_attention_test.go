package models_test

import (
	"context"
	"fmt"
	"log"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// An LSTM reads a sequence, and self-attention looks back at all that it read.
func Example_selfAttention() {
	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{5, 1}}, // 5 steps of 1 feature
		layers.LSTM{Units: 8, ReturnSequences: true},
		layers.MultiHeadAttention{NumHeads: 2, KeyDim: 4, UseCausalMask: true},
		layers.Flatten{},
		layers.Dense{Units: 1},
	)
	x := tensor.New(tensor.WithShape(3, 5, 1), tensor.Of(tensor.Float32))
	y, err := model.Predict(context.Background(), x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Shape())
	// Output: (3, 1)
}
