package gamma_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/internal/gamma"
)

// Euler's constant.
const euler = 0.57721566490153286060651209

func near(t *testing.T, name string, x, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*max(1, math.Abs(want))) {
		t.Errorf("%s of %v: got %.17g, want %.17g", name, x, got, want)
	}
}

// Closed forms at whole and half numbers, from sums in reverse order.
func TestClosedForms(t *testing.T) {
	for n := 1; n <= 60; n++ {
		whole, half, squares, halves := 0.0, 0.0, 0.0, 0.0
		for k := n - 1; k >= 1; k-- {
			whole += 1 / float64(k)
			half += 1 / float64(2*k-1)
			squares += 1 / float64(k*k)
			halves += 1 / float64((2*k-1)*(2*k-1))
		}
		x := float64(n)
		near(t, "digamma", x, gamma.Digamma(x), whole-euler, 4e-15)
		near(t, "digamma", x-0.5, gamma.Digamma(x-0.5), 2*half-euler-2*math.Ln2, 4e-15)
		near(t, "trigamma", x, gamma.Trigamma(x)/(math.Pi*math.Pi/6-squares), 1, 4e-14*x) // the difference cancels
		near(t, "trigamma", x-0.5, gamma.Trigamma(x-0.5)/(math.Pi*math.Pi/2-4*halves), 1, 4e-14*x)
	}
}

// ψ(2x) = ψ(x)/2 + ψ(x + ½)/2 + log 2, and its derivative, which tie the series to the
// recurrence; and their reflection to negative numbers.
func TestDuplication(t *testing.T) {
	for x := 1e-3; x < 1e9; x *= 1.013 {
		near(t, "digamma", 2*x, gamma.Digamma(2*x), gamma.Digamma(x)/2+gamma.Digamma(x+0.5)/2+math.Ln2, 8e-15)
		near(t, "trigamma", 2*x, gamma.Trigamma(2*x)/((gamma.Trigamma(x)+gamma.Trigamma(x+0.5))/4), 1, 8e-15)
	}
	for x := -20.3; x < 0; x += 0.17 {
		near(t, "digamma", x, gamma.Digamma(x), gamma.Digamma(x+1)-1/x, 1e-13*(1+math.Abs(x)))
		near(t, "trigamma", x, gamma.Trigamma(x), gamma.Trigamma(x+1)+1/(x*x), 1e-13*(1+math.Abs(x)))
	}
}

// The derivative of math.Lgamma, by differences.
func TestDerivatives(t *testing.T) {
	for _, x := range []float64{0.3, 1, 1.4616321449683622, 2.5, 7, 9.9, 10.1, 33, -0.4, -3.3} {
		const h = 1e-5
		a, _ := math.Lgamma(x + h)
		b, _ := math.Lgamma(x - h)
		near(t, "digamma", x, gamma.Digamma(x), (a-b)/(2*h), 1e-7)
		near(t, "trigamma", x, gamma.Trigamma(x), (gamma.Digamma(x+h)-gamma.Digamma(x-h))/(2*h), 1e-7)
	}
}

func TestExtremes(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ x, digamma, trigamma float64 }{
		{0, math.NaN(), math.NaN()},
		{-7, math.NaN(), math.NaN()},
		{-1e300, math.NaN(), math.NaN()},
		{-inf, math.NaN(), math.NaN()},
		{math.NaN(), math.NaN(), math.NaN()},
		{1e-300, -1e300, inf},
		{5e-324, -inf, inf},
		{1e300, math.Log(1e300), 1e-300},
		{inf, inf, 0},
	} {
		for name, got := range map[string][2]float64{"digamma": {gamma.Digamma(c.x), c.digamma}, "trigamma": {gamma.Trigamma(c.x), c.trigamma}} {
			if got[0] != got[1] && !(math.IsNaN(got[0]) && math.IsNaN(got[1])) && !(math.Abs(got[0]-got[1]) <= 1e-15*math.Abs(got[1])) {
				t.Errorf("%s of %v: got %v, want %v", name, c.x, got[0], got[1])
			}
		}
	}
}
