package baselines

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/errs"
)

// scaled checks a history and returns a copy divided by the power of two next to its
// largest magnitude, and this power. Squares of the copy neither overflow nor vanish.
func scaled(method string, history []float64, least int) ([]float64, float64, error) {
	if len(history) < least {
		return nil, 0, errs.Error{Field: method, Rule: fmt.Sprintf("must have a history of at least %d values", least), Value: len(history)}
	}
	largest := 0.0
	for i, v := range history {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, 0, errs.Error{Field: fmt.Sprintf("%s: history[%d]", method, i),
				Rule: "must be finite: remove or fill in what is missing", Value: v, Kind: errs.ErrNotFinite}
		}
		largest = max(largest, math.Abs(v))
	}
	_, exponent := math.Frexp(largest) // 0 for 0
	x := make([]float64, len(history))
	for i, v := range history {
		x[i] = math.Ldexp(v, -exponent)
	}
	// 2^1024 is no float64. Half of it leaves values up to 2, which is as good.
	if exponent > 1023 {
		exponent--
		for i := range x {
			x[i] *= 2
		}
	}
	return x, math.Ldexp(1, exponent), nil
}

// maxPeriod is the largest number of values in a season.
const maxPeriod = 1_000_000

func checkPeriod(method string, period, least int) error {
	if period < least || period > maxPeriod {
		return errs.Error{Field: method + ".Period", Rule: fmt.Sprintf("must be from %d to %d", least, maxPeriod), Value: period}
	}
	return nil
}

// positive reports whether all values are, so that a season can be a factor.
func positive(x []float64) bool {
	for _, v := range x {
		if v <= 0 {
			return false
		}
	}
	return true
}

// line is the least-squares line through x at the times 1, 2, …: intercept + slope·time.
func line(x []float64) (intercept, slope float64) {
	n := float64(len(x))
	center, mean := (n+1)/2, mean(x)
	for i, v := range x {
		slope += (float64(i+1) - center) * (v - mean)
	}
	if n > 1 {
		slope /= n * (n*n - 1) / 12
	}
	return mean - slope*center, slope
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
