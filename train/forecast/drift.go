package forecast

import (
	"context"
	"fmt"
	"math"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"gonum.org/v1/gonum/stat"
)

// residuals are the errors of forecasts of one row ahead on the test part, in the units of
// the transform.
type residuals struct{ Mean, Deviation float64 }

// Drift says whether the errors of a series have changed since the training: see
// Forecaster.Drift.
type Drift struct {
	Series    string  `json:"series"`
	Target    string  `json:"target"`
	Rows      int     `json:"rows"`      // new rows that were read
	Statistic float64 `json:"statistic"` // the largest of the sums
	Threshold float64 `json:"threshold"` // above which the errors have changed
	Drifted   bool    `json:"drifted"`
	Since     int     `json:"since"` // new rows before the change, as far as the sum tells
}

// The constants of the sums. A change of one standard deviation is found after about ten rows; without
// a change, a sum of normal errors goes above the threshold once in about 930 rows.
const (
	driftAllowance = 0.5
	driftThreshold = 5.0
)

// Drift reads rows that came after those that the forecaster knows, and tells for each series and
// target whether errors of one row ahead have become larger or moved to one side: when to call Update.
// It is the cumulative sum of Page (Continuous Inspection Schemes, 1954) of errors z
// in standard deviations of the test part, and of their sizes,
//
//	S = max(0, S + z − 1/2), max(0, S − z − 1/2), max(0, S + (|z| − 0.80)/0.60 − 1/2)
//
// where the last one has the mean and the deviation that |z| has for normal z. The rows are
// joined to the known ones as in Update.
func (f *Forecaster) Drift(ctx context.Context, series ...*datasets.Series) ([]Drift, error) {
	if err := checkSeries(series); err != nil {
		return nil, err
	}
	if !(f.residuals.Deviation > 0) {
		return nil, errs.Error{Path: "forecast", Field: "drift", Rule: "needs errors on the test part that are not all the same"}
	}
	var out []Drift
	for _, s := range series {
		at, err := f.tailOf(s)
		if err != nil {
			return nil, err
		}
		_, whole, added, err := f.join(f.tails[at], s)
		if err != nil {
			return nil, err
		}
		if added == 0 {
			return nil, noneIsNew(s)
		}
		tracks, err := f.known(whole, whole.Len())
		if err != nil {
			return nil, err
		}
		for _, t := range tracks {
			var places []place
			for row := t.known - 1 - added; row < t.known-1; row++ {
				if row < f.Rows()-1 {
					return nil, errs.Error{Path: s.Name, Field: "rows", Rule: fmt.Sprintf("must follow at least %d known rows", f.Rows()), Value: row + 1}
				}
				places = append(places, place{t, row})
			}
			for j, name := range t.layout.Targets {
				d := Drift{Series: s.Name, Target: name, Rows: added, Threshold: driftThreshold}
				errors, err := f.errorsAhead(ctx, places, j)
				if err != nil {
					return nil, err
				}
				d.sum(errors, f.residuals)
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// errorsAhead are the errors of one row ahead of a target, in the units of the transform; NaN
// where the value is missing.
func (f *Forecaster) errorsAhead(ctx context.Context, places []place, target int) ([]float64, error) {
	forecasts, err := f.predictor.predict(ctx, places)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(places))
	for i, p := range places {
		c := p.track.columns[p.track.layout.Targets[target]]
		out[i] = distance(c.fitted, forecasts[i][target].values[0], c.raw[p.row+1], 1)
	}
	return out, nil
}

// sum fills in the statistic.
func (d *Drift) sum(errors []float64, r residuals) {
	var sums [3]float64
	var starts [3]int
	for i, e := range errors {
		if math.IsNaN(e) {
			continue
		}
		z := (e - r.Mean) / r.Deviation
		size := (math.Abs(z) - math.Sqrt(2/math.Pi)) / math.Sqrt(1-2/math.Pi)
		for k, change := range [3]float64{z, -z, size} {
			sums[k] = max(0, sums[k]+change-driftAllowance)
			if sums[k] == 0 {
				starts[k] = i + 1
			}
			if sums[k] > d.Statistic {
				d.Statistic, d.Since = sums[k], starts[k]
			}
		}
	}
	d.Drifted = d.Statistic > d.Threshold
}

// measureResiduals keeps what Drift compares with.
func (f *Forecaster) measureResiduals(ctx context.Context, parts []part) error {
	at := places(parts, part.tested, mostCalibrated)
	var all []float64
	for j := range f.task().Targets {
		errors, err := f.errorsAhead(ctx, at, j)
		if err != nil {
			return err
		}
		for _, e := range errors {
			if !math.IsNaN(e) {
				all = append(all, e)
			}
		}
	}
	if len(all) > 1 {
		f.residuals.Mean, f.residuals.Deviation = stat.MeanStdDev(all, nil)
	}
	return nil
}
