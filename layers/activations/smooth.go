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
