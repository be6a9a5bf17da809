package forecast

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
)

// clock is what a layout knows of the times of its series: nothing, if they have none.
type clock struct {
	Frequency calendar.Frequency
	Features  []calendar.Feature // columns that are read like Config.Future
	Zone      zone               // of the times
}

// zone tells whether times have a zone, where that is certain: those with an offset from UTC have
// one, and those whose labels say none have none. Times in UTC may be either.
type zone string

const (
	someZone zone = "some"
	noZone   zone = "none"
)

func zoneOf(s *datasets.Series) zone {
	for i, t := range s.Times {
		if _, offset := t.Zone(); offset != 0 {
			return someZone
		}
		if s.Index != nil && (zoneless.MatchString(s.Index[i]) || !strings.Contains(s.Index[i], ":")) {
			return noZone
		}
	}
	return ""
}

// known tells whether the rows have times.
func (c clock) known() bool { return c.Frequency != calendar.Frequency{} }

// columns are the names of the features.
func (c clock) columns() []string {
	var names []string
	for _, f := range c.Features {
		names = append(names, f.Names()...)
	}
	return names
}

// newClock finds the frequency that all series have. Series without times have none, and so
// have irregular ones: the error says why. A series of one or two rows is left out, as it has no
// frequency yet.
func newClock(series []*datasets.Series, noCalendar bool) (clock, error) {
	var c clock
	for _, s := range series {
		if s.Times == nil {
			return clock{}, nil
		}
		if len(s.Times) < 3 {
			continue
		}
		f, err := calendar.Infer(s.Times)
		if err != nil {
			return clock{}, errs.At(err, s.Name, "")
		}
		if c.known() && f != c.Frequency {
			return clock{}, errs.Error{Path: s.Name, Field: "times", Rule: fmt.Sprintf("must be one %s apart, as in the series before", c.Frequency), Value: f.String()}
		}
		c.Frequency = f
		if c.Zone == "" {
			c.Zone = zoneOf(s)
		}
	}
	if c.known() && !noCalendar {
		c.Features = calendar.Features(c.Frequency)
	}
	return c, nil
}

// mostInserted limits the numbers of a series with the rows that are inserted for times that
// are missing.
const mostInserted = 100_000_000

// regular is the series as the forecaster reads it: its own columns and those of the calendar,
// with a row of missing values for each time that is missing, and rows for the horizon after
// the last row in which a target is known.
func (l layout) regular(s *datasets.Series, horizon int) (*datasets.Series, error) {
	if !l.Clock.known() {
		return s, nil
	}
	if len(s.Times) != s.Len() {
		return nil, errs.Error{Path: s.Name, Field: "times", Rule: fmt.Sprintf("must be known for each row, as in the training; its rows were one %s apart", l.Clock.Frequency)}
	}
	columns := slices.Concat(l.columns(), l.Clock.columns())
	at := make([]int, s.Len()) // the place of each row
	for i := 1; i < s.Len(); i++ {
		n, exact := l.Clock.Frequency.Steps(s.Times[i-1], s.Times[i])
		if exact && n > mostInserted/len(columns)-at[i-1] {
			return nil, errs.Error{Path: fmt.Sprintf("%s, row %d", s.Name, i), Field: "time", Rule: fmt.Sprintf("must not leave out so many rows, one %s each, that the series would have more than %d numbers", l.Clock.Frequency, mostInserted), Value: s.Times[i].Format(time.RFC3339)}
		}
		if !exact || n < 1 {
			return nil, errs.Error{Path: fmt.Sprintf("%s, row %d", s.Name, i), Field: "time", Rule: fmt.Sprintf("must be one %s after the row before, or a multiple of it, as in the training", l.Clock.Frequency), Value: s.Times[i].Format(time.RFC3339)}
		}
		at[i] = at[i-1] + n
	}
	rows, err := l.known(s)
	if err != nil {
		return nil, err
	}
	last := 0 // the place of the last known row
	if rows > 0 {
		last = at[rows-1]
	}
	n := max(at[len(at)-1], last+horizon) + 1
	r := &datasets.Series{Name: s.Name, Columns: columns, Times: make([]time.Time, n)}
	for i, row := range at {
		r.Times[row] = s.Times[i]
	}
	for i := 1; i < n; i++ { // the first row is there, and may have the zero time
		if r.Times[i].IsZero() {
			r.Times[i] = l.Clock.Frequency.Add(r.Times[i-1], 1)
		}
	}
	for _, name := range l.columns() {
		values, err := s.Column(name)
		if err != nil {
			return nil, err
		}
		inserted := math.NaN()
		if slices.Contains(l.Static, name) {
			inserted = values[0]
		}
		column := slices.Repeat([]float64{inserted}, n)
		for i, row := range at {
			column[row] = values[i]
		}
		r.Values = append(r.Values, column)
	}
	for _, f := range l.Clock.Features {
		ofCalendar := make([][]float64, len(f.Names()))
		for _, t := range r.Times {
			for j, v := range f.Values(t) {
				ofCalendar[j] = append(ofCalendar[j], v)
			}
		}
		r.Values = append(r.Values, ofCalendar...)
	}
	return r, nil
}

// checkTimes refuses times with a zone where those of the training have none, the other way round, and
// times of another frequency.
func (l layout) checkTimes(s *datasets.Series) error {
	if !l.Clock.known() || len(s.Times) != s.Len() {
		return nil // regular refuses missing times
	}
	if z := zoneOf(s); z != "" && l.Clock.Zone != "" && z != l.Clock.Zone {
		rule := "must have a zone, as in the training"
		if l.Clock.Zone == noZone {
			rule = "must have no zone, as in the training"
		}
		return errs.Error{Path: s.Name, Field: "times", Rule: rule, Value: labelOf(s, 0)}
	}
	if s.Len() < 3 {
		return nil
	}
	for i := 1; i < s.Len(); i++ {
		if n, _ := l.Clock.Frequency.Steps(s.Times[i-1], s.Times[i]); n <= 1 {
			return nil
		}
	}
	return errs.Error{Path: s.Name, Field: "times", Rule: fmt.Sprintf("must be one %s apart, as in the training, except where rows are missing", l.Clock.Frequency),
		Value: fmt.Sprintf("%s and %s", labelOf(s, 0), labelOf(s, 1))}
}

// labelOf is the label of a row, or its time; empty if it has neither.
func labelOf(s *datasets.Series, row int) string {
	switch {
	case s.Index != nil:
		return s.Index[row]
	case s.Times == nil:
		return ""
	}
	if hour, minute, second := s.Times[row].Clock(); hour+minute+second > 0 {
		return s.Times[row].Format(time.RFC3339)
	}
	return s.Times[row].Format(time.DateOnly)
}

// withoutZone is how times of day are written that have no zone.
const withoutZone = "2006-01-02T15:04:05"

// zoneless are labels that end with a time of day, and so have no zone.
var zoneless = regexp.MustCompile(`[T ]\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AaPp][Mm])?$`)

// written are forms of labels that forecasts keep.
var written = []string{"2006", "2006-01", time.DateOnly, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04", withoutZone, time.RFC3339}

// setTimes fills in the times of the rows after one, or +1, +2, …. They are written as the label
// of a known row, if its form is known; otherwise in that of RFC 3339.
func (f *Forecaster) setTimes(to *Forecast, s *datasets.Series, row int, known string) {
	to.Times = make([]string, f.config.Horizon)
	if !f.layout.Clock.known() {
		for h := range to.Times {
			to.Times[h] = fmt.Sprintf("+%d", h+1)
		}
		return
	}
	end := row + 1 + f.config.Horizon
	to.At = slices.Clone(s.Times[row+1 : end])
	layout := time.DateOnly
	for _, t := range s.Times[max(0, row-100):end] {
		if hour, minute, second := t.Clock(); hour+minute+second > 0 {
			layout = time.RFC3339
		}
	}
	if layout == time.RFC3339 && zoneless.MatchString(known) {
		layout = withoutZone
	}
	for _, form := range written {
		_, err := time.Parse(form, known)
		if err == nil && distinct(to.At, form) { // a day is no label for hours
			layout = form
		}
	}
	for h, at := range to.At {
		to.Times[h] = at.Format(layout)
	}
}

// distinct tells whether times have different labels of a form.
func distinct(times []time.Time, form string) bool {
	for i := 1; i < len(times); i++ {
		if times[i].Format(form) == times[i-1].Format(form) {
			return false
		}
	}
	return true
}
