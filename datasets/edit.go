package datasets

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/engram-go/engram/internal/errs"
)

// Slice returns the rows from, from+1, … to−1. Bounds outside the series, or a range without a
// row, are errors.
func (s *Series) Slice(from, to int) (*Series, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if from < 0 || to > s.Len() || from >= to {
		return nil, errs.Error{Path: s.name(), Field: "range", Rule: fmt.Sprintf("must hold a row and lie within the %d of the series", s.Len()), Value: fmt.Sprintf("%d to %d", from, to)}
	}
	rows := make([]int, to-from)
	for i := range rows {
		rows[i] = from + i
	}
	return s.pick(rows), nil
}

// Between returns the rows whose times are not before from and before to. A zero time is no
// bound. A series without times, or without a row between them, is an error.
func (s *Series) Between(from, to time.Time) (*Series, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Times == nil {
		return nil, s.noTimes()
	}
	begin, end := 0, s.Len()
	if !from.IsZero() {
		begin = s.rowAt(from)
	}
	if !to.IsZero() {
		end = s.rowAt(to)
	}
	if begin >= end {
		return nil, errs.Error{Path: s.name(), Field: "range", Rule: fmt.Sprintf("must hold a row of those from %s to %s", s.label(0), s.label(s.Len()-1)),
			Value: from.Format(time.RFC3339) + " to " + to.Format(time.RFC3339)}
	}
	return s.Slice(begin, end)
}

// rowAt is the first row whose time is not before t.
func (s *Series) rowAt(t time.Time) int {
	row, _ := slices.BinarySearchFunc(s.Times, t, time.Time.Compare)
	return row
}

// Fill returns a series whose missing values are filled with the "previous" value, with those
// of a line between the values around them ("linear"), with the "mean" of the column or with
// "zero". Without names, it fills all columns. Previous leaves what is before the first value,
// and linear too what is behind the last one. Lines are over the times of the rows, if they
// are known.
//
// The mean is that of all rows, also of those to test on; Windows fills values with what is
// known before them.
func (s *Series) Fill(how string, columns ...string) (*Series, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	fill := map[string]func([]float64){"previous": fillPrevious, "linear": s.fillLinear, "mean": fillMean, "zero": func(column []float64) { fillWith(column, 0) }}[how]
	if fill == nil {
		return nil, errs.Error{Path: s.name(), Field: "how", Rule: "must be previous, linear, mean or zero", Value: strconv.Quote(shorten(how))}
	}
	return s.change(columns, fill)
}

// change returns a series in which a function has changed columns, by default all.
func (s *Series) change(names []string, f func(column []float64)) (*Series, error) {
	out, err := s.Slice(0, s.Len())
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = s.Columns
	}
	if name, twice := duplicate(names); twice {
		return nil, errs.Error{Path: s.name(), Field: "columns", Rule: "must all be different", Value: shorten(name)}
	}
	for _, name := range names {
		column, err := out.Column(name)
		if err != nil {
			return nil, err
		}
		f(column)
	}
	if err := out.Check(); err != nil { // such as a bound that is infinite
		return nil, err
	}
	return out, nil
}

func fillPrevious(column []float64) {
	for i := 1; i < len(column); i++ {
		if math.IsNaN(column[i]) {
			column[i] = column[i-1]
		}
	}
}

func fillMean(column []float64) { fillWith(column, average(column)) }

func fillWith(column []float64, v float64) {
	for i := range column {
		if math.IsNaN(column[i]) {
			column[i] = v
		}
	}
}

func (s *Series) fillLinear(column []float64) {
	place := func(i, from int) float64 { // of a row behind another
		if s.Times == nil {
			return float64(i - from)
		}
		return s.Times[i].Sub(s.Times[from]).Seconds()
	}
	last := -1
	for i, v := range column {
		if math.IsNaN(v) {
			continue
		}
		for row := last + 1; row < i && last >= 0; row++ {
			part := place(row, last) / place(i, last)
			column[row] = column[last]*(1-part) + v*part
		}
		last = i
	}
}

// Clip returns a series whose values are at least low and at most high, either of which may
// be infinite. Without names, it clips all columns.
func (s *Series) Clip(low, high float64, columns ...string) (*Series, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if !(low <= high) {
		return nil, errs.Error{Path: s.name(), Field: "low", Rule: fmt.Sprintf("must be at most high, %v", high), Value: low}
	}
	return s.change(columns, func(column []float64) { clip(column, low, high) })
}

// ClipQuantiles clips each column at its own quantiles, such as 0.01 and 0.99: values beyond
// them become the quantile. They are those of all rows, by linear interpolation between the
// sorted values. Without names, it clips all columns.
func (s *Series) ClipQuantiles(low, high float64, columns ...string) (*Series, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if !(low >= 0 && low <= high && high <= 1) {
		return nil, errs.Error{Path: s.name(), Field: "quantiles", Rule: "must be from 0 to 1, the low one first", Value: fmt.Sprintf("%v and %v", low, high)}
	}
	return s.change(columns, func(column []float64) {
		if sorted := slices.Sorted(slices.Values(present(column))); len(sorted) > 0 {
			clip(column, quantile(sorted, low), quantile(sorted, high))
		}
	})
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	part := at - float64(i)
	return sorted[i]*(1-part) + sorted[i+1]*part
}

func clip(column []float64, low, high float64) {
	for i, v := range column { // NaN stays
		column[i] = min(max(v, low), high)
	}
}
