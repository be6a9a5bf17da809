package losses

import "github.com/engram-go/engram/graph"

var _ Loss = CategoricalCrossentropy{}

// CategoricalCrossentropy is for outputs that choose one of several classes,
// with targets that are 1 for the class and 0 for the others, or any
// probabilities:
//
//	−Σ y·log p
//
// p is the output divided by its sum over the classes and kept away from 0 and
// 1 by 1e-7, as in Keras, or, from logits, their softmax, without overflow and
// without that limit. Negative outputs, where they are no logits, and targets
// outside [0, 1] are an error when they are met. SparseCategoricalCrossentropy
// takes the numbers of classes.
type CategoricalCrossentropy struct {
	// FromLogits says that the output has no softmax at its end.
	FromLogits bool
	// LabelSmoothing draws the targets towards all classes alike:
	// y·(1 − s) + s/classes. In [0, 1]; default 0.
	LabelSmoothing float64
}

// Loss maps [batch, ..., classes] to [batch, ...].
func (c CategoricalCrossentropy) Loss(target, output graph.Value) graph.Value {
	n := classes(output)
	if !fits(target, output) {
		return output
	}
	y := unit(target, "target", "must lie in [0, 1]")
	y = smooth("CategoricalCrossentropy", y, c.LabelSmoothing, n)
	return y.Times(logProbabilities(output, c.FromLogits)).Sum(-1).Neg()
}
