package datasets

import (
	"math"
	"slices"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// Transform scales or differences the values of a column for a network. It is a
// plain config value, the same for every column. Fit learns the transform of one
// column from its training rows alone.
type Transform interface {
	// Lag is how many rows before a value the one lies that its transform needs, such as 1
	// for changes, which the first row does not have; 0 if it needs none.
	Lag() int
	// Check reports the rule that a value breaks, as a graph.Error without
	// a path, or nil. Missing values are not checked.
	Check(value float64) error
	// Fit learns from the training values of a column, all of them checked. Missing
	// values are NaN: they must be skipped, and so must changes from or to them.
	Fit(train []float64) (Fitted, error)
}

// Fitted transforms the values of one column and undoes it. The value before
// is the untransformed one, Lag rows before; with Lag 0 it is ignored. To undo several
// steps, the value undone at one step is the value before that of Lag steps later.
type Fitted interface {
	Do(before, value float64) float64
	Undo(before, transformed float64) float64
}

// Restorer is a Transform whose Fitted can be kept in a file. Fit and Restore return a
// Restorable. All transforms of this package are Restorers.
type Restorer interface {
	Transform
	// Restore makes what Fit returned of its Parameters. The result computes the same bits.
	Restore(parameters []float64) (Fitted, error)
}

// Restorable is a Fitted that Restorer.Restore can make again of its parameters.
type Restorable interface {
	Fitted
	Parameters() []float64
}

var (
	_ Restorer = None{}
	_ Restorer = MinMax{}
	_ Restorer = Standard{}
	_ Restorer = Log{}
	_ Restorer = Difference{}
	_ Restorer = LogReturn{}
	_ Restorer = SeasonalDifference{}
	_ Restorer = SeasonalLogReturn{}
)

// Transforms returns a value of every transform of this package, so that files can name
// them.
func Transforms() []any {
	return []any{None{}, MinMax{}, Standard{}, Log{}, Difference{}, LogReturn{}, SeasonalDifference{}, SeasonalLogReturn{}}
}

// None leaves the values as they are.
type None struct{}

// Lag is 0.
func (None) Lag() int { return 0 }

// Check accepts every value.
func (None) Check(float64) error { return nil }

// Fit learns nothing.
func (None) Fit([]float64) (Fitted, error) { return unchanged{}, nil }

// Restore takes no parameters.
func (None) Restore(parameters []float64) (Fitted, error) {
	if len(parameters) > 0 {
		return nil, errs.Error{Field: "None", Rule: "must have no parameters", Value: parameters}
	}
	return unchanged{}, nil
}

type unchanged struct{}

func (unchanged) Do(_, value float64) float64         { return value }
func (unchanged) Undo(_, transformed float64) float64 { return transformed }
func (unchanged) Parameters() []float64               { return nil }

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
	train = present(train)
	for _, v := range train {
		low, high = min(low, v), max(high, v)
	}
	return newScale(low, high-low, largest(train), "must vary in the training part")
}

// Restore takes the smallest value and the range.
func (MinMax) Restore(parameters []float64) (Fitted, error) {
	return restoreScale("MinMax", parameters)
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
	train = present(train)
	mean, deviation := moments(train)
	return newScale(mean, deviation, largest(train), "must vary in the training part")
}

// Restore takes the mean and the standard deviation.
func (Standard) Restore(parameters []float64) (Fitted, error) {
	return restoreScale("Standard", parameters)
}

// scale is (x − shift) / factor.
type scale struct{ shift, factor float64 }

func (s scale) Do(_, value float64) float64         { return (value - s.shift) / s.factor }
func (s scale) Undo(_, transformed float64) float64 { return transformed*s.factor + s.shift }
func (s scale) Parameters() []float64               { return []float64{s.shift, s.factor} }

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

func restoreScale(transform string, parameters []float64) (scale, error) {
	if len(parameters) != 2 || !dense.Finite(parameters[0]) || !dense.Finite(parameters[1]) || parameters[1] <= 0 {
		return scale{}, errs.Error{Field: transform, Rule: "must have two finite parameters, the second positive", Value: parameters}
	}
	return scale{parameters[0], parameters[1]}, nil
}

// present are the values that are not missing.
func present(values []float64) []float64 {
	if !slices.ContainsFunc(values, math.IsNaN) {
		return values
	}
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
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
