package forecast

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
)

// Forecaster is a trained forecaster. It does not change: Update returns a new one. So it is
// safe for many goroutines.
type Forecaster struct {
	config      Config // complete
	layout      layout
	fitted      map[columnKey]datasets.Fitted
	predictor   predictor
	verdict     Verdict
	tails       []*datasets.Series      // the newest rows of each series
	residuals   residuals               // of all targets and series together
	residualsOf map[columnKey]residuals // of targets with enough errors
	updates     []Updated
}

// Config is the config with all defaults filled in.
func (f *Forecaster) Config() Config { return f.config }

// Verdict compares the networks with simple methods, on rows that they have not seen.
func (f *Forecaster) Verdict() Verdict { return f.verdict }

// Levels are the levels of the quantiles of a forecast.
func (f *Forecaster) Levels() []float64 { return slices.Clone(f.predictor.levels) }

// Rows is how many known rows Forecast needs at least: those of a window, or where a simple
// method is in use, as many as it was judged with, since it is fitted on them.
func (f *Forecaster) Rows() int {
	n := f.window()
	if f.inUse() == modelName {
		return n
	}
	for _, s := range f.tails {
		rows, _ := f.layout.known(s) // which has the columns
		n = max(n, min(rows, historyOf(f.config.Season)))
	}
	return n
}

// rowsOf is how many known rows of a series Forecast needs.
func (f *Forecaster) rowsOf(series string) int {
	n := f.window()
	if kept, known := f.kept(series); known && f.inUse() != modelName {
		n = max(n, kept)
	}
	return n
}

// kept is how many rows of a series simple methods read: as many as are kept of it, or of a new
// one as many as they read at most.
func (f *Forecaster) kept(series string) (n int, known bool) {
	most := historyOf(f.config.Season)
	for _, s := range f.tails {
		if len(f.tails) == 1 || s.Name == series {
			rows, _ := f.layout.known(s) // which has the columns
			return min(rows, most), true
		}
	}
	return most, false
}

// window is how many rows the networks need for a forecast.
func (f *Forecaster) window() int { return f.layout.Lag + f.config.Steps }

// Frequency is the time from one row to the next; the zero value if the rows had no times, or
// no regular ones.
func (f *Forecaster) Frequency() calendar.Frequency { return f.layout.Clock.Frequency }

// Forecast is the forecast of one series.
type Forecast struct {
	Series  string      `json:"series"`
	Method  string      `json:"method"` // "model", or the name of the simple method that is in use
	Times   []string    `json:"times"`  // of the rows, such as 2024-01-31, or 2024-01-31T15:00:00, with a zone if the series has one; +1, +2, … where it has no times
	At      []time.Time `json:"-"`      // the same, where the series has times; otherwise nil
	Targets []Target    `json:"targets"`
}

// Target is the forecast of one column, in the units of the series.
type Target struct {
	Name      string      `json:"name"`
	Values    []float64   `json:"values"`    // [horizon]
	Levels    []float64   `json:"levels"`    // of the quantiles, such as 0.1, 0.5 and 0.9
	Quantiles [][]float64 `json:"quantiles"` // [level][horizon]; they never cross
}

// Forecast forecasts the next Horizon rows of each series: of those of the training, after
// their newest rows, if none is given.
//
// A series must have Rows rows at least, of which the newest are read; columns that the
// forecaster does not know are ignored. Of a forecaster that was fitted on one series, the
// name does not matter. Otherwise, the name says whose scaling is used; a new name is a
// series that was not in the training, which is scaled by the rows that are given.
//
// With Config.Future, the series ends with the rows to forecast, of which the targets are
// missing (NaN) and these covariates are known.
func (f *Forecaster) Forecast(ctx context.Context, recent ...*datasets.Series) ([]Forecast, error) {
	if len(recent) == 0 {
		recent = f.tails
	}
	if err := checkSeries(recent); err != nil {
		return nil, err
	}
	var all []place
	regular := make([]*datasets.Series, len(recent))
	for i, s := range recent {
		if err := f.layout.reads(s); err != nil {
			return nil, err
		}
		s, err := f.layout.regular(s, f.config.Horizon)
		if err != nil {
			return nil, err
		}
		regular[i] = s
		tracks, err := f.newest(s)
		if err != nil {
			return nil, err
		}
		for _, t := range tracks {
			all = append(all, place{t, t.known - 1})
		}
	}
	predictions, err := f.method(f.inUse())(ctx, all)
	if err != nil {
		return nil, err
	}
	out := make([]Forecast, len(recent))
	each := len(all) / len(recent) // tracks of a series
	for i, s := range recent {
		out[i] = Forecast{Series: s.Name, Method: f.inUse()}
		f.setTimes(&out[i], regular[i], all[i*each].row, labelOf(s, s.Len()-1))
		for k := i * each; k < (i+1)*each; k++ {
			for j, name := range all[k].track.layout.Targets {
				p := predictions[k][j]
				out[i].Targets = append(out[i].Targets, Target{Name: name, Values: p.values, Levels: f.Levels(), Quantiles: p.quantiles})
			}
		}
	}
	return out, nil
}

// inUse is the method that forecasts.
func (f *Forecaster) inUse() string {
	if f.config.Use == Best {
		return f.verdict.Best
	}
	return modelName
}

// newest are the tracks of a series that is to be forecast.
func (f *Forecaster) newest(s *datasets.Series) ([]*track, error) {
	rows, err := f.layout.known(s)
	if err != nil {
		return nil, err
	}
	tracks, err := f.known(s, rows)
	if err != nil {
		return nil, err
	}
	for _, t := range tracks {
		if n := f.rowsOf(s.Name); t.known < n {
			return nil, errs.Error{Path: s.Name, Field: "rows", Rule: fmt.Sprintf("must be at least %d up to the last known target, as many as a forecast reads", n), Value: t.known}
		}
		if err := t.checkFuture(t.known-1, f.config.Horizon); err != nil {
			return nil, err
		}
	}
	return tracks, nil
}

// known are the tracks of a series, scaled as in the training; a new series, by its own rows
// before the given one.
func (f *Forecaster) known(s *datasets.Series, before int) ([]*track, error) {
	fitted := map[columnKey]datasets.Fitted{}
	series := s.Name
	if len(f.tails) == 1 {
		series = f.tails[0].Name
	}
	for _, name := range f.layout.window() {
		if known := f.fitted[columnKey{series, name}]; known != nil {
			fitted[columnKey{s.Name, name}] = known
		}
	}
	return tracksOf(s, f.config, f.layout, fitted, before)
}

// checkFuture refuses a future covariate that is missing in the rows after one.
func (t *track) checkFuture(row, horizon int) error {
	first := len(t.layout.Targets) + len(t.layout.Past)
	for j, name := range t.layout.Future {
		raw := t.columns[first+j].raw
		for h := 1; h <= horizon; h++ {
			if row+h >= len(raw) || math.IsNaN(raw[row+h]) {
				return errs.Error{Path: fmt.Sprintf("%s, row %d", t.name, row+h), Field: name,
					Rule: fmt.Sprintf("must be known for the %d rows to forecast, as in the training: add them at the end, without targets", horizon)}
			}
		}
	}
	return nil
}

// keep keeps the newest rows of each series: what networks and simple methods read, and what is
// known of the rows to forecast.
func (f *Forecaster) keep(series []*datasets.Series) error {
	n := max(f.window(), historyOf(f.config.Season))
	f.tails = nil
	for _, s := range series {
		known, err := f.layout.known(s)
		if err != nil {
			return err
		}
		to := known
		if len(f.layout.Future) > 0 {
			to = min(known+f.config.Horizon, s.Len())
		}
		tail, err := f.layout.rows(s, max(0, known-n), to)
		if err != nil {
			return err
		}
		f.tails = append(f.tails, tail)
	}
	return nil
}
