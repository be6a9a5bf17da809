package metrics

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Metric = CategoricalAccuracy{}

// CategoricalAccuracy is how often the largest output belongs to the class with
// the largest target, the first one where several are equal. Targets and
// outputs are [batch, ..., classes]; it does not matter whether outputs are
// logits or probabilities.
type CategoricalAccuracy struct{}

// Name is "categorical_accuracy".
func (CategoricalAccuracy) Name() string { return "categorical_accuracy" }

// Start begins an epoch.
func (CategoricalAccuracy) Start() Accumulator { return &average{term: categorical} }

func categorical(target, output graph.Shape) (term, error) {
	if err := same(target, output); err != nil {
		return nil, err
	}
	return hitLargest, severalClasses(output)
}

func hitLargest(y, yhat []float64) (sum, count float64, err error) {
	if !allFinite(y) {
		return math.NaN(), 1, nil
	}
	return hit(largest(y), yhat), 1, nil
}

// hit is 1 where the largest element is the one at k.
func hit(k int, yhat []float64) float64 {
	switch {
	case !allFinite(yhat):
		return math.NaN()
	case largest(yhat) == k:
		return 1
	}
	return 0
}

// largest is the place of the largest element, the first of equal ones.
func largest(x []float64) int {
	at := 0
	for i := range x {
		if x[i] > x[at] {
			at = i
		}
	}
	return at
}

func allFinite(x []float64) bool {
	for _, e := range x {
		if !finite(e) {
			return false
		}
	}
	return true
}

// severalClasses refuses an output of which the largest element says nothing.
func severalClasses(output graph.Shape) error {
	if len(output) > 1 && output[len(output)-1] > 1 {
		return nil
	}
	return graph.Error{Field: "output", Rule: fmt.Sprintf("must have an axis of at least 2 classes; %s is for one number", BinaryAccuracy{}.Name()), Value: output}
}
