package scores

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/engram-go/engram/internal/errs"
)

// Comparison is the result of DieboldMariano.
type Comparison struct {
	Difference float64 // the mean squared error of a less that of b: negative if a is better
	Statistic  float64 // the difference in standard errors
	P          float64 // two-sided: how likely a statistic this far from 0 is if both are equally good
}

// DieboldMariano tests whether forecasts a and b of the same values have different mean
// squared errors (Diebold and Mariano, Comparing Predictive Accuracy, 1995). The values
// follow each other in time, and all are forecast horizon steps ahead, so that errors
// correlate over horizon − 1 steps:
//
//	d(t) = (y − a)² − (y − b)²
//	DM   = mean d / √((γ(0) + 2·(γ(1) + … + γ(horizon−1))) / n)
//
// γ are the autocovariances of d. The statistic is DM·√((n + 1 − 2h + h·(h−1)/n)/n),
// compared with Student's t of n − 1 degrees of freedom (Harvey, Leybourne and Newbold,
// Testing the Equality of Prediction Mean Squared Errors, 1997).
//
// The time is proportional to n·horizon. The horizon must be smaller than n, and n at least
// 2. A variance that is not positive is an error: forecasts that differ by a constant loss,
// or a long horizon and few values.
func DieboldMariano(truth, a, b []float64, horizon int) (Comparison, error) {
	if err := check("DieboldMariano", truth, a, b); err != nil {
		return Comparison{}, err
	}
	n := len(truth)
	if n < 2 {
		return Comparison{}, errs.Error{Field: "DieboldMariano", Rule: "must have at least 2 values", Value: n}
	}
	if horizon < 1 || horizon >= n {
		return Comparison{}, errs.Error{Field: "DieboldMariano: horizon", Rule: fmt.Sprintf("must be from 1 to %d, one less than the values", n-1), Value: horizon}
	}
	d := make([]float64, n)
	for i, y := range truth {
		d[i] = (y-a[i])*(y-a[i]) - (y-b[i])*(y-b[i])
	}
	mean, err := result("DieboldMariano", average(n, func(i int) float64 { return d[i] }))
	if err != nil {
		return Comparison{}, err
	}
	variance, size := 0.0, 0.0
	for k := range horizon {
		g := 0.0
		for i := k; i < n; i++ {
			g += (d[i] - mean) * (d[i-k] - mean)
		}
		if k == 0 {
			size = g
		} else {
			g *= 2
		}
		variance += g
	}
	if _, err := result("DieboldMariano", variance); err != nil {
		return Comparison{}, err
	}
	// Below a trillionth of the first term, or of d itself, are rounding errors alone.
	if !(variance > 1e-12*size && size > 1e-24*float64(n)*mean*mean) {
		return Comparison{}, errs.Error{Field: "DieboldMariano", Value: variance,
			Rule: "must have a positive variance of differences: compare forecasts that differ, on more values or with a smaller horizon"}
	}
	count, h := float64(n), float64(horizon)
	statistic := mean / math.Sqrt(variance) * count // γ are sums divided by n
	statistic *= math.Sqrt((count + 1 - 2*h + h*(h-1)/count) / count)
	// The tails of Student's t are an incomplete beta function.
	p := mathext.RegIncBeta((count-1)/2, 0.5, (count-1)/(count-1+statistic*statistic))
	return Comparison{mean, statistic, p}, nil
}
