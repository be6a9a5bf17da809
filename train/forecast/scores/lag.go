package scores

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/errs"
)

// Lags says with which true value a forecast agrees most.
type Lags struct {
	// Correlations of the forecast of y(t) with y(t), y(t−1), y(t−2), …
	Correlations []float64
	Best         int // the place of the largest one; the first if several are
}

// Repeats reports whether the forecast follows an earlier value more closely than the one
// that it forecasts. Then it looks good in a plot, but is a copy of the past.
func (l Lags) Repeats() bool { return l.Best > 0 }

// Lag correlates forecasts of values that follow each other in time with the true values,
// and with those one to maxLag steps before. A forecast h steps ahead that merely repeats
// the last known value has the correlation 1 at lag h. Of a random walk this is the best
// forecast, so Repeats does not say that a better one exists.
//
// All correlations are of the same forecasts, those after the first maxLag. Three of them
// at least are needed; values that are constant are an error.
func Lag(truth, forecast []float64, maxLag int) (Lags, error) {
	if err := check("Lag", truth, forecast); err != nil {
		return Lags{}, err
	}
	if maxLag < 1 || maxLag > len(truth)-3 {
		return Lags{}, errs.Error{Field: "Lag: maxLag", Rule: fmt.Sprintf("must be from 1 to three less than the values, %d", len(truth)-3), Value: maxLag}
	}
	out := Lags{Correlations: make([]float64, maxLag+1)}
	for k := range out.Correlations {
		c, err := correlation(truth[maxLag-k:len(truth)-k], forecast[maxLag:])
		if err != nil {
			return Lags{}, err
		}
		out.Correlations[k] = c
		// Differences of rounding are none.
		if c > out.Correlations[out.Best]+1e-12 {
			out.Best = k
		}
	}
	return out, nil
}

// correlation is that of Pearson.
func correlation(x, y []float64) (float64, error) {
	mx := average(len(x), func(i int) float64 { return x[i] })
	my := average(len(y), func(i int) float64 { return y[i] })
	var xx, yy, xy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
		xy += (x[i] - mx) * (y[i] - my)
	}
	for _, c := range []struct {
		what          string
		squares, mean float64
	}{{"truth", xx, mx}, {"forecast", yy, my}} {
		if _, err := result("Lag: "+c.what, c.squares); err != nil {
			return 0, err
		}
		if !(c.squares > 1e-24*float64(len(x))*c.mean*c.mean) {
			return 0, errs.Error{Field: "Lag: " + c.what, Rule: "must not be constant after the first maxLag values", Value: c.mean}
		}
	}
	return result("Lag", xy/math.Sqrt(xx)/math.Sqrt(yy))
}
