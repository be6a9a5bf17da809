package metrics

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Metric = BinaryAccuracy{}

// BinaryAccuracy is the share of elements whose output lies above the threshold
// where the target is 1, and not above it where the target is 0. Other targets
// are an error.
type BinaryAccuracy struct {
	// Threshold is in units of the output. Default 0.5, for probabilities; for
	// logits it is new(0.0). NaN and infinities are errors.
	Threshold *float64
}

// Name is "binary_accuracy".
func (BinaryAccuracy) Name() string { return "binary_accuracy" }

// Start begins an epoch.
func (b BinaryAccuracy) Start() Accumulator {
	threshold := 0.5
	if b.Threshold != nil {
		threshold = *b.Threshold
	}
	return &average{term: func(target, output graph.Shape) (term, error) {
		if !finite(threshold) {
			return nil, graph.Error{Field: "BinaryAccuracy.Threshold", Rule: "must be finite", Value: threshold}
		}
		return yesOrNo(threshold), same(target, output)
	}}
}

// yesOrNo counts the elements that are on the right side of the threshold.
func yesOrNo(threshold float64) term {
	return func(y, yhat []float64) (sum, count float64, err error) {
		for k, x := range yhat {
			switch {
			case !finite(x) || !finite(y[k]):
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

func finite(x float64) bool { return x-x == 0 }
