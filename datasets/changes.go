package datasets

import (
	"math"

	"github.com/engram-go/engram/internal/errs"
)

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
func (Difference) Fit(train []float64) (Fitted, error) { return fitDifference(train, 1) }

// Restore takes the mean and the standard deviation of the changes.
func (Difference) Restore(parameters []float64) (Fitted, error) {
	s, err := restoreScale("Difference", parameters)
	return difference{s}, err
}

// SeasonalDifference takes the change from the value a period before, x_t − x_{t−m}, scaled
// as that of Difference: for monthly values with a season of a year, the Period is 12. The
// first Period rows are lost.
type SeasonalDifference struct {
	Period int // m, rows of a season; required
}

// Lag is the period.
func (d SeasonalDifference) Lag() int { return d.Period }

// Check accepts every value.
func (SeasonalDifference) Check(float64) error { return nil }

// Fit learns the mean and the standard deviation of the changes.
func (d SeasonalDifference) Fit(train []float64) (Fitted, error) {
	if d.Period < 1 {
		return nil, errs.Error{Rule: "must be transformed with a positive SeasonalDifference.Period", Value: d.Period}
	}
	return fitDifference(train, d.Period)
}

// Restore takes the mean and the standard deviation of the changes.
func (SeasonalDifference) Restore(parameters []float64) (Fitted, error) {
	s, err := restoreScale("SeasonalDifference", parameters)
	return difference{s}, err
}

func fitDifference(train []float64, lag int) (Fitted, error) {
	var changes []float64
	for i := lag; i < len(train); i++ {
		changes = append(changes, train[i]-train[i-lag])
	}
	mean, deviation := moments(present(changes))
	s, err := newScale(mean, deviation, largest(present(train)), "must not always change by the same amount in the training part")
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
func (LogReturn) Check(value float64) error { return checkPositive("LogReturn", value) }

// Fit learns the mean and the standard deviation of the returns.
func (LogReturn) Fit(train []float64) (Fitted, error) { return fitLogReturn(train, 1) }

// Restore takes the mean and the standard deviation of the returns.
func (LogReturn) Restore(parameters []float64) (Fitted, error) {
	s, err := restoreScale("LogReturn", parameters)
	return logReturn{s}, err
}

// SeasonalLogReturn takes the logarithm of the ratio to the value a period before,
// log(x_t / x_{t−m}), scaled as that of LogReturn. It suits values whose season grows with
// them. Every value must be positive. The first Period rows are lost.
type SeasonalLogReturn struct {
	Period int // m, rows of a season; required
}

// Lag is the period.
func (l SeasonalLogReturn) Lag() int { return l.Period }

// Check refuses values without a logarithm.
func (SeasonalLogReturn) Check(value float64) error { return checkPositive("SeasonalLogReturn", value) }

// Fit learns the mean and the standard deviation of the returns.
func (l SeasonalLogReturn) Fit(train []float64) (Fitted, error) {
	if l.Period < 1 {
		return nil, errs.Error{Rule: "must be transformed with a positive SeasonalLogReturn.Period", Value: l.Period}
	}
	return fitLogReturn(train, l.Period)
}

// Restore takes the mean and the standard deviation of the returns.
func (SeasonalLogReturn) Restore(parameters []float64) (Fitted, error) {
	s, err := restoreScale("SeasonalLogReturn", parameters)
	return logReturn{s}, err
}

func fitLogReturn(train []float64, lag int) (Fitted, error) {
	logs, size := logarithms(train)
	var returns []float64
	for i := lag; i < len(logs); i++ {
		returns = append(returns, logs[i]-logs[i-lag])
	}
	mean, deviation := moments(present(returns))
	s, err := newScale(mean, deviation, size, "must not always change by the same ratio in the training part")
	return logReturn{s}, err
}

type logReturn struct{ scale }

func (l logReturn) Do(before, value float64) float64 {
	return l.scale.Do(0, math.Log(value)-math.Log(before))
}

func (l logReturn) Undo(before, transformed float64) float64 {
	return before * math.Exp(l.scale.Undo(0, transformed))
}

// Log takes the logarithm, scaled to mean 0 and standard deviation 1 in the training part. It
// suits values that grow by a rate. Every value must be positive. A column that does not
// vary in the training part is an error.
type Log struct{}

// Lag is 0.
func (Log) Lag() int { return 0 }

// Check refuses values without a logarithm.
func (Log) Check(value float64) error { return checkPositive("Log", value) }

// Fit learns the mean and the standard deviation of the logarithms.
func (Log) Fit(train []float64) (Fitted, error) {
	logs, size := logarithms(train)
	mean, deviation := moments(present(logs))
	s, err := newScale(mean, deviation, size, "must vary in the training part")
	return logarithm{s}, err
}

// Restore takes the mean and the standard deviation of the logarithms.
func (Log) Restore(parameters []float64) (Fitted, error) {
	s, err := restoreScale("Log", parameters)
	return logarithm{s}, err
}

type logarithm struct{ scale }

func (l logarithm) Do(_, value float64) float64 { return l.scale.Do(0, math.Log(value)) }
func (l logarithm) Undo(_, transformed float64) float64 {
	return math.Exp(l.scale.Undo(0, transformed))
}

func checkPositive(transform string, value float64) error {
	if value > 0 {
		return nil
	}
	return errs.Error{Rule: "must be positive for " + transform, Value: value}
}

// logarithms returns those of the values, and their size: a logarithm is never rounded finer
// than the number that it is of.
func logarithms(values []float64) (logs []float64, size float64) {
	logs, size = make([]float64, len(values)), 1
	for i, v := range values {
		logs[i] = math.Log(v)
		if !math.IsNaN(v) {
			size = max(size, math.Abs(logs[i]))
		}
	}
	return logs, size
}
