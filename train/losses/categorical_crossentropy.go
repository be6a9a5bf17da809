package losses

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

var (
	_ Loss         = CategoricalCrossentropy{}
	_ Loss         = SparseCategoricalCrossentropy{}
	_ TargetShaper = SparseCategoricalCrossentropy{}
	_ Loss         = KLDivergence{}
)

// CategoricalCrossentropy is for outputs that choose one of several classes,
// with targets that are 1 for the class and 0 for the others, or any
// probabilities:
//
//	−Σ y·log p
//
// Where the output is a softmax, the loss is computed from the logits behind it,
// without overflow, and its gradient, p − y, does not vanish where p rounds to 0
// or 1; so is it behind a sigmoid, whose outputs are divided by their sum. Any
// other output is divided by its sum over the classes and kept away from 0 and 1
// by 1e-7, as in Keras; beyond that its gradient is 0. Negative outputs that are
// not logits and targets outside [0, 1] are an error of the run.
// SparseCategoricalCrossentropy takes the numbers of classes.
type CategoricalCrossentropy struct {
	// FromLogits says that the model ends without a softmax: p = softmax(output).
	// Behind a softmax or a sigmoid it is an error of Compile.
	FromLogits bool
	// LabelSmoothing moves the targets towards all classes equally:
	// y·(1 − s) + s/classes. In [0, 1]; default 0.
	LabelSmoothing float64
}

// Loss maps [batch, ..., classes] to [batch, ...].
func (c CategoricalCrossentropy) Loss(target, output graph.Value) graph.Value {
	n := classes(output)
	if !fitsClasses(target, output) {
		return output
	}
	if z, ok := logits("CategoricalCrossentropy", output, c.FromLogits); ok {
		checkSmoothing("CategoricalCrossentropy", output, c.LabelSmoothing)
		return z.CrossEntropy(target, c.LabelSmoothing)
	}
	y := unit(target, "target", "must lie in [0, 1]")
	y = smooth("CategoricalCrossentropy", y, c.LabelSmoothing, n)
	return y.Times(logProbabilities(output)).Sum(-1).Neg()
}

// SparseCategoricalCrossentropy is CategoricalCrossentropy with the number of
// the class k as the target, from 0:
//
//	−log p_k
//
// Targets are floats like all data; one that is not the number of a class is an
// error of the run, also at a masked step.
type SparseCategoricalCrossentropy struct {
	// FromLogits says that the model ends without a softmax: p = softmax(output).
	// Behind a softmax or a sigmoid it is an error of Compile.
	FromLogits bool
}

// TargetShape is that of the output without its classes.
func (SparseCategoricalCrossentropy) TargetShape(output graph.Shape) graph.Shape {
	return output[:max(len(output)-1, 0)].Clone()
}

// Loss maps an output [batch, ..., classes] and a target [batch, ...], or
// [batch, ..., 1], to [batch, ...].
func (c SparseCategoricalCrossentropy) Loss(target, output graph.Value) graph.Value {
	s, n := output.Scope(), classes(output)
	if target.Rank() == output.Rank() && target.Rank() > 1 && target.Dim(-1) == 1 {
		target = target.At(-1, 0) // [batch, ...]
	}
	want := c.TargetShape(output.Shape())
	if !target.Shape().Matches(want) {
		s.Failf("target", fmt.Sprintf("must be numbers of classes in the shape %v; CategoricalCrossentropy takes a number for each class", want), target.Shape())
		return output
	}
	if z, ok := logits("SparseCategoricalCrossentropy", output, c.FromLogits); ok {
		return z.ClassCrossEntropy(target)
	}
	class := target.Require("target", classRule(n), whole(n))
	return logProbabilities(output).Pick(class).Neg()
}

// KLDivergence is how far the probabilities of an output are from those of a target, which
// it reaches at 0 (Kullback & Leibler 1951): the cross-entropy without the entropy of the
// target,
//
//	Σ y·log(y/p)
//
// with y and p kept in [1e-7, 1], as in Keras, beyond which the derivative is 0. Where the
// output is a softmax or a sigmoid, log p is computed from the logits behind it, without a
// limit. Outputs and targets outside [0, 1] are an error of the run.
type KLDivergence struct{}

// Loss maps [batch, ..., classes] to [batch, ...].
func (KLDivergence) Loss(target, output graph.Value) graph.Value {
	classes(output)
	if !fitsClasses(target, output) {
		return output
	}
	y := unit(target, "target", "must lie in [0, 1]").Clip(epsilon, 1)
	var log graph.Value // of p
	if z, ok := output.SoftmaxOf(); ok {
		log = z.LogSoftmax(-1)
	} else if z, ok := output.SigmoidOf(); ok {
		log = logSigmoid(z)
	} else {
		log = unit(output, "output", "must be a probability, in [0, 1]; end the model with a softmax").Clip(epsilon, 1).Log()
	}
	return y.Times(y.Log().Sub(log)).Sum(-1)
}
