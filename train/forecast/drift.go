package forecast

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"gonum.org/v1/gonum/stat"
)

// residuals are the errors of forecasts of one row ahead on the test part, in the units of
// the transform.
type residuals struct{ Mean, Deviation float64 }

// leastResiduals is how many errors the deviation of a target is computed from, at least. With
// fewer, the deviation of all targets and series is used.
const leastResiduals = 20

// Drift says whether the errors of a series have changed since the training: see
// Forecaster.Drift.
type Drift struct {
	Series    string  `json:"series"`
	Target    string  `json:"target"`
	Rows      int     `json:"rows"`      // new rows that were read
	Statistic float64 `json:"statistic"` // the largest of the sums
	Threshold float64 `json:"threshold"` // above which the errors have changed
	Drifted   bool    `json:"drifted"`
	Since     int     `json:"since"` // new rows before the change, as the sum estimates it
}

// The constants of the sums. A change of one standard deviation is found after about ten rows;
// without a change, a sum of normal errors goes above the threshold once in about 930 rows.
const (
	driftAllowance = 0.5
	driftThreshold = 5.0
)

// Drift reads rows that follow those that the forecaster knows, and says for each series and
// target whether errors of one row ahead have become larger or moved to one side: when to call
// Update. It is the cumulative sum of Page (Continuous Inspection Schemes, 1954) of errors z
// in standard deviations of those of the series in the test part, and of their sizes,
//
//	S = max(0, S + z − 1/2), max(0, S − z − 1/2), max(0, S + (|z| − 0.80)/0.60 − 1/2)
//
// where the last one has the mean and the deviation that |z| has for normal z. A series with
// fewer than 20 errors in the test part is compared with the errors of all. The rows are
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
		tail := f.tails[at]
		j, err := f.join(tail, s)
		if err != nil {
			return nil, err
		}
		added := j.added
		if added == 0 {
			return nil, noneIsNew(s)
		}
		tracks, err := f.known(j.regular, j.regular.Len())
		if err != nil {
			return nil, err
		}
		for _, t := range tracks {
			var places []place
			padded := t.padded(f.config.Horizon)
			for row := t.known - 1 - added; row < t.known-1; row++ {
				if row < f.window()-1 {
					return nil, errs.Error{Path: s.Name, Field: "rows", Rule: fmt.Sprintf("must follow at least %d known rows", f.window()), Value: row + 1}
				}
				places = append(places, place{padded, row})
			}
			errors, err := f.errorsAhead(ctx, places)
			if err != nil {
				return nil, err
			}
			for _, name := range t.layout.Targets {
				d := Drift{Series: s.Name, Target: name, Rows: added, Threshold: driftThreshold}
				expected, ok := f.residualsOf[columnKey{tail.Name, name}]
				if !ok {
					expected = f.residuals
				}
				d.sum(errors[t.key(name)], expected)
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// errorsAhead are the errors of one row ahead of each target, in the order of the
// places and in the units of the transform; NaN where the value is missing.
func (f *Forecaster) errorsAhead(ctx context.Context, places []place) (map[columnKey][]float64, error) {
	forecasts, err := f.predictor.predict(ctx, places)
	if err != nil {
		return nil, err
	}
	out := map[columnKey][]float64{}
	for i, p := range places {
		for j, name := range p.track.layout.Targets {
			c, key := p.track.columns[j], p.track.key(name)
			out[key] = append(out[key], distance(c.fitted, forecasts[i][j].values[0], c.raw[p.row+1], 1))
		}
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

// measureResiduals keeps what Drift compares with: for each target of each series, as one may
// be much more regular than another, and for all together.
func (f *Forecaster) measureResiduals(ctx context.Context, parts []part) error {
	var at []place
	for _, p := range parts {
		at = append(at, places([]part{p}, part.tested, max(5*leastResiduals, mostCalibrated/len(parts)))...)
	}
	errors, err := f.errorsAhead(ctx, at)
	if err != nil {
		return err
	}
	var all []float64
	f.residualsOf = map[columnKey]residuals{}
	for _, key := range slices.SortedFunc(maps.Keys(errors), columnKey.compare) {
		known := slices.DeleteFunc(errors[key], math.IsNaN)
		all = append(all, known...)
		if r := residualsFrom(known); len(known) >= leastResiduals && r.Deviation > 0 {
			f.residualsOf[key] = r
		}
	}
	f.residuals = residualsFrom(all)
	return nil
}

func residualsFrom(errors []float64) residuals {
	if len(errors) < 2 {
		return residuals{}
	}
	mean, deviation := stat.MeanStdDev(errors, nil)
	return residuals{mean, deviation}
}
