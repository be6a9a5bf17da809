package forecast

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
)

// part is a track with its division: rows before validation train, then those before test
// validate, then those before track.known test.
type part struct {
	track            *track
	validation, test int
	horizon, block   int
}

// learned are the first and the last row of windows whose targets lie in the training part,
// those of validation likewise, and of calibration and test with a whole horizon.
func (p part) learned() (from, to int)    { return 0, p.validation - 1 - p.block }
func (p part) refitted() (from, to int)   { return 0, p.track.known - 1 - p.block }
func (p part) validated() (from, to int)  { return p.validation - 1, p.test - 1 - p.block }
func (p part) calibrated() (from, to int) { return p.validation - 1, p.test - 1 - p.horizon }
func (p part) tested() (from, to int)     { return p.test - 1, p.track.known - 1 - p.horizon }

// mostCalibrated and mostValidated limit windows, which are then taken at equal distances.
const (
	mostCalibrated = 2000
	mostValidated  = 1000
)

// places are the windows of a part of all tracks, at most as many as given unless that is 0.
func places(parts []part, of func(part) (from, to int), most int) []place {
	var all []place
	for _, p := range parts {
		from, to := of(p)
		for row := max(from, p.track.layout.Lag+p.track.steps-1); row <= to; row++ {
			all = append(all, place{p.track, row})
		}
	}
	return thin(all, most)
}

// thin takes places at equal distances, if there are more than most.
func thin(all []place, most int) []place {
	if most == 0 || len(all) <= most {
		return all
	}
	out := make([]place, most)
	for i := range out {
		out[i] = all[i*len(all)/most]
	}
	return out
}

// prepare makes a forecaster without weights, which keeps the newest rows, and divides its
// tracks; with a test part if it is to be judged.
func prepare(config Config, series []*datasets.Series, judged bool) (*Forecaster, []part, error) {
	c, err := config.complete()
	if err != nil {
		return nil, nil, err
	}
	if err := checkSeries(series); err != nil {
		return nil, nil, err
	}
	f := &Forecaster{config: c, fitted: map[columnKey]datasets.Fitted{}}
	if f.layout, err = newLayout(c, series); err != nil {
		return nil, nil, err
	}
	f.config.Targets = f.layout.Targets
	f.config.Season = or(c.Season, max(1, f.layout.Clock.Frequency.Season()))
	f.config.Steps = or(c.Steps, max(2*f.config.Season, 2*c.Horizon, 16))
	var given, kept []*datasets.Series
	var divided []part
	var short error
	for _, one := range series {
		s, err := f.layout.regular(one, c.Horizon)
		if err != nil {
			return nil, nil, err
		}
		if p, err := f.divide(s, judged); err != nil {
			short = err
		} else {
			given, kept, divided = append(given, one), append(kept, s), append(divided, p)
		}
	}
	if len(kept) == 0 {
		if c.Steps > 0 {
			return nil, nil, short
		}
		season, shortest := max(f.config.Season, c.Horizon, 4), max(c.Horizon, 16)
		config.Steps = season
		f, parts, err := prepare(config, series, judged)
		if err != nil && shortest < season { // such as a day of minutes
			config.Steps = shortest
			return prepare(config, series, judged)
		}
		return f, parts, err
	}
	if f.layout.Gaps, err = f.gaps(kept, divided); err != nil {
		return nil, nil, err
	}
	var parts []part
	for i, s := range kept {
		tracks, err := tracksOf(s, f.config, f.layout, f.fitted, divided[i].validation)
		if err != nil {
			return nil, nil, err
		}
		for _, t := range tracks {
			p := divided[i]
			p.track = t
			parts = append(parts, p)
		}
	}
	return f, parts, f.keep(given)
}

// divide finds the parts of a series.
func (f *Forecaster) divide(s *datasets.Series, judged bool) (part, error) {
	c := f.config
	n, err := f.layout.known(s)
	if err != nil {
		return part{}, err
	}
	if n == 0 {
		return part{}, errs.Error{Path: s.Name, Field: "targets", Rule: "must have a known value", Value: strings.Join(f.layout.Targets, ", ")}
	}
	least := f.layout.Lag + c.Steps + c.Block
	validation, test := c.parts(n, judged)
	if n-test-validation < least {
		need := n
		for need-test-validation < least { // the parts grow with the rows
			need = least + test + validation
			validation, test = c.parts(need, judged)
		}
		return part{}, errs.Error{Path: s.Name, Field: "rows", Rule: fmt.Sprintf("must be at least %d, so that %d are left to train on with Config.Steps %d and Config.Horizon %d; give more rows, or smaller numbers", need, least, c.Steps, c.Horizon), Value: n}
	}
	return part{validation: n - test - validation, test: n - test, horizon: c.Horizon, block: c.Block}, nil
}

// parts are the rows of the validation and the test part.
func (c Config) parts(rows int, judged bool) (validation, test int) {
	of := func(share float64) int { // as in Config.Test
		if share < 1 {
			share = math.Round(share * float64(rows))
		}
		return max(int(share), c.Horizon)
	}
	if judged {
		test = of(c.Test)
	}
	return of(c.Validation), test
}

// gaps are the columns of the window in which the training part of a series has a missing
// value.
func (f *Forecaster) gaps(series []*datasets.Series, divided []part) ([]int, error) {
	var gaps []int
	targets := len(f.layout.Targets)
	for j, name := range f.layout.window() {
		at := j
		if f.config.Pool {
			at = max(0, j-targets+1) // all targets are the first column
		}
		if len(gaps) > 0 && gaps[len(gaps)-1] == at {
			continue
		}
		for i, s := range series {
			values, err := s.Column(name)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(values[:divided[i].validation], math.IsNaN) {
				gaps = append(gaps, at)
				break
			}
		}
	}
	return gaps, nil
}

// checkSeries refuses series that are not consistent or cannot be told apart.
func checkSeries(series []*datasets.Series) error {
	if len(series) == 0 {
		return errs.Error{Path: "forecast", Field: "series", Rule: "must be one at least"}
	}
	names := map[string]bool{}
	for i, s := range series {
		if err := s.Check(); err != nil {
			return errs.At(err, fmt.Sprintf("series %d", i), "")
		}
		if names[s.Name] {
			return errs.Error{Path: "forecast", Field: "series", Rule: "must have different names", Value: s.Name}
		}
		names[s.Name] = true
	}
	return nil
}
