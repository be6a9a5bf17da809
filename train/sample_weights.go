package train

import (
	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// forGoal is what a list has for goal i, one thing for all goals or one for each.
func forGoal[T any](list []T, i int) (of T) {
	switch len(list) {
	case 0:
		return of
	case 1:
		return list[0]
	}
	return list[i]
}

// weightsOf is what weights i of a feed are called in messages.
func (t *Trainer) weightsOf(f feed, i int) string {
	if len(f.Weights) == 1 {
		return weightsName
	}
	return t.goals[i].of(weightsName)
}

// checkWeights holds weights against the samples, and gives no shape where there
// are none. Negative ones would train away from the targets, with a loss that
// falls for ever.
func (t *Trainer) checkWeights(name string, w *tensor.Dense, samples int) (graph.Shape, error) {
	if w == nil {
		return nil, nil
	}
	shape, err := t.checkTensor(name, w, nil, samples)
	if err != nil {
		return nil, err
	}
	var low float64
	if c := graph.Contiguous(w); c.Dtype() == tensor.Float32 {
		low = lowest(c.Float32s())
	} else {
		low = lowest(c.Float64s())
	}
	if low < 0 {
		return nil, t.fail(name, "must not be negative", low)
	}
	return shape, nil
}

// lowest is the least of the numbers and 0.
func lowest[T float32 | float64](of []T) float64 {
	var low T
	for _, x := range of {
		low = min(low, x)
	}
	return float64(low)
}
