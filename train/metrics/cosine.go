package metrics

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Metric = CosineSimilarity{}

// CosineSimilarity is the mean over samples, or steps, of the cosine of the angle
// between target and output, [batch, ..., features]:
//
//	Σ y·ŷ / (|y|·|ŷ|)
//
// It lies in [−1, 1], and is 0 where one of both has only zeros. The loss of this name in
// Keras is its negative.
type CosineSimilarity struct{}

// Name is "cosine_similarity".
func (CosineSimilarity) Name() string { return "cosine_similarity" }

// HigherIsBetter is true.
func (CosineSimilarity) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (CosineSimilarity) Start() Accumulator {
	return &average{term: func(target, output graph.Shape) (term, error) {
		if len(output) < 2 {
			return term{}, graph.Error{Field: "output", Rule: "must have an axis of samples and one of features", Value: output}
		}
		return term{line: cosine}, same(target, output)
	}}
}

func cosine(y, yhat []float64) (sum, count float64, err error) {
	a, b := norm(y), norm(yhat)
	if a == 0 || b == 0 {
		return 0 * (a + b), 1, nil // NaN where the other is not finite
	}
	for k := range y {
		sum += y[k] / a * (yhat[k] / b)
	}
	return sum, 1, nil
}

// norm is the Euclidean norm, without overflow.
func norm(x []float64) float64 {
	size := 0.0
	for _, e := range x {
		size = math.Hypot(size, e)
	}
	return size
}
