package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

var _ Metric = R2Score{}

// R2Score is the coefficient of determination,
//
//	R² = 1 − Σ w·(y − ŷ)² / Σ w·(y − ȳ)²
//
// with ȳ the weighted mean of the targets. It is computed for each feature, over all
// samples and steps, and averaged over the features. It is 1 for outputs without error,
// 0 for those that always say the mean, and negative for worse ones.
//
// As in scikit-learn, a feature whose targets are all equal counts as 1 if there is no
// error and as 0 otherwise, and the result is NaN for fewer than two samples or steps of
// a weight above 0. Targets and outputs are [batch, ..., features] or [batch]; the
// number of features must not change within an epoch.
type R2Score struct{}

// Name is "r2_score".
func (R2Score) Name() string { return "r2_score" }

// HigherIsBetter is true.
func (R2Score) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (R2Score) Start() Accumulator { return &determination{} }

// determination adds up the R² of every feature. Sums of squares around the mean are
// corrected as the mean moves (West 1979), since a difference of two large sums would
// lose what is asked for.
type determination struct {
	lines  lines
	count  float64 // of lines with a weight above 0
	weight float64
	sums   []featureSums
}

type featureSums struct{ mean, squares, residual float64 }

func (d *determination) Add(target, output, weights *tensor.Dense) error {
	if err := check(target, output, weights); err != nil {
		return err
	}
	shape := graph.Shape(output.Shape())
	if err := same(graph.Shape(target.Shape()), shape); err != nil {
		return err
	}
	features := 1
	if len(shape) > 1 {
		features = shape[len(shape)-1]
	}
	if d.sums == nil {
		d.sums = make([]featureSums, features)
	}
	if len(d.sums) != features {
		return graph.Error{Field: "output", Rule: fmt.Sprintf("must have the %d features of the batches before", len(d.sums)), Value: shape}
	}
	return d.lines.each(target, output, weights, func(y, yhat []float64, weight float64) error {
		if weight == 0 {
			if !allFinite(y) || !allFinite(yhat) {
				d.weight = math.NaN()
			}
			return nil
		}
		d.count++
		d.weight += weight
		for i := range d.sums {
			s := &d.sums[i]
			delta := y[i] - s.mean
			s.mean += weight / d.weight * delta
			s.squares += weight * delta * (y[i] - s.mean)
			s.residual += weight * squared(y[i], yhat[i])
		}
		return nil
	})
}

func (d *determination) Result() float64 {
	if d.count < 2 || math.IsNaN(d.weight) {
		return math.NaN()
	}
	sum := 0.0
	for _, s := range d.sums {
		switch {
		case s.squares != 0: // or NaN
			sum += 1 - s.residual/s.squares
		case s.residual == 0:
			sum++
		default:
			sum += 0 * s.residual // NaN where it is not finite
		}
	}
	return sum / float64(len(d.sums))
}

// State is the count, the weight and three numbers of each feature.
func (d *determination) State() []float64 {
	state := []float64{d.count, d.weight}
	for _, s := range d.sums {
		state = append(state, s.mean, s.squares, s.residual)
	}
	return state
}

// Restore takes what State returned.
func (d *determination) Restore(state []float64) error {
	if len(state) < 2 || len(state)%3 != 2 || !(state[0] >= 0) || state[1] < 0 {
		return graph.Error{Field: "state", Rule: "must be a count and a weight, which are not negative, and three numbers of each feature", Value: state}
	}
	d.count, d.weight, d.sums = state[0], state[1], nil
	for s := range slices.Chunk(state[2:], 3) {
		d.sums = append(d.sums, featureSums{s[0], s[1], s[2]})
	}
	return nil
}
