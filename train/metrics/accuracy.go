package metrics

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
)

var (
	_ Metric = Accuracy{}
	_ Metric = BinaryAccuracy{}
	_ Metric = CategoricalAccuracy{}
	_ Metric = SparseCategoricalAccuracy{}
)

// Accuracy chooses by the shapes, like Keras' "accuracy": BinaryAccuracy where an
// output is one number, SparseCategoricalAccuracy where targets are the numbers of
// classes, [batch, ...] or [batch, ..., 1], and CategoricalAccuracy otherwise.
//
// It is stricter than these three, since a wrong choice would look like a result.
// An output of one number must be a probability; for logits use
// BinaryAccuracy{Threshold: new(0.0)}. Targets with an axis of classes must be 1
// for one class and 0 for the others; for outputs of several answers, each yes or
// no, use BinaryAccuracy.
type Accuracy struct{}

// Name is "accuracy".
func (Accuracy) Name() string { return "accuracy" }

// HigherIsBetter is true.
func (Accuracy) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (Accuracy) Start() Accumulator { return &average{term: byShape} }

func byShape(target, output graph.Shape) (term, error) {
	switch last := len(output) - 1; {
	case last == 0 || output[last] == 1:
		return term{line: hitProbability}, same(target, output)
	case !target.Equal(output):
		return sparse(target, output)
	}
	return term{class: onlyOne("use CategoricalAccuracy or BinaryAccuracy for other targets")}, nil
}

// hitProbability is hitThreshold for probabilities only.
func hitProbability(y, yhat []float64) (sum, count float64, err error) {
	for _, x := range yhat {
		if dense.Finite(x) && (x < -slack || x > 1+slack) {
			return 0, 0, graph.Error{Field: "output", Rule: "must be a probability, in [0, 1]; use BinaryAccuracy with a Threshold for logits", Value: x}
		}
	}
	return hitThreshold(0.5)(y, yhat)
}

// BinaryAccuracy is the share of elements whose output is above the threshold where
// the target is 1, and not above it where the target is 0. Other targets are an
// error.
type BinaryAccuracy struct {
	// Threshold is in units of the output. Nil means 0.5, for probabilities; use
	// new(0.0) for logits. NaN and infinities are errors.
	Threshold *float64
}

// Name is "binary_accuracy".
func (BinaryAccuracy) Name() string { return "binary_accuracy" }

// HigherIsBetter is true.
func (BinaryAccuracy) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (b BinaryAccuracy) Start() Accumulator {
	threshold := 0.5
	if b.Threshold != nil {
		threshold = *b.Threshold
	}
	return &average{term: func(target, output graph.Shape) (term, error) {
		if !dense.Finite(threshold) {
			return term{}, graph.Error{Field: "BinaryAccuracy.Threshold", Rule: "must be finite", Value: threshold}
		}
		return term{line: hitThreshold(threshold)}, same(target, output)
	}}
}

// hitThreshold counts the elements that are on the right side of the threshold.
func hitThreshold(threshold float64) func(y, yhat []float64) (sum, count float64, err error) {
	return func(y, yhat []float64) (sum, count float64, err error) {
		for k, x := range yhat {
			switch {
			case !dense.Finite(x) || !dense.Finite(y[k]):
				sum = math.NaN()
			case y[k] != 0 && y[k] != 1:
				return 0, 0, graph.Error{Field: "target", Rule: "must be 0 or 1", Value: y[k]}
			case x > threshold == (y[k] == 1):
				sum++
			}
		}
		return sum, float64(len(y)), nil
	}
}

// CategoricalAccuracy is the share of samples, or steps, whose largest output
// belongs to the class with the largest target; of equal ones the first counts.
// Targets and outputs are [batch, ..., classes]; outputs are logits or
// probabilities.
type CategoricalAccuracy struct{}

// Name is "categorical_accuracy".
func (CategoricalAccuracy) Name() string { return "categorical_accuracy" }

// HigherIsBetter is true.
func (CategoricalAccuracy) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (CategoricalAccuracy) Start() Accumulator { return &average{term: categorical} }

func categorical(target, output graph.Shape) (term, error) {
	if !target.Equal(output) {
		rule := fmt.Sprintf("must have the shape of the output, %v; SparseCategoricalAccuracy and SparseTopKCategoricalAccuracy take the numbers of classes", output)
		return term{}, graph.Error{Field: "target", Rule: rule, Value: target}
	}
	return term{class: largestTarget}, severalClasses(output)
}

// SparseCategoricalAccuracy is the share of samples, or steps, whose largest output
// is that of the target's class; of equal ones the first counts. Outputs are
// [batch, ..., classes], logits or probabilities; targets are the numbers of
// classes, from 0, [batch, ...] or [batch, ..., 1]. Other targets are an error.
type SparseCategoricalAccuracy struct{}

// Name is "sparse_categorical_accuracy".
func (SparseCategoricalAccuracy) Name() string { return "sparse_categorical_accuracy" }

// HigherIsBetter is true.
func (SparseCategoricalAccuracy) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (SparseCategoricalAccuracy) Start() Accumulator { return &average{term: sparse} }

func sparse(target, output graph.Shape) (term, error) {
	return term{class: number}, numbersOfClasses(target, output)
}
