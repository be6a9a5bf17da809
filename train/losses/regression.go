package losses

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var (
	_ Loss = MSE{}
	_ Loss = MAE{}
	_ Loss = Huber{}
)

// MSE is the mean squared error, the mean of (ŷ − y)² over the features.
type MSE struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (MSE) Loss(target, output graph.Value) graph.Value {
	return mean(difference(target, output).Square())
}

// MAE is the mean absolute error, the mean of |ŷ − y| over the features. Where
// output and target are equal its derivative is 0.
type MAE struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (MAE) Loss(target, output graph.Value) graph.Value {
	return mean(difference(target, output).Abs())
}

// Huber is quadratic for small errors and linear for large ones, so that outliers
// count less than in MSE (Huber 1964). With d = ŷ − y it is the mean over the
// features of
//
//	d²/2              where |d| ≤ Delta
//	Delta·|d| − Delta²/2  elsewhere
type Huber struct {
	// Delta is the error from which the loss is linear, in units of the output.
	// Default 1.
	Delta float64
}

// Loss maps [batch, ..., features] to [batch, ...]. A negative, NaN or infinite
// Delta is an error.
func (h Huber) Loss(target, output graph.Value) graph.Value {
	delta := h.Delta
	if delta == 0 {
		delta = 1
	}
	if !(delta > 0 && delta <= math.MaxFloat64) {
		output.Scope().Failf("Huber.Delta", "must be finite and not negative", h.Delta)
	}
	return mean(difference(target, output).Map("huber", func(d float64) float64 {
		if a := math.Abs(d); a > delta {
			return delta * (a - delta/2)
		}
		return d * d / 2
	}, func(d, _ float64) float64 {
		return min(max(d, -delta), delta)
	}))
}

// difference is output − target.
func difference(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	return output.Sub(target)
}
