package baselines

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/internal/errs"
)

// maxSmoothed is how many of the last values ETS reads. A fit runs over them some hundred
// times for each of nine models.
const maxSmoothed = 10_000

// ETS is exponential smoothing with additive errors: the methods of Holt and Winters. The
// zero value chooses the trend, and with a Period the season, by the lowest AICc.
//
//	y(t)  = (l(t−1) + φ·b(t−1)) ⊕ s(t−m) + e(t)
//	l(t)  = α·(y(t) ⊖ s(t−m)) + (1−α)·(l(t−1) + φ·b(t−1))
//	b(t)  = β·(l(t) − l(t−1)) + (1−β)·φ·b(t−1)
//	s(t)  = γ·(y(t) ⊖ l(t)) + (1−γ)·s(t−m)
//
// where m is the Period and ⊕ and ⊖ are sum and difference, or product and quotient for a
// multiplicative season (Winters, Forecasting Sales by Exponentially Weighted Moving
// Averages, 1960; the damping φ is of Gardner and McKenzie, 1985). α, β and γ lie in [0, 1]
// and φ in [0.8, 0.98]. They minimize the squares of e; a local minimum is possible.
//
// Initial states are a heuristic (Hyndman, Koehler, Ord and Snyder, Forecasting with
// Exponential Smoothing, 2008, section 2.6): the season of a classical decomposition of
// the first three seasons, and the line through the first 10 adjusted values, or two
// seasons if they are more; without a trend, their mean.
//
// ETS reads only the last 10 000 values of a longer history, so that the time has a bound:
// about two seconds. A season therefore has at most 5 000 values.
type ETS struct {
	Period int    // values in a season; 0 or 1: none
	Trend  string // "none", "additive" or "damped"; "" chooses

	// Season is "none", "additive" or "multiplicative"; "" chooses. A season needs a history
	// of two periods, and a multiplicative one positive values. Where one is missing, ""
	// does without; a season that is asked for is refused.
	Season string
}

var (
	trends  = []string{"none", "additive", "damped"}
	seasons = []string{"none", "additive", "multiplicative"}
)

// Fit reads a history that has at least two more values than the model has numbers to
// estimate: parameters, initial states and Sigma. The simplest model needs five values.
// Where the config leaves a choice, models are left out for which the history is too short.
func (c ETS) Fit(history []float64) (*Fitted, error) {
	if err := checkPeriod("ETS", c.Period, 0); err != nil {
		return nil, err
	}
	if c.Trend != "" && !slices.Contains(trends, c.Trend) {
		return nil, errs.Error{Field: "ETS.Trend", Rule: `must be "none", "additive", "damped" or ""`, Value: fmt.Sprintf("%q", c.Trend)}
	}
	if c.Season != "" && !slices.Contains(seasons, c.Season) {
		return nil, errs.Error{Field: "ETS.Season", Rule: `must be "none", "additive", "multiplicative" or ""`, Value: fmt.Sprintf("%q", c.Season)}
	}
	x, scale, err := scaled("ETS", history, 5)
	if err != nil {
		return nil, err
	}
	x = x[max(0, len(x)-maxSmoothed):]
	if err := c.checkSeason(x); err != nil {
		return nil, err
	}
	var best *Fitted
	for _, season := range seasons {
		if c.Season != "" && season != c.Season || season != "none" && c.seasonFault(x, season) != nil {
			continue
		}
		for _, trend := range trends {
			if c.Trend != "" && trend != c.Trend {
				continue
			}
			f := newSmoothing(x, c.Period, trend, season).fit()
			if f != nil && (best == nil || f.AICc < best.AICc) {
				best = f
			}
		}
	}
	if best == nil {
		return nil, errs.Error{Field: "ETS", Value: len(x),
			Rule: "must have a history with two more values than the model has parameters and initial states, and a finite error: choose a simpler Trend or Season, or Naive"}
	}
	best.AICc += 2 * float64(len(x)) * math.Log(scale)
	return best.times(scale), nil
}

// checkSeason refuses a season that is asked for and impossible.
func (c ETS) checkSeason(x []float64) error {
	if c.Season == "" || c.Season == "none" {
		return nil
	}
	return c.seasonFault(x, c.Season)
}

// seasonFault says why a season is impossible.
func (c ETS) seasonFault(x []float64, season string) error {
	switch {
	case c.Period < 2:
		return errs.Error{Field: "ETS.Period", Rule: "must be at least 2 for a season", Value: c.Period}
	case c.Period > maxSmoothed/2:
		return errs.Error{Field: "ETS.Period", Rule: fmt.Sprintf("must be at most %d for a season", maxSmoothed/2), Value: c.Period}
	case len(x) < 2*c.Period:
		return errs.Error{Field: "ETS", Rule: fmt.Sprintf("must have a history of two periods of %d for a season", c.Period), Value: len(x)}
	case season == "multiplicative" && !positive(x):
		return errs.Error{Field: "ETS.Season", Rule: `"multiplicative" must have positive values: use "additive"`, Value: slices.Min(x)}
	}
	return nil
}

// criterion is Akaike's, corrected for small samples, of n normal errors with the given
// sum of squares and k estimated numbers (Hurvich and Tsai, 1989). Errors below 1e-13 of
// the largest value are rounding errors and count as that, so that of exact models the
// one with the fewest numbers is best.
func criterion(sum float64, n, k int) float64 {
	variance := max(sum/float64(n), 1e-26)
	return float64(n)*math.Log(variance) + 2*float64(k) + 2*float64(k)*float64(k+1)/float64(n-k-1)
}
