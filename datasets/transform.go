package datasets

import (
	"math"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// Transform scales or differences the values of a column for a network. It is a
// plain config value, the same for every column. Fit learns the transform of one
// column from its training rows alone.
type Transform interface {
	// Lag is the number of earlier values that the transform of a value needs: 0,
	// or 1 for changes, which the first row does not have.
	Lag() int
	// Check reports the rule that a value breaks, as a graph.Error without
	// a path, or nil.
	Check(value float64) error
	// Fit learns from the training values of a column, all of them checked.
	Fit(train []float64) (Fitted, error)
}

// Fitted transforms the values of one column and undoes it. The value before
// is the untransformed one; with Lag 0 it is ignored. To undo several
// steps, the value undone at one step is the value before the next.
type Fitted interface {
	Do(before, value float64) float64
	Undo(before, transformed float64) float64
}

var (
	_ Transform = None{}
	_ Transform = MinMax{}
	_ Transform = Standard{}
	_ Transform = Difference{}
	_ Transform = LogReturn{}
)

// None leaves the values as they are.
type None struct{}

// Lag is 0.
func (None) Lag() int { return 0 }

// Check accepts every value.
func (None) Check(float64) error { return nil }

// Fit learns nothing.
func (None) Fit([]float64) (Fitted, error) { return scale{factor: 1}, nil }

// MinMax scales the training part to [0, 1]: (x − min) / (max − min). What
// comes after the training part may be outside. A column that does not vary
// in the training part is an error.
type MinMax struct{}

// Lag is 0.
func (MinMax) Lag() int { return 0 }

// Check accepts every value.
func (MinMax) Check(float64) error { return nil }

// Fit learns the smallest and the largest value.
func (MinMax) Fit(train []float64) (Fitted, error) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range train {
		low, high = min(low, v), max(high, v)
	}
	return newScale(low, high-low, largest(train), "must vary in the training part")
}

// Standard scales the training part to mean 0 and standard deviation 1, the
// deviation taken over n values, not n − 1. A column that does not vary in the
// training part is an error.
type Standard struct{}

// Lag is 0.
func (Standard) Lag() int { return 0 }

// Check accepts every value.
func (Standard) Check(float64) error { return nil }

// Fit learns the mean and the standard deviation.
func (Standard) Fit(train []float64) (Fitted, error) {
	mean, deviation := moments(train)
	return newScale(mean, deviation, largest(train), "must vary in the training part")
}

// scale is (x − shift) / factor.
type scale struct{ shift, factor float64 }

func (s scale) Do(_, value float64) float64         { return (value - s.shift) / s.factor }
func (s scale) Undo(_, transformed float64) float64 { return transformed*s.factor + s.shift }

// newScale refuses a factor within the rounding error of values as large as size:
// dividing by it would amplify noise.
func newScale(shift, factor, size float64, rule string) (scale, error) {
	const rounding = 4 * 0x1p-52
	if !dense.Finite(shift) || !dense.Finite(factor) {
		return scale{}, errs.Error{Rule: "must be small enough to be scaled, up to about 1e150", Value: size}
	}
	if factor <= rounding*size {
		return scale{}, errs.Error{Rule: rule, Value: shift}
	}
	return scale{shift, factor}, nil
}

// moments returns mean and standard deviation. Everything is taken relative to
// the first value, so that a constant column has a deviation of exactly 0.
func moments(values []float64) (mean, deviation float64) {
	if len(values) == 0 {
		return 0, 0
	}
	first, n := values[0], float64(len(values))
	for _, v := range values {
		mean += (v - first) / n
	}
	squares := 0.0
	for _, v := range values {
		d := v - first - mean
		squares += d * d
	}
	return first + mean, math.Sqrt(squares / n)
}

func largest(values []float64) float64 {
	size := 0.0
	for _, v := range values {
		size = max(size, math.Abs(v))
	}
	return size
}

// Difference takes the change from the value before, x_t − x_{t−1}, scaled to
// mean 0 and standard deviation 1 in the training part, since a recurrent
// layer starts from inputs of about that size. A column that always changes by
// the same amount in the training part is an error. The first row is lost: a
// window of 30 changes needs 31 values.
type Difference struct{}

// Lag is 1.
func (Difference) Lag() int { return 1 }

// Check accepts every value.
func (Difference) Check(float64) error { return nil }

// Fit learns the mean and the standard deviation of the changes.
func (Difference) Fit(train []float64) (Fitted, error) {
	changes := make([]float64, max(0, len(train)-1))
	for i := range changes {
		changes[i] = train[i+1] - train[i]
	}
	s, err := standardChanges(changes, largest(train), "must not always change by the same amount in the training part")
	return difference{s}, err
}

type difference struct{ scale }

func (d difference) Do(before, value float64) float64 { return d.scale.Do(0, value-before) }
func (d difference) Undo(before, transformed float64) float64 {
	return before + d.scale.Undo(0, transformed)
}

// LogReturn takes the logarithm of the ratio to the value before,
// log(x_t / x_{t−1}), scaled to mean 0 and standard deviation 1 in the training
// part, as Difference does. It suits prices, whose changes grow with them.
// Every value must be positive. A column that always changes by the same ratio
// in the training part is an error. The first row is lost: a window of 30
// returns needs 31 prices.
type LogReturn struct{}

// Lag is 1.
func (LogReturn) Lag() int { return 1 }

// Check refuses values without a logarithm.
func (LogReturn) Check(value float64) error {
	if value > 0 {
		return nil
	}
	return errs.Error{Rule: "must be positive for LogReturn", Value: value}
}

// Fit learns the mean and the standard deviation of the returns.
func (LogReturn) Fit(train []float64) (Fitted, error) {
	returns, size := make([]float64, max(0, len(train)-1)), 1.0 // a logarithm is never rounded finer than the ratio in it
	for i := range returns {
		before, value := math.Log(train[i]), math.Log(train[i+1])
		returns[i] = value - before
		size = max(size, math.Abs(before), math.Abs(value))
	}
	s, err := standardChanges(returns, size, "must not always change by the same ratio in the training part")
	return logReturn{s}, err
}

type logReturn struct{ scale }

func (l logReturn) Do(before, value float64) float64 {
	return l.scale.Do(0, math.Log(value)-math.Log(before))
}

func (l logReturn) Undo(before, transformed float64) float64 {
	return before * math.Exp(l.scale.Undo(0, transformed))
}

func standardChanges(changes []float64, size float64, rule string) (scale, error) {
	mean, deviation := moments(changes)
	return newScale(mean, deviation, size, rule)
}
