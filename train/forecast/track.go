package forecast

import (
	"cmp"
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
)

// track is a series as the network reads it; with Config.Pool, one target of it. Rows are those
// of the series. The first layout.Lag rows have no scaled values.
type track struct {
	name    string // of the series
	layout  layout
	columns []*column // in the order of layout.window: targets, past, future
	static  []float64
	steps   int // rows of a window
	known   int // rows up to the last in which a target of the series is known; rows to forecast may follow
}

// columnKey names a column of a series, such as that of a fitted transform.
type columnKey struct{ series, column string }

func (k columnKey) compare(other columnKey) int {
	return cmp.Or(cmp.Compare(k.series, other.series), cmp.Compare(k.column, other.column))
}

func (t *track) key(column string) columnKey { return columnKey{t.name, column} }

// newTrack reads the columns of a series. The transforms are those of fitted; others are
// fitted on the rows before train and added.
func newTrack(s *datasets.Series, l layout, config Config, fitted map[columnKey]datasets.Fitted, train int) (*track, error) {
	if err := l.checkValues(s, config); err != nil {
		return nil, err
	}
	t := &track{name: s.Name, layout: l, steps: config.Steps}
	calendar := l.Clock.columns()
	for _, name := range l.window() {
		values, err := s.Column(name)
		if err != nil {
			return nil, err
		}
		c := &column{lag: config.Transform.Lag(), raw: values, fitted: fitted[t.key(name)]}
		switch {
		case slices.Contains(calendar, name): // lies between −1 and 1, also where it does not vary
			c.lag = 0
			if c.fitted, err = (datasets.None{}).Fit(values); err != nil {
				return nil, err
			}
		case c.fitted == nil:
			if c.fitted, err = fit(config.Transform, values[:min(train, len(values))]); err != nil {
				return nil, errs.At(err, s.Name, name)
			}
			fitted[t.key(name)] = c.fitted
		}
		c.fill()
		t.columns = append(t.columns, c)
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

// tracksOf are the tracks of a series, whose transforms are fitted on the rows before train
// unless they are known.
func tracksOf(s *datasets.Series, c Config, l layout, fitted map[columnKey]datasets.Fitted, train int) ([]*track, error) {
	known, err := l.known(s)
	if err != nil {
		return nil, err
	}
	layouts := []layout{l}
	if c.Pool {
		layouts = nil
		for _, target := range l.Targets {
			layouts = append(layouts, l.pooled(target))
		}
	}
	var out []*track
	for _, l := range layouts {
		t, err := newTrack(s, l, c, fitted, train)
		if err != nil {
			return nil, err
		}
		t.known = known // the same for all, so that they forecast the same rows
		out = append(out, t)
	}
	return out, nil
}

// history are the filled values of a target up to and with a row, from the first that is
// known, for baselines: the newest ones, at most as many as given.
func (t *track) history(target, row, most int) []float64 {
	raw := t.columns[target].raw[:row+1]
	first := firstKnown(raw)
	from := max(first, len(raw)-most)
	known := from // the newest row with a value
	for known < len(raw) && math.IsNaN(raw[known]) {
		known--
	}
	out := slices.Clone(raw[from:])
	for i, v := range out {
		if math.IsNaN(v) {
			out[i] = raw[known]
		} else {
			known = from + i
		}
	}
	return out
}

// firstKnown is the first row with a value, or their number if there is none.
func firstKnown(raw []float64) int {
	first := slices.IndexFunc(raw, func(v float64) bool { return !math.IsNaN(v) })
	if first < 0 {
		return len(raw)
	}
	return first
}

// naiveScales are, for each row, the mean absolute error of the naive forecast within the
// history of a target up to there, which is the unit of MASE; 0 where that is not defined.
func (t *track) naiveScales(target, season int) []float64 {
	raw := t.columns[target].raw
	first, sum := firstKnown(raw), 0.0
	filled, scales := slices.Clone(raw), make([]float64, len(raw))
	for row := first; row < len(raw); row++ {
		if math.IsNaN(raw[row]) {
			filled[row] = filled[row-1]
		}
		if n := row + 1 - first - season; n > 0 {
			sum += math.Abs(filled[row] - filled[row-season])
			scales[row] = sum / float64(n)
		}
	}
	return scales
}

// padded is a track with rows for the horizon after the last known row. Of those that it did
// not have, nothing is known.
func (t *track) padded(horizon int) *track {
	n := len(t.columns[0].raw)
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
	e := &track{name: t.name, layout: t.layout, static: t.static, steps: t.steps, known: row + 1 - from}
	for j, c := range t.columns {
		n := row + 1 - from + more
		x := &column{lag: c.lag, raw: make([]float64, n), fitted: c.fitted, filled: make([]float64, n), scaled: make([]float64, n)}
		isTarget := j < len(t.layout.Targets)
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
		e.columns = append(e.columns, x)
	}
	return e
}
