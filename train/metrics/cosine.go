package metrics

import (
	"github.com/engram-go/engram/graph"
	"gonum.org/v1/gonum/floats"
)

var _ Metric = CosineSimilarity{}

// CosineSimilarity is the mean over samples, or steps, of the cosine of the angle
// between target and output, [batch, ..., features]:
//
//	Σ (y/max(‖y‖, 1e-7))·(ŷ/max(‖ŷ‖, 1e-7))
//
// It lies in [−1, 1], and is 0 where one of both has only zeros. It is the negative of the
// loss of this name.
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
	a, b := max(floats.Norm(y, 2), epsilon), max(floats.Norm(yhat, 2), epsilon)
	for k := range y {
		sum += y[k] / a * (yhat[k] / b)
	}
	return sum, 1, nil
}
