// Package gamma has functions that package math lacks: the derivatives of the logarithm of
// the gamma function.
package gamma

import "math"

// asymptotic is where the series of Digamma and Trigamma are used (Abramowitz & Stegun 1964,
// 6.3.18 and 6.4.12). A smaller x is moved there by recurrence.
const asymptotic = 10

// Digamma is ψ(x), the derivative of log |Γ(x)|. Its error is at most 4e-15·max(1, |ψ|) for
// positive x; left of 0 it is that of the reflected terms. It is NaN at 0 and the negative
// whole numbers, where it has no value.
func Digamma(x float64) float64 {
	if x <= 0 {
		if x == math.Floor(x) {
			return math.NaN()
		}
		return Digamma(1-x) - math.Pi/math.Tan(math.Pi*fraction(x))
	}
	sum := 0.0
	for ; x < asymptotic; x++ {
		sum -= 1 / x
	}
	s := 1 / x / x
	series := s * (1./12 - s*(1./120-s*(1./252-s*(1./240-s*(1./132-s*691./32760)))))
	return sum + math.Log(x) - 0.5/x - series
}

// Trigamma is the derivative of Digamma, with an error of at most 4e-15 of it for positive x.
func Trigamma(x float64) float64 {
	if x <= 0 {
		if x == math.Floor(x) {
			return math.NaN()
		}
		r := math.Pi / math.Sin(math.Pi*fraction(x))
		return r*r - Trigamma(1-x)
	}
	sum := 0.0
	for ; x < asymptotic; x++ {
		sum += 1 / x / x
	}
	i := 1 / x
	s := i * i
	series := s * i * (1./6 - s*(1./30-s*(1./42-s*(1./30-s*(5./66-s*(691./2730-s*7./6))))))
	return sum + i + s/2 + series
}

// fraction is x without its whole part, exactly, so that large arguments keep their angle.
func fraction(x float64) float64 {
	_, f := math.Modf(x)
	return f
}
