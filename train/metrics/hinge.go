package metrics

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var (
	_ Metric = Hinge{}
	_ Metric = SquaredHinge{}
	_ Metric = CategoricalHinge{}
	_ Metric = KLDivergence{}
)

// Hinge is the mean of max(1 − y·ŷ, 0) over all elements, for outputs whose sign is the
// answer. Targets y are −1 and 1, or 0 and 1, where 0 means −1; others are an error.
type Hinge struct{}

// Name is "hinge".
func (Hinge) Name() string { return "hinge" }

// HigherIsBetter is false.
func (Hinge) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (Hinge) Start() Accumulator { return &average{term: checkedElements(signed, margin)} }

// SquaredHinge is Hinge with the square of every element, max(1 − y·ŷ, 0)².
type SquaredHinge struct{}

// Name is "squared_hinge".
func (SquaredHinge) Name() string { return "squared_hinge" }

// HigherIsBetter is false.
func (SquaredHinge) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (SquaredHinge) Start() Accumulator {
	return &average{term: checkedElements(signed, func(y, yhat float64) float64 {
		m := margin(y, yhat)
		return m * m
	})}
}

func signed(y, _ float64) error {
	if y != -1 && y != 0 && y != 1 {
		return graph.Error{Field: "target", Rule: "must be −1 or 1, or 0 for −1", Value: y}
	}
	return nil
}

func margin(y, yhat float64) float64 {
	if y == 0 {
		y = -1
	}
	return max(1-y*yhat, 0)
}

// CategoricalHinge is the mean over samples, or steps, of
//
//	max(max((1 − y)·ŷ) − Σ y·ŷ + 1, 0)
//
// for outputs of any size, [batch, ..., classes], of which the largest is the answer, and
// targets of the same shape that are 1 for the class and 0 for the others. Targets outside
// [0, 1] are an error.
type CategoricalHinge struct{}

// Name is "categorical_hinge".
func (CategoricalHinge) Name() string { return "categorical_hinge" }

// HigherIsBetter is false.
func (CategoricalHinge) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (CategoricalHinge) Start() Accumulator {
	return &average{term: ofClasses(func(y, yhat []float64) (float64, error) {
		other, own := math.Inf(-1), 0.0
		for k := range y {
			other = max(other, (1-y[k])*yhat[k])
			own += y[k] * yhat[k]
		}
		return max(other-own+1, 0), within01("target", y)
	})}
}

// KLDivergence is the mean over samples, or steps, of how far the probabilities p of an
// output are from those of a target, both [batch, ..., classes]:
//
//	Σ y·log(y/p)
//
// with y and p kept in [1e-7, 1], as in Keras. Targets and outputs outside [0, 1] are an
// error.
type KLDivergence struct{}

// Name is "kl_divergence".
func (KLDivergence) Name() string { return "kl_divergence" }

// HigherIsBetter is false.
func (KLDivergence) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (KLDivergence) Start() Accumulator {
	return &average{term: ofClasses(func(y, yhat []float64) (sum float64, err error) {
		if err := within01("target", y); err != nil {
			return 0, err
		}
		for k := range y {
			y, p := min(max(y[k], epsilon), 1), min(max(yhat[k], epsilon), 1)
			sum += y * math.Log(y/p)
		}
		return sum, within01("output", yhat)
	})}
}

// ofClasses averages a function of finite lines, each of which counts once.
func ofClasses(f func(y, yhat []float64) (float64, error)) func(target, output graph.Shape) (term, error) {
	return func(target, output graph.Shape) (term, error) {
		if err := severalClasses(output); err != nil {
			return term{}, err
		}
		return term{line: func(y, yhat []float64) (sum, count float64, err error) {
			if !allFinite(y) || !allFinite(yhat) {
				return math.NaN(), 1, nil
			}
			sum, err = f(y, yhat)
			return sum, 1, err
		}}, same(target, output)
	}
}

// within01 refuses a number outside [0, 1].
func within01(field string, x []float64) error {
	for _, e := range x {
		if e < -slack || e > 1+slack {
			return graph.Error{Field: field, Rule: "must lie in [0, 1]", Value: e}
		}
	}
	return nil
}
