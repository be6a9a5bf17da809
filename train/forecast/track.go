package forecast

import (
	"fmt"
	"math"
	"slices"

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

// pooled is the layout of one target alone.
func (l layout) pooled(target string) layout {
	l.Targets = []string{target}
	return l
}

// column is one column of a track.
type column struct {
	lag    int             // of the transform
	raw    []float64       // in the units of the series; NaN where missing
	fitted datasets.Fitted // scales it
	filled []float64       // raw with missing values filled in; NaN where nothing is known yet
	scaled []float64       // transformed filled values; 0 where there are none
}

// track is a series as the network reads it; with Config.Pool, one target of it. Rows are those
// of the series. The first layout.Lag rows have no scaled values.
type track struct {
	name    string // of the series
	layout  layout
	columns map[string]*column // of layout.window
	static  []float64
	steps   int // rows of a window
	known   int // rows up to the last in which a target of the series is known; rows to forecast may follow
}

// key names the fitted transform of a column in files.
func (t *track) key(name string) string { return t.name + "\x00" + name }

// newTrack reads the columns of a series. The transforms are those of fitted by the
// names of series and columns, as track.key makes them; others are fitted on the rows
// before train and added.
func newTrack(s *datasets.Series, l layout, config Config, fitted map[string]datasets.Fitted, train int) (*track, error) {
	if err := l.checkValues(s, config); err != nil {
		return nil, err
	}
	t := &track{name: s.Name, layout: l, columns: map[string]*column{}, steps: config.Steps}
	for _, name := range l.window() {
		values, err := s.Column(name)
		if err != nil {
			return nil, err
		}
		transform, ofCalendar := config.Transform, slices.Contains(l.Clock.columns(), name)
		if ofCalendar {
			transform = datasets.None{} // it lies between −1 and 1
		}
		c := &column{lag: transform.Lag(), raw: values}
		if c.fitted = fitted[t.key(name)]; c.fitted == nil {
			if c.fitted, err = fit(transform, values[:min(train, len(values))]); err != nil {
				return nil, errs.At(err, s.Name, name)
			}
			if !ofCalendar {
				fitted[t.key(name)] = c.fitted
			}
		}
		c.fill()
		t.columns[name] = c
	}
	for _, name := range l.Static {
		v, err := static(s, name)
		if err != nil {
			return nil, err
		}
		j := len(t.static)
		t.static = append(t.static, (v-l.StaticMean[j])/l.StaticDeviation[j])
	}
	return t, nil
}

// checkValues refuses values that have no transform, and targets that are no counts where these
// are forecast. Missing values are fine.
func (l layout) checkValues(s *datasets.Series, config Config) error {
	_, counts := config.Head.(NegativeBinomial)
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
			if counts && (v < 0 || v != math.Trunc(v)) && slices.Contains(l.Targets, name) {
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

// fit fits a transform. A column that does not vary is left as it is, less its value: so one
// shop that never sells does not stop all others.
func fit(transform datasets.Transform, train []float64) (datasets.Fitted, error) {
	present := make([]float64, 0, len(train))
	for _, v := range train {
		if !math.IsNaN(v) {
			present = append(present, v)
		}
	}
	if len(present) == 0 {
		return nil, errs.Error{Rule: "must have a value in the training part"}
	}
	if slices.Max(present) == slices.Min(present) {
		return still{value: present[0], change: transform.Lag() > 0}, nil
	}
	return transform.Fit(train)
}

// still is the transform of a column that did not vary: less its value, or the change.
type still struct {
	value  float64
	change bool
}

func (s still) from(before float64) float64 {
	if s.change {
		return before
	}
	return s.value
}

func (s still) Do(before, value float64) float64         { return value - s.from(before) }
func (s still) Undo(before, transformed float64) float64 { return transformed + s.from(before) }

// fill fills in missing values: without a lag the last value before, otherwise the value that
// means no change. Values before the first one are the middle of the transform without a
// lag, and unknown with one.
func (c *column) fill() {
	n := len(c.raw)
	c.filled, c.scaled = make([]float64, n), make([]float64, n)
	for i := range n {
		c.fillRow(i)
	}
}

func (c *column) fillRow(i int) {
	v, lag := c.raw[i], c.lag
	back := max(lag, 1)
	if math.IsNaN(v) {
		switch {
		case i >= back:
			v = c.filled[i-back]
		case lag == 0:
			v = c.fitted.Undo(0, 0)
		}
	}
	c.filled[i] = v
	before := 0.0
	if lag > 0 {
		before = math.NaN()
		if i >= lag {
			before = c.filled[i-lag]
		}
	}
	c.scaled[i] = c.fitted.Do(before, v)
	if !dense.Finite(c.scaled[i]) {
		c.scaled[i] = 0
	}
}

// target is the scaled value that the network learns, and whether it is known: with a lag,
// the value before must be known too.
func (c *column) target(row int) (float64, bool) {
	known := !math.IsNaN(c.raw[row]) && (c.lag == 0 || row >= c.lag && !math.IsNaN(c.raw[row-c.lag]))
	return c.scaled[row], known
}

// history are the filled values of a target up to and with a row, from the first that is
// known, for baselines.
func (t *track) history(target string, row int) []float64 {
	c := t.columns[target]
	first := 0
	for first <= row && math.IsNaN(c.raw[first]) {
		first++
	}
	out := slices.Clone(c.raw[first : row+1])
	for i, v := range out {
		if math.IsNaN(v) {
			out[i] = out[i-1]
		}
	}
	return out
}

// padded is a track with rows for the horizon after the last known row. Of those that it did
// not have, nothing is known.
func (t *track) padded(horizon int) *track {
	n := len(t.columns[t.layout.Targets[0]].raw)
	more := t.known + horizon - n
	if more <= 0 {
		return t
	}
	e := t.extended(0, n-1, 0, more)
	e.known = t.known
	return e
}

// extended is a track of the rows from … to the given one, and the horizon behind it, which
// forecasts fill in. Its last block may be longer than the horizon: of those rows nothing is
// known.
func (t *track) extended(from, row, horizon, more int) *track {
	e := &track{name: t.name, layout: t.layout, columns: map[string]*column{}, static: t.static, steps: t.steps, known: row + 1 - from}
	for name, c := range t.columns {
		n := row + 1 - from + more
		x := &column{lag: c.lag, raw: make([]float64, n), fitted: c.fitted, filled: make([]float64, n), scaled: make([]float64, n)}
		isTarget := slices.Contains(t.layout.Targets, name)
		for i := range n {
			if from+i <= row {
				x.raw[i], x.filled[i], x.scaled[i] = c.raw[from+i], c.filled[from+i], c.scaled[from+i]
				continue
			}
			if x.raw[i] = math.NaN(); !isTarget && from+i <= row+horizon && from+i < len(c.raw) {
				x.raw[i] = c.raw[from+i]
			}
			x.fillRow(i)
		}
		e.columns[name] = x
	}
	return e
}
