package forecast

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/optimizers"
)

// UpdateConfig says how Update trains.
type UpdateConfig struct {
	Epochs       int       // at most; default 20
	LearningRate float64   // of optimizers.Adam; default 0.0001
	Progress     io.Writer // nil for nothing
}

// Updated is what an Update did. A forecaster keeps all of its updates.
type Updated struct {
	Rows     int     `json:"rows"`     // new rows, of all series
	Missing  int     `json:"missing"`  // rows that are missing between the known rows and the new ones
	Differ   int     `json:"differ"`   // known rows that were given again with other values, which are not read
	Last     string  `json:"last"`     // label of the newest row
	Before   float64 `json:"before"`   // mean absolute scaled error on the newest rows of the networks as they were
	After    float64 `json:"after"`    // and as they were after the training
	Accepted bool    `json:"accepted"` // whether the networks were changed
}

// Update makes a forecaster that knows new rows as well: it continues the training of the
// networks from their weights, on the newest known rows and the new ones. The last fifth of the
// new ones, a horizon at least, is not trained on: training stops by the error on it, and the
// networks before and after are compared on it, which favours the trained ones a little. If these
// are worse, the weights stay as they were. Either way, forecasts start from the new rows.
//
// The series have the names of those of the training, of which some may have no new rows. They may
// repeat rows that are known if they have times or labels: these stay as they were, also where the
// values differ, which Updated tells. Scaling and calibration stay. The forecaster itself does
// not change: after an error, such as a bad row, it can still be used.
func (f *Forecaster) Update(ctx context.Context, config UpdateConfig, series ...*datasets.Series) (*Forecaster, error) {
	config.Epochs = or(config.Epochs, 20)
	config.LearningRate = or(config.LearningRate, 1e-4)
	switch {
	case config.Epochs < 0:
		return nil, errs.Error{Path: "forecast", Field: "UpdateConfig.Epochs", Rule: "must not be negative", Value: config.Epochs}
	case !(config.LearningRate > 0) || math.IsInf(config.LearningRate, 0):
		return nil, errs.Error{Path: "forecast", Field: "UpdateConfig.LearningRate", Rule: "must be positive and finite", Value: config.LearningRate}
	}
	if err := checkSeries(series); err != nil {
		return nil, err
	}
	g := *f
	var done Updated
	joined := make([]*datasets.Series, len(f.tails))
	copy(joined, f.tails)
	g.tails = joined
	var parts []part
	for _, s := range series {
		at, err := f.tailOf(s)
		if err != nil {
			return nil, err
		}
		if joined[at] != f.tails[at] {
			return nil, errs.Error{Path: "forecast", Field: "series", Rule: "must be one for each of the training", Value: s.Name}
		}
		j, err := f.join(f.tails[at], s)
		if err != nil {
			return nil, err
		}
		if j.added == 0 {
			continue
		}
		joined[at] = j.rows
		done.Rows, done.Missing, done.Differ = done.Rows+j.added, done.Missing+j.missing, done.Differ+j.differ
		tracks, err := f.known(j.regular, j.regular.Len())
		if err != nil {
			return nil, err
		}
		for _, t := range tracks {
			kept := max(f.config.Horizon, j.added/5)
			parts = append(parts, part{track: t, validation: max(0, t.known-kept), test: t.known, horizon: f.config.Horizon, block: f.config.Block})
		}
		done.Last = labelOf(j.rows, j.known-1)
	}
	if done.Rows == 0 {
		return nil, noneIsNew(series[0])
	}
	compared := places(parts, part.calibrated, mostCalibrated)
	if len(compared) == 0 {
		return nil, errs.Error{Path: "forecast", Field: "rows", Rule: fmt.Sprintf("must be at least %d with the known ones, a window and two horizons", f.window()+2*f.config.Horizon), Value: done.Rows}
	}
	var err error
	if done.Before, err = f.scaledError(ctx, compared); err != nil {
		return nil, err
	}
	model, err := f.predictor.model.Clone()
	if err != nil {
		return nil, err
	}
	c := f.config
	c.Epochs, c.Optimizer, c.Progress = config.Epochs, optimizers.Adam{LearningRate: config.LearningRate}, config.Progress
	data, validation := f.samples(parts, part.learned, 0), f.samples(parts, part.validated, mostValidated)
	if data.Len() > 0 && validation.Len() > 0 {
		if _, err := fitMember(ctx, c, model, data, validation, false); err != nil {
			return nil, err
		}
	}
	g.setModel(model)
	if done.After, err = g.scaledError(ctx, compared); err != nil {
		return nil, err
	}
	if done.Accepted = done.After < done.Before; !done.Accepted {
		g.setModel(f.predictor.model)
	}
	if err := g.keep(joined); err != nil {
		return nil, err
	}
	g.updates = append(append([]Updated{}, f.updates...), done)
	return &g, nil
}

// Updates are the updates that made this forecaster, the oldest first.
func (f *Forecaster) Updates() []Updated { return slices.Clone(f.updates) }

// tailOf is the place of the series whose newest rows a series continues.
func (f *Forecaster) tailOf(s *datasets.Series) (int, error) {
	if len(f.tails) == 1 {
		return 0, nil
	}
	for i, t := range f.tails {
		if t.Name == s.Name {
			return i, nil
		}
	}
	return 0, errs.Error{Path: "forecast", Field: "series", Rule: "must have the name of a series of the training", Value: s.Name}
}

func noneIsNew(s *datasets.Series) error {
	return errs.Error{Path: s.Name, Field: "rows", Rule: "must go beyond the newest row that is known, with a target", Value: fmt.Sprintf("none that is new, of %d", s.Len())}
}

// scaledError is the mean absolute error of whole forecasts, in the units of the transform,
// so that all series count alike.
func (f *Forecaster) scaledError(ctx context.Context, at []place) (float64, error) {
	forecasts, err := f.predictor.predict(ctx, at)
	if err != nil {
		return 0, err
	}
	sum, n := 0.0, 0.0
	for i, p := range at {
		for j := range p.track.layout.Targets {
			c := p.track.columns[j]
			for h, value := range forecasts[i][j].values {
				if y := c.raw[p.row+1+h]; !math.IsNaN(y) {
					sum, n = sum+math.Abs(distance(c.fitted, value, y, 1)), n+1
				}
			}
		}
	}
	if n == 0 {
		return 0, errs.Error{Path: "forecast", Field: "rows", Rule: "must have known targets among the newest"}
	}
	return sum / n, nil
}
