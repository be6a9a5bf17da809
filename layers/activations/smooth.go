package activations

import (
	"math"

	"github.com/engram-go/engram/graph"
)

// Each function here comes with its slope, the derivative from the element x
// and its image y. They are written so that no large x overflows or cancels.

func elementwise(name Name, f func(x float64) float64, slope func(x, y float64) float64) func(graph.Value) graph.Value {
	return func(x graph.Value) graph.Value { return x.Map(string(name), f, slope) }
}

// The constants of SELU, for which mean 0 and variance 1 are kept from layer
// to layer.
const (
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

func selu(x float64) float64 {
	if x <= 0 {
		return seluScale * seluAlpha * math.Expm1(x)
	}
	return seluScale * x
}

func seluSlope(x, _ float64) float64 {
	if x <= 0 {
		return seluScale * seluAlpha * math.Exp(x)
	}
	return seluScale
}

func softsign(x float64) float64 { return x / (1 + math.Abs(x)) }

func softsignSlope(x, _ float64) float64 {
	d := 1 + math.Abs(x)
	return 1 / (d * d)
}

func silu(x float64) float64 { return x * sigmoid(x) }

func siluSlope(x, _ float64) float64 {
	s := sigmoid(x)
	return s + x*s*(1-s)
}

func mish(x float64) float64 { return x * math.Tanh(softplus(x)) }

func mishSlope(x, _ float64) float64 {
	t := math.Tanh(softplus(x))
	return t + x*(1-t*t)*sigmoid(x)
}

func tanhShrink(x float64) float64 { return x - math.Tanh(x) }

func tanhShrinkSlope(x, _ float64) float64 {
	t := math.Tanh(x)
	return t * t
}

func logSigmoid(x float64) float64 { return -softplus(-x) }

func logSigmoidSlope(x, _ float64) float64 { return sigmoid(-x) }

// softplus is log(1 + eˣ).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// sigmoid is 1 / (1 + e⁻ˣ); the second form keeps small results exact.
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

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

// Squareplus is (x + √(x² + B)) / 2 (Barron, 2021,
// https://arxiv.org/abs/2112.11687).
type Squareplus struct {
	B float64 // how smooth the bend at 0 is, positive; 0 means 4
}

// Resolve fills in the default.
func (a Squareplus) Resolve() (Activation, error) {
	err := a.fill()
	return a, err
}

func (a *Squareplus) fill() error { return fillPositive("Squareplus.B", &a.B, 4) }

// Apply computes the activation.
func (a Squareplus) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.fill())
	root := math.Sqrt(a.B)
	return x.Map("squareplus", func(x float64) float64 {
		r := math.Hypot(x, root)
		if x < 0 { // the same, without the difference of near equals
			return root / (r - x) * root / 2
		}
		return x/2 + r/2
	}, func(x, y float64) float64 { return y / math.Hypot(x, root) })
}
