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
//	d(t) = (y − a)² − (y − b)²    t = 0 … n−1
//	Λ(j) = √(2/n)·Σ d(t)·cos(π·j·(t + ½)/n)
//	DM   = mean d·√n / √(mean of Λ(1)² … Λ(B)²)
//
// which is compared with Student's t of B degrees of freedom (Lazarus, Lewis, Stock and Watson,
// HAR Inference: Recommendations for Practice, 2018; for this test, such estimates keep the
// size that the autocovariances of the original one do not have on few values: Coroneo and Iacone,
// Comparing Predictive Accuracy in Small Samples Using Fixed-Smoothing Asymptotics, 2020). B is
// n − 1 for a horizon of 1, which makes it the usual t-test. Otherwise it is the smaller of n /
// (2·horizon) and 0.41·n^⅔, so that slow waves alone count, but at least 1.
//
// The horizon must be smaller than n, and n at least 2. Forecasts that differ by a constant loss
// have no variance, which is an error.
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
	size := 0.0
	for _, x := range d {
		size += (x - mean) * (x - mean)
	}
	count := float64(n)
	variance, freedom := size/(count-1), count-1
	if horizon > 1 {
		freedom = max(1, math.Floor(min(count/(2*float64(horizon)), 0.41*math.Pow(count, 2.0/3))))
		variance = slowVariance(d, mean, int(freedom))
	}
	if _, err := result("DieboldMariano", variance); err != nil {
		return Comparison{}, err
	}
	// Below a trillionth of all variance, or of d itself, are rounding errors alone.
	if !(variance > 1e-12*size/count && size > 1e-24*count*mean*mean) {
		return Comparison{}, errs.Error{Field: "DieboldMariano", Value: variance,
			Rule: "must have a positive variance of differences: compare forecasts that differ, on more values"}
	}
	statistic := mean * math.Sqrt(count/variance)
	// The tails of Student's t are an incomplete beta function.
	p := mathext.RegIncBeta(freedom/2, 0.5, freedom/(freedom+statistic*statistic))
	return Comparison{mean, statistic, p}, nil
}

// slowVariance is the mean square of the first cosine waves in d.
func slowVariance(d []float64, mean float64, waves int) float64 {
	n, sum := float64(len(d)), 0.0
	for j := range waves {
		wave := 0.0
		for t, x := range d {
			wave += (x - mean) * math.Cos(math.Pi*float64(j+1)*(float64(t)+0.5)/n)
		}
		sum += 2 / n * wave * wave
	}
	return sum / float64(waves)
}
