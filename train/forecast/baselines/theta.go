package baselines

import "math"

// Theta is the method that won the M3 competition (Assimakopoulos and Nikolopoulos, The
// theta model, 2000), computed as simple exponential smoothing with a drift (Hyndman and
// Billah, Unmasking the Theta method, 2003):
//
//	mean(h) = l(n) + b/2·(h − 1 + (1 − (1−α)ⁿ)/α)
//
// b is the slope of the least-squares line, l the level of the smoothing, which starts at
// the first value, and α minimizes the squares of its one-step errors. The history is
// seasonally adjusted as by Naive2. Deviations are those of the smoothing.
type Theta struct {
	Period int // values in a season; 0 or 1: none
}

// Fit reads a history of at least three values.
func (c Theta) Fit(history []float64) (*Fitted, error) {
	if err := checkPeriod("Theta", c.Period, 0); err != nil {
		return nil, err
	}
	x, scale, err := scaled("Theta", history, 3)
	if err != nil {
		return nil, err
	}
	adjusted, season := adjust(x, c.Period)
	n := float64(len(x))
	alpha := smallest(func(alpha float64) float64 {
		_, sum := smooth(adjusted, alpha)
		return sum
	})
	level, sum := smooth(adjusted, alpha)
	_, slope := line(adjusted)
	// (1 − (1−α)ⁿ)/α is the sum of (1−α)^i over i < n: it is n at α = 0.
	lag := n
	if alpha > 0 {
		lag = -math.Expm1(n*math.Log1p(-alpha)) / alpha
	}
	f := &Fitted{Method: "theta", Level: level + slope/2*(lag-1), Slope: slope / 2, Damping: 1,
		Alpha: alpha, Sigma: math.Sqrt(sum / (n - 2))}
	season.of(f, len(x))
	return f.times(scale), nil
}

// smooth returns the last level of a simple exponential smoothing and the sum of its
// squared one-step errors.
func smooth(x []float64, alpha float64) (level, sum float64) {
	level = x[0]
	for _, v := range x[1:] {
		e := v - level
		sum += e * e
		level += alpha * e
	}
	return level, sum
}

// smallest returns about where f is smallest in [0, 1]: the best of 21 points, refined by
// golden sections between its neighbours.
func smallest(f func(float64) float64) float64 {
	const points = 20
	best, value := 0.0, f(0)
	for i := 1; i <= points; i++ {
		p := float64(i) / points
		if v := f(p); v < value {
			best, value = p, v
		}
	}
	low, high := max(0, best-1.0/points), min(1, best+1.0/points)
	golden := (math.Sqrt(5) - 1) / 2
	a, b := high-golden*(high-low), low+golden*(high-low)
	fa, fb := f(a), f(b)
	for range 30 { // to less than a millionth
		if fa < fb {
			high, b, fb = b, a, fa
			a = high - golden*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + golden*(high-low)
			fb = f(b)
		}
	}
	if p := (low + high) / 2; f(p) < value {
		return p
	}
	return best
}
