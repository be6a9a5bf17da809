package datasets

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// prepared is a column whose missing values are filled in.
type prepared struct {
	truth       []float64 // a copy of the column
	values      []float64 // filled in, in original units; NaN before the first value
	transformed []float64 // from row lag on
	fit         Fitted
	known       []bool // by row; nil if nothing is missing
	gaps        int    // missing values
}

// prepare fits the transform of a column to the training rows, those below fitted, and applies
// it to all.
func prepare(s *Series, c WindowConfig, name string, fitted int) (prepared, error) {
	column, err := s.Column(name)
	if err != nil {
		return prepared{}, err
	}
	f := prepared{truth: slices.Clone(column)} // the caller may change the series afterwards
	f.values = f.truth
	for i, v := range column {
		if math.IsNaN(v) {
			f.gaps++
			continue
		}
		if err := c.Transform.Check(v); err != nil {
			return prepared{}, errs.At(err, s.row(i), shorten(name))
		}
	}
	if f.gaps > 0 {
		f.values = slices.Clone(column)
		f.fillIn(c.Transform.Lag())
	}
	if len(present(column[:fitted])) == 0 {
		return prepared{}, errs.Error{Path: s.name(), Field: shorten(name), Rule: "must have a value in the training part that is not missing"}
	}
	if f.fit, err = c.Transform.Fit(slices.Clone(column[:fitted])); err != nil {
		return prepared{}, errs.At(err, s.name(), shorten(name))
	}
	if f.fit == nil {
		return prepared{}, errs.Error{Path: s.name(), Field: "WindowConfig.Transform", Rule: "must return what it fitted"}
	}
	return f, f.transform(s, c, name, fitted)
}

// fillIn fills missing values with the one lag rows before, or the last one.
func (f *prepared) fillIn(lag int) {
	f.known = make([]bool, len(f.values))
	for i, v := range f.values {
		f.known[i] = !math.IsNaN(v)
		if !f.known[i] && i >= lag {
			f.values[i] = f.values[i-lag]
		}
		if i > 0 && math.IsNaN(f.values[i]) {
			f.values[i] = f.values[i-1]
		}
	}
}

// transform transforms the values, and what has none before it into the mean of the training
// rows.
func (f *prepared) transform(s *Series, c WindowConfig, name string, fitted int) error {
	lag := c.Transform.Lag()
	f.transformed = make([]float64, len(f.values)-lag)
	mean, n := 0.0, 0.0
	for i := range f.transformed {
		row := i + lag
		before, v := f.values[i], f.values[row]
		if math.IsNaN(before) || math.IsNaN(v) {
			f.transformed[i] = math.NaN()
			continue
		}
		y := f.fit.Do(before, v)
		if !dense.Finite(dense.Round(c.Dtype, y)) {
			return errs.Error{Path: s.row(row), Field: shorten(name),
				Rule: fmt.Sprintf("must be finite in %v once it is transformed", c.Dtype), Value: y, Kind: errs.ErrNotFinite}
		}
		f.transformed[i] = y
		if row < fitted && !f.unknown(row, lag) {
			n++
			mean += (y - mean) / n
		}
	}
	for i, y := range f.transformed {
		if math.IsNaN(y) {
			f.transformed[i] = mean
		}
	}
	return nil
}

// unknown reports whether the value of a row is missing, or the one that its change is from.
func (f prepared) unknown(row, lag int) bool {
	return f.known != nil && !(f.known[row] && f.known[row-lag])
}

// missing is 1 in the rows of transformed whose value is missing, and 0 in the others.
func (f prepared) missing() []float64 {
	out := make([]float64, len(f.transformed))
	for i := range out {
		if !f.known[len(f.known)-len(out)+i] {
			out[i] = 1
		}
	}
	return out
}
