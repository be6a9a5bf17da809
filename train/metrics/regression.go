package metrics

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
)

var (
	_ Metric = MSE{}
	_ Metric = RMSE{}
	_ Metric = MAE{}
	_ Metric = MAPE{}
	_ Metric = SMAPE{}
	_ Metric = MSLE{}
	_ Metric = LogCosh{}
	_ Metric = Poisson{}
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
	return 100 * math.Abs(target-output) / max(math.Abs(target), epsilon)
}

// SMAPE is the symmetric mean absolute percentage error over all elements,
//
//	100 · mean(2·|y − ŷ| / (|y| + |ŷ|))
//
// from 0 to 200, as in the M4 competition (Makridakis et al. 2020). An element whose
// target and output are both 0 counts as 0.
//
// Use it for targets in original units. Like MAPE it says little about targets near 0:
// where the target is 0, every output but 0 counts as 200.
type SMAPE struct{}

// Name is "smape".
func (SMAPE) Name() string { return "smape" }

// HigherIsBetter is false.
func (SMAPE) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (SMAPE) Start() Accumulator { return &average{term: elements(symmetricPercentage)} }

func symmetricPercentage(target, output float64) float64 {
	d := math.Abs(target - output)
	if d == 0 {
		return 0
	}
	return 200 * d / (math.Abs(target) + math.Abs(output))
}

// MSLE is the mean squared logarithmic error over all elements, as in Keras:
//
//	mean((log(1 + max(y, 1e-7)) − log(1 + max(ŷ, 1e-7)))²)
//
// A negative target is an error.
type MSLE struct{}

// Name is "msle".
func (MSLE) Name() string { return "msle" }

// HigherIsBetter is false.
func (MSLE) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (MSLE) Start() Accumulator {
	return &average{term: checkedElements(func(y, _ float64) error { return notBelow0("target", y) }, func(y, yhat float64) float64 {
		return squared(math.Log1p(max(y, epsilon)), math.Log1p(max(yhat, epsilon)))
	})}
}

// LogCosh is the mean of log(cosh(ŷ − y)) over all elements: half the squared error
// where it is small, and the absolute error less log 2 where it is large.
type LogCosh struct{}

// Name is "logcosh".
func (LogCosh) Name() string { return "logcosh" }

// HigherIsBetter is false.
func (LogCosh) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (LogCosh) Start() Accumulator { return &average{term: elements(logCosh)} }

func logCosh(target, output float64) float64 {
	d := math.Abs(output - target)
	if d > 1 {
		return d + math.Log1p(math.Exp(-2*d)) - math.Ln2 // without overflow
	}
	half := math.Sinh(d / 2)
	return math.Log1p(2 * half * half) // cosh d = 1 + 2 sinh²(d/2), exact for small d
}

// Poisson is the mean of ŷ − y·log(ŷ + 1e-7) over all elements, as in Keras: but for a
// term of the targets alone, the negative log likelihood of counts y whose expected
// values are ŷ. Negative targets and outputs are an error.
type Poisson struct{}

// Name is "poisson".
func (Poisson) Name() string { return "poisson" }

// HigherIsBetter is false.
func (Poisson) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (Poisson) Start() Accumulator {
	return &average{term: checkedElements(func(y, yhat float64) error {
		if err := notBelow0("target", y); err != nil {
			return err
		}
		return notBelow0("output", yhat)
	}, func(y, yhat float64) float64 { return yhat - y*math.Log(yhat+epsilon) })}
}

func notBelow0(field string, x float64) error {
	if x < 0 {
		return graph.Error{Field: field, Rule: "must not be negative", Value: x}
	}
	return nil
}

// elements averages a function of finite numbers over all elements.
func elements(f func(target, output float64) float64) func(target, output graph.Shape) (term, error) {
	return checkedElements(func(_, _ float64) error { return nil }, f)
}

// checkedElements is elements for numbers that are checked before.
func checkedElements(check func(target, output float64) error, f func(target, output float64) float64) func(target, output graph.Shape) (term, error) {
	return func(target, output graph.Shape) (term, error) {
		return term{line: func(y, yhat []float64) (sum, count float64, err error) {
			for k := range y {
				if !dense.Finite(y[k]) || !dense.Finite(yhat[k]) {
					sum = math.NaN()
					continue
				}
				if err := check(y[k], yhat[k]); err != nil {
					return 0, 0, err
				}
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
