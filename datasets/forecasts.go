package datasets

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Truth returns the true values of the test part, in original units, NaN where they are
// missing: one slice for each output of the model, [horizon·targets], each as long as the test part.
// With one target and a horizon of 1, Truth()[0] is the series' last part.
func (w *Windowed) Truth() [][]float64 {
	return w.outputs(func(_, future []float64) ([]float64, error) { return future, nil })
}

// Persistence returns the naive forecast, which equals the last known value, in
// the layout of Truth.
func (w *Windowed) Persistence() [][]float64 {
	return w.outputs(func(known, _ []float64) ([]float64, error) { return Persistence(known, w.config.Horizon) })
}

// SeasonalNaive returns the forecast that repeats the last known season, in the
// layout of Truth; nil where WindowConfig.Season is 0.
func (w *Windowed) SeasonalNaive() [][]float64 {
	if w.config.Season == 0 {
		return nil
	}
	return w.outputs(func(known, _ []float64) ([]float64, error) {
		return SeasonalNaive(known, w.config.Season, w.config.Horizon)
	})
}

// Predictions turns the model's output for Test.X, [windows, horizon·targets],
// into original units, in the layout of Truth. Where the transform is a change,
// the forecasts are added to the last known values, and those of more than Lag rows ahead to
// the forecasts Lag rows before. Another shape or dtype than the windows have, and a
// prediction that is not finite, are errors.
func (w *Windowed) Predictions(yhat *tensor.Dense) ([][]float64, error) {
	if w.Test.Len() == 0 {
		return nil, errs.Error{Path: w.name, Field: "WindowConfig.Test", Rule: "must be positive to score predictions", Value: w.config.Test}
	}
	return w.undo(yhat, w.Test.Len(), func(i int) int { return w.row(w.layout.test + i) })
}

// Next turns the model's output for Newest, [1, horizon·targets], into
// original units: the targets of the first row after the series, then those of
// the second.
func (w *Windowed) Next(yhat *tensor.Dense) ([]float64, error) {
	outputs, err := w.undo(yhat, 1, func(int) int { return len(w.truth[0]) - 1 })
	if err != nil {
		return nil, err
	}
	next := make([]float64, len(outputs))
	for i, out := range outputs {
		next[i] = out[0]
	}
	return next, nil
}

// row is the last row that a window sees.
func (w *Windowed) row(window int) int { return w.layout.origin + window*w.config.Stride }

// undo reads n predictions, the i-th made at row origin(i).
func (w *Windowed) undo(yhat *tensor.Dense, n int, origin func(i int) int) ([][]float64, error) {
	k, width := len(w.truth), len(w.truth)*w.config.Horizon
	if err := dense.Check(yhat, w.config.Dtype, shapes.Shape{n, width}); err != nil {
		return nil, errs.At(err, "predictions", "")
	}
	y, lag := dense.ToFloat64(yhat), w.config.Transform.Lag()
	out := columns(width, n)
	for i := range n {
		for j, target := range w.targets {
			for h := range w.config.Horizon {
				at := h*k + j
				before := 0.0
				switch {
				case lag == 0:
				case h < lag:
					before = target.values[origin(i)+1+h-lag]
				default:
					before = out[at-lag*k][i]
				}
				v := target.fit.Undo(before, y[i*width+at])
				if !dense.Finite(v) {
					return nil, errs.Error{Path: "predictions", Field: fmt.Sprintf("element %v", shapes.Shape{i, at}),
						Rule: "must be finite in original units", Value: v, Kind: errs.ErrNotFinite}
				}
				out[at][i] = v
			}
		}
	}
	return out, nil
}

// outputs arranges the forecasts of each test window, made from the known values
// of a target and, for the truth, the future ones.
func (w *Windowed) outputs(forecast func(known, future []float64) ([]float64, error)) [][]float64 {
	k, n := len(w.truth), w.Test.Len()
	out := columns(k*w.config.Horizon, n)
	for i := range n {
		for j, column := range w.truth {
			now := w.row(w.layout.test+i) + 1
			// The layout leaves enough rows for every forecast, and each column has a value
			// in the training part: no error can occur.
			values, err := forecast(column[:now], column[now:now+w.config.Horizon])
			if err != nil {
				return nil
			}
			for h, v := range values {
				out[h*k+j][i] = v
			}
		}
	}
	return out
}

func columns(n, length int) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, length)
	}
	return out
}

// Persistence is the naive forecast: all next values of a series equal the last
// known one that is not missing (NaN). A model is useful only if it beats this baseline. No
// known value, or a horizon below 1, is an error.
func Persistence(known []float64, horizon int) ([]float64, error) {
	return SeasonalNaive(known, 1, horizon)
}

// SeasonalNaive forecasts each of the next values of a series by the last
// known one of the same season, season rows or a multiple of them before: 12
// for months in a year. If all of these are missing (NaN), it is the last known value of any
// season. Fewer known values than a season, values that are all missing, or a season or a
// horizon below 1, are errors.
func SeasonalNaive(known []float64, season, horizon int) ([]float64, error) {
	if season < 1 {
		return nil, errs.Error{Field: "season", Rule: "must be positive", Value: season}
	}
	if horizon < 1 || horizon > maxCells {
		return nil, errs.Error{Field: "horizon", Rule: fmt.Sprintf("must be from 1 to %d", maxCells), Value: horizon}
	}
	if len(known) < season {
		return nil, errs.Error{Field: "known values", Rule: fmt.Sprintf("must be at least %d", season), Value: len(known)}
	}
	last, ok := lastKnown(known, len(known)-1, 1)
	if !ok {
		return nil, errs.Error{Field: "known values", Rule: "must not all be missing"}
	}
	forecast := make([]float64, horizon)
	for i := range forecast {
		if i >= season {
			forecast[i] = forecast[i-season]
		} else if forecast[i], ok = lastKnown(known, len(known)-season+i, season); !ok {
			forecast[i] = last
		}
	}
	return forecast, nil
}

// lastKnown is the value of a row, or the nearest one that is not missing, some steps before.
func lastKnown(values []float64, row, step int) (v float64, ok bool) {
	for ; row >= 0; row -= step {
		if !math.IsNaN(values[row]) {
			return values[row], true
		}
	}
	return 0, false
}
