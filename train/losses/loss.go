// Package losses has the losses that training minimizes. A loss is a plain config
// value; its Loss builds one number for each sample from symbolic values in a
// graph.Scope. The trainer averages them over samples and steps, with the weights
// w of samples or steps:
//
//	Σ w·l / n
//
// n is the number of samples, or of steps that are not masked, in the batch,
// whatever their weights are. train.Config has the details.
//
//   - Numbers: MSE, MAE, Huber, LogCosh, MAPE, MSLE, CosineSimilarity; counts: Poisson.
//   - Forecasts with their uncertainty: Quantile; GaussianNLL, StudentTNLL and, of counts,
//     NegativeBinomialNLL.
//   - Yes or no: BinaryCrossentropy, BinaryFocalCrossentropy, Hinge, SquaredHinge.
//   - Classes: CategoricalCrossentropy, SparseCategoricalCrossentropy,
//     CategoricalFocalCrossentropy, CategoricalHinge, KLDivergence.
//   - Labels in an order, of unknown steps: CTC.
package losses

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Loss measures how far an output is from its target: one number for each
// sample, and for each step where there are steps.
//
// Target and output have one shape, [batch, ..., features], unless the loss is
// a TargetShaper; the result is the mean over the features, [batch, ...].
// Without an axis of features, [batch], every element already is the number of a
// sample. Errors are reported through the scope of output. Masks and weights are
// applied by the trainer; output has no mask, unless the loss is a MaskReader.
type Loss interface {
	Loss(target, output graph.Value) graph.Value
}

// TargetShaper is a loss whose targets have another shape than the output. Axes
// may be open.
type TargetShaper interface {
	TargetShape(output graph.Shape) graph.Shape
}

// MaskReader is a loss of whole sequences, such as CTC: one number for each sample, [batch],
// whatever the number of steps. Its Loss gets the output with its mask, if there is one, and
// leaves the masked steps out itself; see graph.Value.Mask.
type MaskReader interface {
	Loss
	ReadsMask()
}

// All lists every loss of this package, with zero fields. A registry of saved configs starts
// from it.
func All() []any {
	return []any{MSE{}, MAE{}, Huber{}, LogCosh{}, MAPE{}, MSLE{}, CosineSimilarity{}, Poisson{},
		Quantile{}, GaussianNLL{}, StudentTNLL{}, NegativeBinomialNLL{},
		BinaryCrossentropy{}, BinaryFocalCrossentropy{}, Hinge{}, SquaredHinge{},
		CategoricalCrossentropy{}, SparseCategoricalCrossentropy{}, CategoricalFocalCrossentropy{}, CategoricalHinge{}, KLDivergence{}, CTC{}}
}

// fits tells whether the shapes of target and output are equal, and reports an
// error where they are not: [batch] and [batch, 1] would broadcast to every sample
// against every other, and train a wrong model without an error.
func fits(target, output graph.Value) bool { return fitsOr(target, output, "") }

// fitsClasses is fits for targets with an axis of classes.
func fitsClasses(target, output graph.Value) bool {
	return fitsOr(target, output, "; SparseCategoricalCrossentropy takes the numbers of classes")
}

// fitsOr is fits with what else can be done.
func fitsOr(target, output graph.Value, remedy string) bool {
	s, want := output.Scope(), output.Shape()
	switch {
	case len(want) == 0:
		s.Failf("output", "must have an axis of samples", want)
	case !target.Shape().Matches(want):
		s.Failf("target", fmt.Sprintf("must have the shape of the output, %v%s", want, remedy), target.Shape())
	default:
		return true
	}
	return false
}

// mean averages over the features.
func mean(v graph.Value) graph.Value {
	if v.Rank() < 2 {
		return v
	}
	return v.Mean(-1)
}
