package metrics

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var (
	_ Metric = MSE{}
	_ Metric = RMSE{}
	_ Metric = MAE{}
	_ Metric = MAPE{}
)

// MSE is the mean squared error over all elements.
type MSE struct{}

// Name is "mse".
func (MSE) Name() string { return "mse" }

// HigherIsBetter is false.
func (MSE) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (MSE) Start() Accumulator { return &average{term: elements(squared)} }

// RMSE is the root of the mean squared error over all elements, in units of the
// target.
type RMSE struct{}

// Name is "rmse".
func (RMSE) Name() string { return "rmse" }

// HigherIsBetter is false.
func (RMSE) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (RMSE) Start() Accumulator { return &average{term: elements(squared), finish: math.Sqrt} }

// MAE is the mean absolute error over all elements, in units of the target.
type MAE struct{}

// Name is "mae".
func (MAE) Name() string { return "mae" }

// HigherIsBetter is false.
func (MAE) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (MAE) Start() Accumulator { return &average{term: elements(absolute)} }

// MAPE is the mean absolute percentage error over all elements, as in Keras:
// 100 · mean(|y − ŷ| / max(|y|, 1e-7)).
//
// Use it only for targets in original units that stay away from zero. A single
// target of 0 dominates the mean, with a billion percent for an error of 1, and a
// differenced or standardised series has many targets near 0.
type MAPE struct{}

// Name is "mape".
func (MAPE) Name() string { return "mape" }

// HigherIsBetter is false.
func (MAPE) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (MAPE) Start() Accumulator { return &average{term: elements(percentage)} }

func percentage(target, output float64) float64 {
	return 100 * math.Abs(target-output) / max(math.Abs(target), 1e-7)
}

// elements averages a function over all elements.
func elements(f func(target, output float64) float64) func(target, output graph.Shape) (term, error) {
	return func(target, output graph.Shape) (term, error) {
		return term{line: func(y, yhat []float64) (sum, count float64, err error) {
			for k := range y {
				sum += f(y[k], yhat[k])
			}
			return sum, float64(len(y)), nil
		}}, same(target, output)
	}
}

func squared(target, output float64) float64 {
	d := output - target
	return d * d
}

func absolute(target, output float64) float64 { return math.Abs(output - target) }
