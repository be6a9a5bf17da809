package train_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Step updates the rows of an embedding that were used, and Apply all of them: both give
// the same bits, also with penalties and constraints, and where other programs have run in
// the memory of the gradients meanwhile.
func TestStepOfRowsIsApply(t *testing.T) {
	const words, steps = 200, 3
	for name, c := range map[string]struct {
		embedding layers.Embedding
		optimizer optimizers.Optimizer
	}{
		"Adam":       {layers.Embedding{}, optimizers.Adam{}},
		"clipped":    {layers.Embedding{}, optimizers.Adam{GlobalClipNorm: 0.01}},
		"SGD":        {layers.Embedding{MaskZero: true}, optimizers.SGD{}},
		"penalty":    {layers.Embedding{EmbeddingsRegularizer: regularizers.L2{}}, optimizers.Adam{}},
		"constraint": {layers.Embedding{EmbeddingsConstraint: constraints.MaxNorm{MaxValue: 0.05}}, optimizers.RMSprop{}},
	} {
		build := func() (*models.Sequential, *train.Trainer) {
			e := c.embedding
			e.InputDim, e.OutputDim = words, 5
			m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{steps}}, e,
				layers.LSTM{Units: 4, ReturnSequences: true}, layers.Dense{Units: words})
			tr, err := train.Compile(m, train.Config{Loss: losses.SparseCategoricalCrossentropy{FromLogits: true}, Optimizer: c.optimizer})
			check(t, err)
			return m, tr
		}
		m, stepped := build()
		other, applied := build()
		for step := range 8 {
			x, y := make([][]float64, 2), make([][]float64, 2)
			for i := range x {
				for k := range steps {
					word := float64((7*step*step + 50*i + k*k) % words)
					x[i], y[i] = append(x[i], word), append(y[i], float64(words-1)-word)
				}
			}
			b := batch(t, numbers(t, tensor.Float32, x, y))
			if step%3 == 2 {
				_, err := stepped.Evaluate(context.Background(), numbers(t, tensor.Float32, x, y), train.EvaluateConfig{})
				check(t, err)
			}
			_, err := stepped.Step(context.Background(), b)
			check(t, err)
			g, err := applied.Gradients(context.Background(), b)
			check(t, err)
			check(t, applied.Apply(g))
			sameWeights(t, fmt.Sprint(name, ", step ", step), m, other)
		}
	}
}

func sameWeights(t *testing.T, what string, got, want *models.Sequential) {
	t.Helper()
	a, err := got.Params()
	check(t, err)
	b, err := want.Params()
	check(t, err)
	weights := b.Copy()
	for path, x := range a.Copy() {
		for i, v := range x.Float32s() {
			if w := weights[path].Float32s()[i]; math.Float32bits(v) != math.Float32bits(w) {
				t.Fatalf("%s: element %d of %s is %v, want the bits of %v", what, i, path, v, w)
			}
		}
	}
}
