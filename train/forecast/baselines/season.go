package baselines

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// Naive2 is Naive on the seasonally adjusted series, the benchmark of the M competitions.
// The history is adjusted if its autocorrelation at the period is significant at 90 %
// and it has three seasons at least; otherwise Naive2 is Naive. The season is that of the
// classical decomposition: factors, or sums if a value is not positive (Makridakis,
// Spiliotis and Assimakopoulos, The M4 Competition, 2020).
type Naive2 struct {
	Period int // values in a season; 0 or 1: none
}

// Fit reads a history of at least two values.
func (c Naive2) Fit(history []float64) (*Fitted, error) {
	if err := checkPeriod("Naive2", c.Period, 0); err != nil {
		return nil, err
	}
	x, scale, err := scaled("Naive2", history, 2)
	if err != nil {
		return nil, err
	}
	adjusted, season := adjust(x, c.Period)
	f := walk("naive2", adjusted)
	season.of(f, len(x))
	return f.times(scale), nil
}

// seasonality is an effect for each place of a season, the first value of the history
// at place 0.
type seasonality struct {
	effects        []float64
	multiplicative bool
}

// of sets the season of a forecast from time n on.
func (s seasonality) of(f *Fitted, n int) {
	f.Multiplicative = s.multiplicative
	if m := len(s.effects); m > 0 {
		f.Season = append(append([]float64{}, s.effects[n%m:]...), s.effects[:n%m]...)
	}
}

// remove returns x without the season.
func (s seasonality) remove(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		if e := s.effects[i%len(s.effects)]; s.multiplicative {
			out[i] = v / e
		} else {
			out[i] = v - e
		}
	}
	return out
}

// adjust returns x without its season, and the season; x itself if it has none.
func adjust(x []float64, period int) ([]float64, seasonality) {
	if !seasonal(x, period) {
		return x, seasonality{}
	}
	s := decompose(x, period, positive(x))
	return s.remove(x), s
}

// seasonal tests the autocorrelation r at the period as in the M4 competition: it is
// seasonal if |r(m)| > 1.645·√((1 + 2·(r(1)² + … + r(m−1)²)) / n) (Bartlett's formula).
func seasonal(x []float64, m int) bool {
	n := len(x)
	if m < 2 || m > n/3 {
		return false
	}
	r := autocovariance(x, m)
	if !(r[0] > 0) {
		return false
	}
	sum := 1.0
	for _, v := range r[1:m] {
		sum += 2 * (v / r[0]) * (v / r[0])
	}
	return math.Abs(r[m]/r[0]) > 1.645*math.Sqrt(sum/float64(n))
}

// autocovariance returns n times the autocovariances of x at lags 0 to m, by the Fourier
// transform, since the sums take n·m steps.
func autocovariance(x []float64, m int) []float64 {
	size := 1
	for size < len(x)+m {
		size *= 2 // so many zeros that no value meets another twice
	}
	padded, center := make([]float64, size), mean(x)
	for i, v := range x {
		padded[i] = v - center
	}
	fft := fourier.NewFFT(size)
	spectrum := fft.Coefficients(nil, padded)
	for i, c := range spectrum {
		spectrum[i] = complex(real(c)*real(c)+imag(c)*imag(c), 0)
	}
	r := fft.Sequence(nil, spectrum)[:m+1]
	for i := range r {
		r[i] /= float64(size)
	}
	return r
}

// decompose is the classical decomposition of at least two seasons. The trend is the
// centered moving average over a season; the effects are the means of what it leaves,
// at each place of the season, and are 0 or 1 in the mean.
func decompose(x []float64, m int, multiplicative bool) seasonality {
	effects, counts := make([]float64, m), make([]int, m)
	half := m / 2
	means := runningMeans(x, m)
	for t := half; t < len(x)-half; t++ {
		trend := means[t-half]
		if m%2 == 0 { // half a value at both ends: the mean of two windows
			trend = (trend + means[t-half+1]) / 2
		}
		if multiplicative {
			effects[t%m] += x[t] / trend
		} else {
			effects[t%m] += x[t] - trend
		}
		counts[t%m]++
	}
	for i := range effects {
		effects[i] /= float64(counts[i])
	}
	center := mean(effects)
	for i := range effects {
		if multiplicative {
			effects[i] /= center
		} else {
			effects[i] -= center
		}
	}
	return seasonality{effects, multiplicative}
}

// runningMeans returns the mean of every m consecutive values. A window covers the end of
// one block of m values and the start of the next. Sums from there to the boundary give
// its sum without differences, so means of positive values are positive.
func runningMeans(x []float64, m int) []float64 {
	n := len(x)
	starts, ends := make([]float64, n), make([]float64, n+1) // sums from and to boundaries
	for i, v := range x {
		starts[i] = v
		if i%m > 0 {
			starts[i] += starts[i-1]
		}
	}
	for i := n - 1; i >= 0; i-- {
		ends[i] = x[i]
		if (i+1)%m > 0 {
			ends[i] += ends[i+1]
		}
	}
	out := make([]float64, n-m+1)
	for i := range out {
		sum := ends[i]
		if i%m > 0 {
			sum += starts[i+m-1]
		}
		out[i] = sum / float64(m)
	}
	return out
}
