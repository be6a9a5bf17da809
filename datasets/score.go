package datasets

import (
	"fmt"
	"math"
	"strings"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// Score compares predictions on the test part with the naive forecasts, in
// original units. All numbers are taken over every test window, every row of the
// horizon, and every target whose true value is not missing.
type Score struct {
	Target  string `json:"target"`  // the column; several are joined by a comma
	Windows int    `json:"windows"` // in the test part

	RMSE float64 `json:"rmse"`
	MAE  float64 `json:"mae"`

	PersistenceRMSE float64 `json:"persistence_rmse"` // the naive forecast: every future value equals the last known one
	PersistenceMAE  float64 `json:"persistence_mae"`

	Season       int     `json:"season,omitempty"` // rows; 0 if no season is set
	SeasonalRMSE float64 `json:"seasonal_rmse,omitempty"`
	SeasonalMAE  float64 `json:"seasonal_mae,omitempty"`

	// Skill is 1 − RMSE / PersistenceRMSE: 1 for a perfect model, 0 for one that
	// equals the naive forecast, negative for a worse one. It is 0, and has no
	// meaning, if the naive forecast is exact.
	Skill float64 `json:"skill"`

	// Targets are the scores of each target, if there are several. If the
	// targets have different units, only these are meaningful.
	Targets []Score `json:"targets,omitempty"`
}

// learned is the lowest skill at which Learned is true.
const learned = 0.01

// Score compares the model's output for Test.X, [windows, horizon·targets],
// with the true values. Its errors are those of Predictions.
func (w *Windowed) Score(yhat *tensor.Dense) (Score, error) {
	predictions, err := w.Predictions(yhat)
	if err != nil {
		return Score{}, err
	}
	truth, persistence, seasonal := w.Truth(), w.Persistence(), w.SeasonalNaive()
	// judge scores every k-th output from one on: one target at all horizons.
	judge := func(target string, from, k int) Score {
		s := Score{Target: target, Windows: w.Test.Len(), Season: w.config.Season}
		s.RMSE, s.MAE = distance(predictions, truth, from, k)
		s.PersistenceRMSE, s.PersistenceMAE = distance(persistence, truth, from, k)
		if s.Season > 0 {
			s.SeasonalRMSE, s.SeasonalMAE = distance(seasonal, truth, from, k)
		}
		if s.PersistenceRMSE > 0 {
			s.Skill = 1 - s.RMSE/s.PersistenceRMSE
		}
		return s
	}
	targets := w.config.Targets
	score := judge(strings.Join(targets, ", "), 0, 1)
	if len(targets) > 1 {
		for j, name := range targets {
			score.Targets = append(score.Targets, judge(name, j, len(targets)))
		}
	}
	for _, s := range append([]Score{score}, score.Targets...) {
		if math.IsNaN(s.PersistenceMAE) {
			return Score{}, errs.Error{Path: w.name, Field: s.Target, Rule: "must have a value in the test part that is not missing"}
		}
		if !dense.Finite(s.RMSE) || !dense.Finite(s.PersistenceRMSE) || !dense.Finite(s.SeasonalRMSE) || !dense.Finite(s.Skill) {
			return Score{}, errs.Error{Path: w.name, Field: s.Target, Rule: "must have scores within the range of float64", Kind: errs.ErrNotFinite}
		}
	}
	return score, nil
}

// distance is the root mean square and the mean of the absolute differences
// between every k-th column of forecasts and truth from one on, but for missing values.
func distance(forecasts, truth [][]float64, from, k int) (rmse, mae float64) {
	n := 0
	for c := from; c < len(forecasts); c += k {
		for i, v := range forecasts[c] {
			if math.IsNaN(truth[c][i]) {
				continue
			}
			d := math.Abs(v - truth[c][i])
			rmse += d * d
			mae += d
			n++
		}
	}
	return math.Sqrt(rmse / float64(n)), mae / float64(n)
}

// Learned reports whether the model's RMSE is at least one per cent below that of
// the naive forecast. That is little, and on a short test part it can be chance:
// repeat the training with other seeds before trusting a skill near it.
func (s Score) Learned() bool { return s.Skill >= learned }

// Unbeatable reports whether the naive forecast is exact and the model is not: the
// target is constant in the test part, and the skill is undefined.
func (s Score) Unbeatable() bool { return s.PersistenceRMSE == 0 && s.RMSE > 0 }

// String returns a line for each target: "DAX: RMSE 65.9, MAE 49.1 over 372
// windows; persistence RMSE 63, MAE 48.2; skill -4.6 %".
func (s Score) String() string {
	if len(s.Targets) > 0 {
		lines := make([]string, len(s.Targets))
		for i, one := range s.Targets {
			lines[i] = one.String()
		}
		return strings.Join(lines, "\n")
	}
	text := fmt.Sprintf("%s: RMSE %.4g, MAE %.4g over %d windows; persistence RMSE %.4g, MAE %.4g",
		s.Target, s.RMSE, s.MAE, s.Windows, s.PersistenceRMSE, s.PersistenceMAE)
	if s.Season > 0 {
		text += fmt.Sprintf("; seasonal-naive RMSE %.4g, MAE %.4g", s.SeasonalRMSE, s.SeasonalMAE)
	}
	if s.Unbeatable() {
		return text + "; skill undefined, as persistence is exact"
	}
	return text + fmt.Sprintf("; skill %.1f %%", 100*s.Skill)
}
