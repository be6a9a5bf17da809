package losses

import "github.com/engram-go/engram/graph"

var (
	_ Loss = Hinge{}
	_ Loss = SquaredHinge{}
	_ Loss = CategoricalHinge{}
)

// Hinge is for outputs of any size whose sign is the answer, such as those of a layer
// without an activation. It is the mean over the features of
//
//	max(1 − y·ŷ, 0)
//
// with targets y of −1 and 1, or 0 and 1, where 0 means −1. Other targets are an error of
// the run.
type Hinge struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (Hinge) Loss(target, output graph.Value) graph.Value { return mean(margin(target, output)) }

// SquaredHinge is Hinge with the square of every element, max(1 − y·ŷ, 0)².
type SquaredHinge struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (SquaredHinge) Loss(target, output graph.Value) graph.Value {
	return mean(margin(target, output).Square())
}

// margin is max(1 − y·ŷ, 0) of every element.
func margin(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	y := target.Require("target", "must be −1 or 1, or 0 for −1", func(x float64) bool { return x == 0 || x == 1 || x == -1 })
	y = y.Map("sign of label", func(x float64) float64 {
		if x == 0 {
			return -1
		}
		return x
	}, nil)
	return y.Times(output).OneMinus().ReLU()
}

// CategoricalHinge is for outputs of any size that choose the class with the largest, with
// targets y that are 1 for the class and 0 for the others (Crammer & Singer 2001, "On the
// Algorithmic Implementation of Multiclass Kernel-based Vector Machines"):
//
//	max(max((1 − y)·ŷ) − Σ y·ŷ + 1, 0)
//
// As in Keras, the inner maximum is at least the 0 that the class itself has there. Targets
// outside [0, 1] are an error of the run.
type CategoricalHinge struct{}

// Loss maps [batch, ..., classes] to [batch, ...].
func (CategoricalHinge) Loss(target, output graph.Value) graph.Value {
	classes(output)
	if !fitsClasses(target, output) {
		return output
	}
	y := unit(target, "target", "must lie in [0, 1]")
	other := y.OneMinus().Times(output).Max(-1) // [batch, ...]
	own := y.Times(output).Sum(-1)              // [batch, ...]
	return other.Sub(own).AddConst(1).ReLU()
}
