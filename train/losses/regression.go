package losses

import (
	"math"

	"github.com/engram-go/engram/graph"
	"gonum.org/v1/gonum/floats"
)

var (
	_ Loss = MSE{}
	_ Loss = MAE{}
	_ Loss = Huber{}
	_ Loss = LogCosh{}
	_ Loss = MAPE{}
	_ Loss = MSLE{}
	_ Loss = Poisson{}
	_ Loss = CosineSimilarity{}
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

// LogCosh is near d²/2 for small errors d = ŷ − y and near |d| − log 2 for large ones, the
// mean of log cosh d over the features. It has all derivatives, unlike Huber.
type LogCosh struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (LogCosh) Loss(target, output graph.Value) graph.Value {
	return mean(difference(target, output).Map("log cosh", func(d float64) float64 {
		if a := math.Abs(d); a > 1 {
			return a + math.Log1p(math.Exp(-2*a)) - math.Ln2
		}
		half := math.Sinh(d / 2)
		return math.Log1p(2 * half * half) // cosh d = 1 + 2 sinh²(d/2)
	}, func(d, _ float64) float64 { return math.Tanh(d) }))
}

// MAPE is the mean absolute percentage error, the mean over the features of
//
//	100·|ŷ − y| / max(|y|, 1e-7)
//
// Targets near 0 outweigh all others: a target of 0 with an error of 1 counts 10⁹.
type MAPE struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (MAPE) Loss(target, output graph.Value) graph.Value {
	size := target.Abs().Clip(epsilon, math.Inf(1))
	return mean(difference(target, output).Abs().Div(size).Scale(100))
}

// MSLE is the mean squared logarithmic error, for targets that are not negative and of very
// different sizes: the mean over the features of
//
//	(log(1 + ŷ) − log(1 + y))²
//
// As in Keras, outputs below 1e-7 count as 1e-7, with a derivative of 0, and so do targets. A
// negative target is an error of the run.
type MSLE struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (MSLE) Loss(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	log := func(v graph.Value) graph.Value {
		return v.Map("log of one more", func(x float64) float64 {
			if x < epsilon && !math.IsInf(x, -1) {
				x = epsilon
			}
			return math.Log1p(x)
		}, func(x, _ float64) float64 {
			if x < epsilon {
				return 0
			}
			return 1 / (1 + x)
		})
	}
	return mean(log(output).Sub(log(notNegative(target, "target"))).Square())
}

// Poisson is for outputs that are the expected number of events, which a softplus or an
// exponential makes positive, with targets that are the numbers counted. It is the negative
// log-likelihood of the Poisson distribution without the term log y!, which no output
// changes: the mean over the features of
//
//	ŷ − y·log(ŷ + 1e-7)
//
// Negative outputs or targets are an error of the run. NegativeBinomialNLL is for counts
// that vary more than these.
type Poisson struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (Poisson) Loss(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	y := notNegative(target, "target")
	yhat := output.Require("output", "must not be negative; end the model with a softplus", func(x float64) bool { return !(x < 0) })
	return mean(yhat.Sub(y.Times(yhat.AddConst(epsilon).Log())))
}

// CosineSimilarity is minus the cosine of the angle between output and target over the
// features: −1 where they point the same way, 0 where they are orthogonal and 1 where they
// are opposite, whatever their lengths:
//
//	−Σ (y/max(‖y‖, 1e-7))·(ŷ/max(‖ŷ‖, 1e-7))
type CosineSimilarity struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (CosineSimilarity) Loss(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	if output.Rank() < 2 || output.Dim(-1) == graph.Any {
		output.Scope().Failf("output", "must have an axis of samples and one of features", output.Shape())
		return output
	}
	n := output.Dim(-1)
	// The lengths of two vectors, which are at least epsilon, and the cosine between them.
	between := func(a, b []float64) (la, lb, cosine float64) {
		la, lb = max(floats.Norm(a, 2), epsilon), max(floats.Norm(b, 2), epsilon)
		for i := range a {
			cosine += a[i] / la * (b[i] / lb)
		}
		return la, lb, cosine
	}
	slope := func(da, a, b []float64) {
		la, lb, cosine := between(a, b)
		for i := range da {
			da[i] = -b[i] / lb / la
			if la > epsilon { // the length of a is divided out
				da[i] += a[i] / la * cosine / la
			}
		}
	}
	return ofLines("cosine similarity", func(x []float64) float64 {
		_, _, cosine := between(x[:n], x[n:])
		return 0 - cosine // not −0
	}, func(x, dx []float64) {
		slope(dx[:n], x[:n], x[n:])
		slope(dx[n:], x[n:], x[:n])
	}, target, output)
}

// notNegative refuses negative numbers. A NaN is accepted and makes the loss NaN.
func notNegative(v graph.Value, field string) graph.Value {
	return v.Require(field, "must not be negative", func(x float64) bool { return !(x < 0) })
}

// difference is output − target.
func difference(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	return output.Sub(target)
}
