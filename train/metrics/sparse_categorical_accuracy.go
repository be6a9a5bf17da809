package metrics

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Metric = SparseCategoricalAccuracy{}

// SparseCategoricalAccuracy is how often the largest output, the first one
// where several are equal, is that of the target's class. Outputs are [batch,
// ..., classes], logits or probabilities; targets are numbers of classes from
// 0, [batch, ...] or [batch, ..., 1]. Targets that are no such numbers are an
// error.
type SparseCategoricalAccuracy struct{}

// Name is "sparse_categorical_accuracy".
func (SparseCategoricalAccuracy) Name() string { return "sparse_categorical_accuracy" }

// Start begins an epoch.
func (SparseCategoricalAccuracy) Start() Accumulator { return &average{term: sparse} }

func sparse(target, output graph.Shape) (term, error) {
	if err := severalClasses(output); err != nil {
		return nil, err
	}
	want := lead(output)
	if !target.Equal(want) && !target.Equal(append(want.Clone(), 1)) {
		return nil, graph.Error{Field: "target", Rule: fmt.Sprintf("must hold numbers of classes in the shape %v", want), Value: target}
	}
	return hitNumber, nil
}

func hitNumber(y, yhat []float64) (sum, count float64, err error) {
	class := y[0]
	if !finite(class) {
		return math.NaN(), 1, nil
	}
	if class != math.Trunc(class) || class < 0 || class >= float64(len(yhat)) {
		rule := fmt.Sprintf("must be the number of a class, a whole number from 0 to %d", len(yhat)-1)
		return 0, 0, graph.Error{Field: "target", Rule: rule, Value: class}
	}
	return hit(int(class), yhat), 1, nil
}
