package activations

import (
	"math"

	"github.com/engram-go/engram/graph"
)

// GELU is x · Φ(x), with Φ the distribution function of the standard normal
// (Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415).
type GELU struct {
	// Approximate computes ½x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) instead.
	Approximate bool
}

// Apply computes the activation.
func (a GELU) Apply(x graph.Value) graph.Value {
	if a.Approximate {
		return x.Map("gelu", geluTanh, geluTanhSlope)
	}
	return x.Map("gelu", gelu, geluSlope)
}

// normal is Φ; erfc keeps its small values exact.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func gelu(x float64) float64 { return x * normal(x) }

func geluSlope(x, _ float64) float64 {
	density := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
	return normal(x) + x*density
}

// The approximation is x · sigmoid(2u), since 1 + tanh(u) = 2 sigmoid(2u).

var geluRate = 2 * math.Sqrt(2/math.Pi)

func geluTanh(x float64) float64 { return x * sigmoid(geluRate*(x+0.044715*x*x*x)) }

func geluTanhSlope(x, _ float64) float64 {
	s := sigmoid(geluRate * (x + 0.044715*x*x*x))
	bend := s * (1 - s)
	if bend == 0 { // where the next factors may overflow
		return s
	}
	return s + x*bend*geluRate*(1+3*0.044715*x*x)
}
