package datasets

import (
	"math"

	"github.com/engram-go/engram/internal/errs"
)

// Difference takes the change from the value before, x_t − x_{t−1}, scaled to
// mean 0 and standard deviation 1 in the training part, since a recurrent
// layer starts from inputs of about that size. A column that always changes by
// the same amount in the training part is an error. The first row is lost: a
// window of 30 changes looks at 31 values.
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
// returns looks at 31 prices.
type LogReturn struct{}

// Lag is 1.
func (LogReturn) Lag() int { return 1 }

// Check refuses what has no logarithm.
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
