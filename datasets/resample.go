package datasets

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
)

// Regular returns a series with a row for every time: rows that are missing between others,
// by the frequency of the times, are inserted, and their values are NaN. Rows are labelled as
// by FromTimes. Times that have no frequency are an error; Resample gives them one.
func (s *Series) Regular() (*Series, error) {
	f, err := s.Frequency()
	if err != nil {
		return nil, err
	}
	rows, odd := places(s.Times, f)
	if odd > 0 { // clocks of several zones
		return nil, errs.Error{Path: s.row(odd), Field: "Series.Times", Rule: "must be a multiple of a " + f.String() + " after the first: give all times in one zone"}
	}
	n := rows[len(rows)-1] + 1
	if n > maxCells/len(s.Columns) {
		return nil, s.tooMany("between its times")
	}
	times := make([]time.Time, n)
	for i := range times {
		times[i] = f.Add(s.Times[0], i)
	}
	for i, row := range rows {
		times[row] = s.Times[i]
	}
	out := s.withTimes(times)
	for c, column := range s.Values {
		for i, row := range rows {
			out.Values[c][row] = column[i]
		}
	}
	if n > s.Len() {
		out.note(several(n-s.Len(), "row") + " inserted")
	}
	return out, nil
}

// places counts the rows of a frequency from the first time to each. The first time that is
// none of them is odd; 0 if all are.
func places(times []time.Time, f calendar.Frequency) (rows []int, odd int) {
	rows = make([]int, len(times))
	for i := 1; i < len(times); i++ {
		n, exact := f.Steps(times[0], times[i])
		if !exact || n <= rows[i-1] {
			return rows, i
		}
		rows[i] = n
	}
	return rows, 0
}

func (s *Series) tooMany(where string) error {
	return errs.Error{Path: s.name(), Field: "rows", Rule: fmt.Sprintf("must be so few that the series has at most %d numbers with those %s", maxCells, where)}
}

// withTimes returns a series of other times, with the same columns, whose values are all NaN.
func (s *Series) withTimes(times []time.Time) *Series {
	out := &Series{Name: s.Name, Index: labelsOf(times), Times: times, Columns: slices.Clone(s.Columns), Values: columns(len(s.Columns), len(times)), Notes: s.Notes}
	for _, column := range out.Values {
		for i := range column {
			column[i] = math.NaN()
		}
	}
	return out
}

// note adds to the notes.
func (s *Series) note(text string) {
	if s.Notes != "" {
		s.Notes += ", "
	}
	s.Notes += text
}

// reductions make one number of those of a row of Resample, none of which is missing.
var reductions = []struct {
	name string
	of   func(values []float64) float64
}{
	{"mean", average},
	{"sum", func(values []float64) (sum float64) {
		for _, v := range values {
			sum += v
		}
		return sum
	}},
	{"first", func(values []float64) float64 { return values[0] }},
	{"last", func(values []float64) float64 { return values[len(values)-1] }},
	{"min", func(values []float64) float64 { return slices.Min(values) }},
	{"max", func(values []float64) float64 { return slices.Max(values) }},
}

// Resample returns a series with another frequency, whose rows are the "mean", the "sum", the
// "first", the "last", the "min" or the "max" of the rows of their time, without missing
// values. A row without a value is NaN, and so are most rows of a higher frequency; Fill fills
// them in.
//
// Rows have the times at which they begin, by the clock of the first row: whole hours and
// minutes counted from midnight, midnight itself, the Monday of a week, the first day of a
// month, a quarter or a year; with to.End they have the last day, at midnight. The weekend
// belongs to the Friday before it in business days. The first and the last row may have values
// of a part of their time only.
func (s *Series) Resample(to calendar.Frequency, how string) (*Series, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Times == nil {
		return nil, s.noTimes()
	}
	if err := to.Check(); err != nil {
		return nil, errs.At(err, s.name(), "")
	}
	var names []string
	for _, r := range reductions {
		names = append(names, r.name)
	}
	kind := slices.Index(names, how)
	if kind < 0 {
		return nil, errs.Error{Path: s.name(), Field: "how", Rule: "must be one of " + list(names), Value: strconv.Quote(shorten(how))}
	}
	begin := to // rows begin on the first day
	begin.End = false
	anchor := begins(s.Times[0], to)
	if anchor.Hour() != 0 { // the clock is put forward over this midnight
		anchor = begins(begin.Add(s.Times[0], -1), to)
	}
	most := maxCells / len(s.Columns)
	rows := make([]int, s.Len())
	for i, at := range s.Times {
		if rows[i], _ = begin.Steps(anchor, at); rows[i] >= most {
			return nil, s.tooMany("of a " + to.String())
		}
		if i > 0 && rows[i] < rows[i-1] { // a clock of another zone
			return nil, errs.Error{Path: s.row(i), Field: "Series.Times", Rule: "must have a clock that does not go back by more than a row: give all times in one zone"}
		}
	}
	first := rows[0]
	times := make([]time.Time, rows[len(rows)-1]-first+1)
	for i := range times {
		times[i] = begin.Add(anchor, first+i)
		if to.End {
			times[i] = begin.Add(anchor, first+i+1).AddDate(0, 0, -1)
		}
	}
	out := s.withTimes(times)
	for c, column := range s.Values {
		for from := 0; from < len(rows); {
			end := from + 1
			for end < len(rows) && rows[end] == rows[from] {
				end++
			}
			if values := present(column[from:end]); len(values) > 0 {
				out.Values[c][rows[from]-first] = reductions[kind].of(values)
			}
			from = end
		}
	}
	out.note(fmt.Sprintf("resampled to every %s: %s", to, how))
	if err := out.Check(); err != nil { // such as a sum beyond float64
		return nil, err
	}
	return out, nil
}

// begins is the time at which the row of t begins, or one before it by whole rows.
func begins(t time.Time, f calendar.Frequency) time.Time {
	year, month, day := t.Date()
	switch f.Unit {
	case calendar.BusinessDay:
		for midnight(t, year, month, day).Weekday()%6 == 0 { // Sunday or Saturday
			day--
		}
	case calendar.Week:
		day -= (int(t.Weekday()) + 6) % 7
	case calendar.Month:
		day = 1
	case calendar.Quarter:
		month, day = month-(month-1)%3, 1
	case calendar.Year:
		month, day = 1, 1
	}
	return midnight(t, year, month, day)
}

func midnight(t time.Time, year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, t.Location())
}
