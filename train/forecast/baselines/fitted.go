package baselines

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/errs"
)

// maxHorizon is the largest number of steps of a forecast.
const maxHorizon = 1_000_000

// Fitted is what a method has learned from a history. All methods are cases of one
// formula, which forecasts h steps ahead
//
//	mean(h) = (Level + Slope·(φ + φ² + … + φ^h)) ⊕ Season[(h−1) mod period]
//
// where φ is Damping and ⊕ is a sum, or a product if Multiplicative. The variance is
// that of an exponential smoothing with additive errors (Hyndman, Koehler, Ord and
// Snyder, Forecasting with Exponential Smoothing, 2008, chapter 6):
//
//	var(h) = Sigma²·(1 + c(1)² + … + c(h−1)²) + (h·SlopeDeviation)²
//	c(j)   = Alpha·(1 + Beta·(φ + … + φ^j)) + Gamma·(1−Alpha) if j is a multiple of the period
//
// With a multiplicative season the formula holds for the seasonally adjusted series: the
// term with Gamma is left out, Sigma is that of the adjusted errors, and the deviation is
// multiplied by the season. This is an approximation, which takes the season as known.
type Fitted struct {
	Method string // such as "naive" or "ETS(A,Ad,M)"

	Level   float64 // after the last value of the history
	Slope   float64 // for one step
	Damping float64 // 1 if the slope stays
	// Season is what is added to or multiplied with the next steps; none if empty.
	Season         []float64
	Multiplicative bool

	// Alpha, Beta and Gamma, from 0 to 1, are the parts of a new value in the level, of a
	// new slope in the slope and of a new season in the season, as Holt and Winters
	// define them.
	Alpha, Beta, Gamma float64

	Sigma          float64 // the standard deviation of one-step errors
	SlopeDeviation float64 // the standard error of the slope; 0 if taken as exact
	// AICc is the criterion by which ETS chooses, lower is better; 0 for other methods. With
	// the sum of squares S of n errors and k estimated numbers, Sigma among them, it is
	// n·log(S/n) + 2k + 2k(k+1)/(n−k−1).
	AICc float64
}

// Forecast is what a method expects of the next values, the next one first.
type Forecast struct {
	Mean      []float64
	Deviation []float64 // the standard deviation of each step, as long as Mean
}

// Forecast returns the forecast of the next horizon values, from 1 to a million. A
// result beyond the range of float64 is errs.ErrNotFinite.
func (f *Fitted) Forecast(horizon int) (Forecast, error) {
	if horizon < 1 || horizon > maxHorizon {
		return Forecast{}, errs.Error{Field: "horizon", Rule: fmt.Sprintf("must be from 1 to %d", maxHorizon), Value: horizon}
	}
	out := Forecast{Mean: make([]float64, horizon), Deviation: make([]float64, horizon)}
	power, steps := 1.0, 0.0 // φ^h and φ + … + φ^h
	shocks := 1.0            // 1 + c(1)² + … + c(h−1)²
	for i := range horizon {
		power *= f.Damping
		steps += power
		m := f.Level + f.Slope*steps
		d := math.Hypot(f.Sigma*math.Sqrt(shocks), float64(i+1)*f.SlopeDeviation)
		c := f.Alpha * (1 + f.Beta*steps)
		if n := len(f.Season); n > 0 {
			s := f.Season[i%n]
			if f.Multiplicative {
				m, d = m*s, d*math.Abs(s)
			} else {
				m += s
				if (i+1)%n == 0 {
					c += f.Gamma * (1 - f.Alpha)
				}
			}
		}
		shocks += c * c
		out.Mean[i], out.Deviation[i] = m, d
	}
	if err := finite("forecast", out.Mean); err != nil {
		return Forecast{}, err
	}
	if err := finite("deviation of forecast", out.Deviation); err != nil {
		return Forecast{}, err
	}
	return out, nil
}

// Quantile returns the values that the next ones stay below with probability p, between
// 0 and 1 exclusively: Mean + Deviation·Φ⁻¹(p), with the normal distribution.
func (f Forecast) Quantile(p float64) ([]float64, error) {
	z := math.Sqrt2 * math.Erfinv(2*p-1)
	if math.IsNaN(z) || math.IsInf(z, 0) {
		return nil, errs.Error{Field: "quantile", Rule: "must lie between 0 and 1, at least 1e-16 from both", Value: p}
	}
	if len(f.Deviation) != len(f.Mean) {
		return nil, errs.Error{Field: "Forecast.Deviation", Rule: fmt.Sprintf("must have the %d steps of Mean", len(f.Mean)), Value: len(f.Deviation)}
	}
	q := make([]float64, len(f.Mean))
	for i, m := range f.Mean {
		q[i] = m + z*f.Deviation[i]
	}
	if err := finite("quantile", q); err != nil {
		return nil, err
	}
	return q, nil
}

// Interval returns the bounds between which the next values lie with the given
// probability, such as 0.95: the quantiles (1 ∓ level)/2.
func (f Forecast) Interval(level float64) (low, high []float64, err error) {
	if !(level > 0 && level < 1) {
		return nil, nil, errs.Error{Field: "level", Rule: "must lie between 0 and 1", Value: level}
	}
	if low, err = f.Quantile((1 - level) / 2); err != nil {
		return nil, nil, err
	}
	high, err = f.Quantile((1 + level) / 2)
	return low, high, err
}

// times returns f in the units of a history that was divided by scale.
func (f *Fitted) times(scale float64) *Fitted {
	f.Level *= scale
	f.Slope *= scale
	f.Sigma *= scale
	f.SlopeDeviation *= scale
	if !f.Multiplicative {
		for i := range f.Season {
			f.Season[i] *= scale
		}
	}
	return f
}

func finite(what string, x []float64) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errs.Error{Field: fmt.Sprintf("%s, step %d", what, i+1), Kind: errs.ErrNotFinite,
				Rule: "must be within the range of float64: divide the history by a constant", Value: v}
		}
	}
	return nil
}
