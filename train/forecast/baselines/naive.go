package baselines

import "math"

// Naive forecasts that all next values equal the last one. Deviations grow with the root
// of the step, as those of a random walk.
type Naive struct{}

// Fit reads a history of at least two values.
func (Naive) Fit(history []float64) (*Fitted, error) {
	x, scale, err := scaled("Naive", history, 2)
	if err != nil {
		return nil, err
	}
	return walk("naive", x).times(scale), nil
}

// walk is the forecast of a random walk.
func walk(method string, x []float64) *Fitted {
	n := len(x)
	return &Fitted{Method: method, Level: x[n-1], Damping: 1, Alpha: 1, Sigma: changes(x, 1, 0, n-1)}
}

// changes is the root of the sum of squares of x[t] − x[t−lag] − drift, divided by count.
func changes(x []float64, lag int, drift float64, count int) float64 {
	sum := 0.0
	for i, v := range x[lag:] {
		e := v - x[i] - drift
		sum += e * e
	}
	return math.Sqrt(sum / float64(count))
}

// SeasonalNaive forecasts each value by the last one of the same season. Deviations grow
// with the root of the number of seasons ahead.
type SeasonalNaive struct {
	Period int // values in a season, such as 12 for months in a year; required
}

// Fit reads a history of at least Period + 1 values.
func (c SeasonalNaive) Fit(history []float64) (*Fitted, error) {
	if err := checkPeriod("SeasonalNaive", c.Period, 1); err != nil {
		return nil, err
	}
	x, scale, err := scaled("SeasonalNaive", history, c.Period+1)
	if err != nil {
		return nil, err
	}
	n := len(x)
	f := &Fitted{Method: "seasonal naive", Damping: 1, Gamma: 1, Season: x[n-c.Period:], Sigma: changes(x, c.Period, 0, n-c.Period)}
	return f.times(scale), nil
}

// Drift forecasts the line through the first and the last value, from the last one on.
// Deviations contain the standard error of its slope.
type Drift struct{}

// Fit reads a history of at least three values.
func (Drift) Fit(history []float64) (*Fitted, error) {
	x, scale, err := scaled("Drift", history, 3)
	if err != nil {
		return nil, err
	}
	n := len(x)
	f := &Fitted{Method: "drift", Level: x[n-1], Slope: (x[n-1] - x[0]) / float64(n-1), Damping: 1, Alpha: 1}
	f.Sigma = changes(x, 1, f.Slope, n-2)
	f.SlopeDeviation = f.Sigma / math.Sqrt(float64(n-1))
	return f.times(scale), nil
}
