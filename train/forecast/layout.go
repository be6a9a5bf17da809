package forecast

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"gonum.org/v1/gonum/stat"
)

// layout is what the columns of all series mean. It is fixed when a forecaster is fitted.
type layout struct {
	Targets, Past, Future, Static []string

	Clock clock // whose features follow Future

	// Gaps are the places in window of columns with an indicator of missing values: those
	// that had one in the training part.
	Gaps []int

	StaticMean, StaticDeviation []float64 // over the series, to scale Static

	Lag int // of the transform
}

// newLayout resolves the columns of a config for series that have them.
func newLayout(c Config, series []*datasets.Series) (layout, error) {
	l := layout{Targets: c.Targets, Past: c.Past, Future: c.Future, Static: c.Static, Lag: c.Transform.Lag()}
	named := slices.Concat(c.Past, c.Future, c.Static)
	if len(l.Targets) == 0 {
		for _, name := range series[0].Columns {
			if !slices.Contains(named, name) {
				l.Targets = append(l.Targets, name)
			}
		}
		if len(l.Targets) == 0 {
			return l, errs.Error{Path: "forecast", Field: "Config.Targets", Rule: "must name a column to forecast, as all others are covariates"}
		}
	}
	all := append(slices.Clone(l.Targets), named...)
	for i, name := range all {
		if slices.Contains(all[:i], name) {
			return l, errs.Error{Path: "forecast", Field: "Config", Rule: "must name each column once in Targets, Past, Future and Static", Value: name}
		}
		for _, s := range series {
			if _, err := s.Column(name); err != nil {
				return l, err
			}
		}
	}
	var irregular error
	if l.Clock, irregular = newClock(series, c.NoCalendar); irregular != nil && c.Progress != nil {
		fmt.Fprintf(c.Progress, "Rows are read one after another, without their times: %v; Series.Resample makes rows regular\n", irregular)
	}
	for _, name := range l.Clock.columns() {
		if slices.Contains(all, name) {
			return l, errs.Error{Path: "forecast", Field: "Config", Rule: "must not name a column of the calendar, which is read by itself: leave it out, or set Config.NoCalendar", Value: name}
		}
	}
	for _, name := range l.Static {
		var values []float64
		for _, s := range series {
			v, err := static(s, name)
			if err != nil {
				return l, err
			}
			values = append(values, v)
		}
		mean, deviation := stat.PopMeanStdDev(values, nil)
		if !dense.Finite(deviation) {
			return l, errs.Error{Path: "forecast", Field: name, Rule: "must be small enough to be scaled, up to about 1e150", Value: slices.Max(values)}
		}
		if deviation <= 1e-12*math.Abs(mean) {
			deviation = 1 // the same for all series
		}
		l.StaticMean, l.StaticDeviation = append(l.StaticMean, mean), append(l.StaticDeviation, deviation)
	}
	return l, nil
}

// future are the columns that are known for the rows to forecast.
func (l layout) future() []string { return append(slices.Clone(l.Future), l.Clock.columns()...) }

// window are the columns whose values the network reads in a window.
func (l layout) window() []string { return slices.Concat(l.Targets, l.Past, l.future()) }

// columns are those that a series must have.
func (l layout) columns() []string { return slices.Concat(l.Targets, l.Past, l.Future, l.Static) }

// known is the number of rows of a series up to the last in which a target is known. Those
// behind it are rows to forecast.
func (l layout) known(s *datasets.Series) (int, error) {
	n, last := s.Len(), 0
	for _, name := range l.Targets {
		values, err := s.Column(name)
		if err != nil {
			return 0, err
		}
		for i := n; i > last; i-- {
			if !math.IsNaN(values[i-1]) {
				last = i
			}
		}
	}
	return last, nil
}

// reads refuses a series that the forecaster cannot read: without its columns, or with times
// that those of the training cannot be compared with.
func (l layout) reads(s *datasets.Series) error {
	for _, name := range l.columns() {
		if !slices.Contains(s.Columns, name) {
			return errs.Error{Path: s.Name, Field: "columns", Rule: fmt.Sprintf("must have %s, as in the training", name), Value: strings.Join(s.Columns, ", ")}
		}
	}
	return l.checkTimes(s)
}

// rows copies the rows from … to − 1 of a series, with the columns that it must have.
func (l layout) rows(s *datasets.Series, from, to int) (*datasets.Series, error) {
	all, err := s.Slice(from, to)
	if err != nil {
		return nil, err
	}
	out := &datasets.Series{Name: s.Name, Index: all.Index, Times: all.Times, Columns: l.columns()}
	for _, name := range out.Columns {
		values, err := all.Column(name)
		if err != nil {
			return nil, err
		}
		out.Values = append(out.Values, values)
	}
	return out, nil
}

// pooled is the layout of one target alone.
func (l layout) pooled(target string) layout {
	l.Targets = []string{target}
	return l
}

// checkValues refuses values that have no transform, and targets that are no counts where these
// are forecast. Missing values are fine.
func (l layout) checkValues(s *datasets.Series, config Config) error {
	for _, name := range slices.Concat(l.Targets, l.Past, l.Future) {
		values, err := s.Column(name)
		if err != nil {
			return err
		}
		for i, v := range values {
			if math.IsNaN(v) {
				continue
			}
			err := config.Transform.Check(v)
			if counts(config.Head) && (v < 0 || v != math.Trunc(v)) && slices.Contains(l.Targets, name) {
				err = errs.Error{Rule: "must be a count, a whole number from 0 on, for NegativeBinomial", Value: v}
			}
			if err != nil {
				return errs.At(err, fmt.Sprintf("%s, row %d", s.Name, i), name)
			}
		}
	}
	return nil
}

// static is the number of a column of Config.Static.
func static(s *datasets.Series, name string) (float64, error) {
	values, err := s.Column(name)
	if err != nil {
		return 0, err
	}
	for i, v := range values {
		if v != values[0] {
			return 0, errs.Error{Path: fmt.Sprintf("%s, row %d", s.Name, i), Field: name, Rule: "must be the same in all rows and not missing, as Config.Static has it", Value: v}
		}
	}
	return values[0], nil
}
