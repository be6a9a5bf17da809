package train_test

import (
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"gorgonia.org/tensor"
)

// Negative weights are found in both dtypes, those of steps too, wherever they lie.
func TestNegativeWeights(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		m := models.NewSequential(models.Config{Dtype: dtype}, layers.Input{Shape: graph.Shape{2, features}}, layers.Dense{Units: 1})
		trainer := compile(t, m, train.Config{})
		b := &datasets.Batch{
			Inputs:  []*tensor.Dense{dense(dtype, make([]float64, 3*2*features), 3, 2, features)},
			Targets: []*tensor.Dense{dense(dtype, make([]float64, 6), 3, 2, 1)},
			Weights: dense(dtype, []float64{1, 0, 2, 0, -0.5, 1}, 2, 3),
		}
		check(t, b.Weights.T()) // [3, 2], as a view
		_, err := trainer.Step(background, b)
		wantInput(t, err, "sequential: sample weights must not be negative, got -0.5")
		b.Weights = dense(dtype, make([]float64, 6), 3, 2)
		_, err = trainer.Step(background, b)
		check(t, err)
	}
}
