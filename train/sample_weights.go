package train

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
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
	if low := dense.Min(w); low < 0 {
		return nil, t.fail(name, "must not be negative", low)
	}
	return shape, nil
}
