package kernels

import (
	"math"

	"github.com/engram-go/engram/internal/gamma"
)

// formula is a function in float64, with its derivative: a function of x, or of y where
// Function.GradientReadsY says so.
type formula struct{ f, slope func(float64) float64 }

// formulas are written so that no large x overflows and no small result cancels.
func formulaOf(f Function) formula {
	a, b, c, d := f.C[0], f.C[1], f.C[2], f.C[3]
	switch f.Kind {
	case Identity:
		return formula{func(x float64) float64 { return x }, constantly(1)}
	case Scale:
		return formula{func(x float64) float64 { return a * x }, constantly(a)}
	case AddConst:
		return formula{func(x float64) float64 { return x + a }, constantly(1)}
	case OneMinus:
		return formula{func(x float64) float64 { return 1 - x }, constantly(-1)}
	case Square:
		return formula{func(x float64) float64 { return x * x }, func(x float64) float64 { return 2 * x }}
	case Sqrt:
		return formula{math.Sqrt, func(y float64) float64 { return 0.5 / y }}
	case Reciprocal:
		return formula{func(x float64) float64 { return 1 / x }, func(y float64) float64 { return -y * y }}
	case Abs:
		return formula{math.Abs, sign}
	case Exp:
		return formula{math.Exp, func(y float64) float64 { return y }}
	case Log:
		return formula{logGo, func(x float64) float64 { return 1 / x }}
	case Pow:
		return formula{func(x float64) float64 { return math.Pow(x, a) },
			func(x float64) float64 { return a * math.Pow(x, a-1) }}
	case LogGamma:
		return formula{logGammaGo, gamma.Digamma}
	case Digamma:
		return formula{gamma.Digamma, gamma.Trigamma}
	case Tanh:
		return formula{math.Tanh, func(y float64) float64 { return 1 - y*y }}
	case TanhShrink:
		return formula{tanhShrinkGo, func(x float64) float64 { t := math.Tanh(x); return t * t }}
	case Sigmoid:
		return formula{sigmoidGo, func(y float64) float64 { return y * (1 - y) }}
	case LogSigmoid:
		return formula{func(x float64) float64 { return -softplusGo(-x) }, func(x float64) float64 { return sigmoidGo(-x) }}
	case Softplus:
		return formula{softplusGo, sigmoidGo}
	case Softsign:
		return formula{func(x float64) float64 { return x / (1 + math.Abs(x)) }, softsignSlopeGo}
	case Squareplus:
		return squareplusGo(a)
	case SiLU:
		return formula{func(x float64) float64 { return x * sigmoidGo(x) }, siluSlopeGo}
	case Mish:
		return formula{func(x float64) float64 { return x * math.Tanh(softplusGo(x)) }, mishSlopeGo}
	case GELU:
		return formula{func(x float64) float64 { return x * normalGo(x) }, geluSlopeGo}
	case GELUTanh:
		return formula{func(x float64) float64 { return x * sigmoidGo(geluBendGo(x)) }, geluTanhSlopeGo}
	}
	return piecewiseGo(f.Kind, a, b, c, d)
}

// piecewiseGo are the functions with corners.
func piecewiseGo(kind FunctionKind, a, b, c, d float64) formula {
	switch kind {
	case Clip:
		return formula{func(x float64) float64 { return min(max(x, a), b) },
			where(func(x float64) bool { return x < a || x > b }, 0, 1)}
	case ReLU:
		return formula{func(x float64) float64 { return max(x, 0) },
			where(func(y float64) bool { return y > 0 }, 1, 0)}
	case LeakyReLU:
		return formula{func(x float64) float64 {
			if x <= 0 {
				return a * x
			}
			return x
		}, where(func(y float64) bool { return y <= 0 }, a, 1)}
	case Rectifier:
		return rectifierGo(a, b, c)
	case Line:
		slope := (d - c) / (b - a)
		offset := c - slope*a
		return formula{func(x float64) float64 { return min(max(slope*x+offset, c), d) },
			where(func(x float64) bool { return x <= a || x >= b }, 0, slope)}
	case Threshold:
		return formula{func(x float64) float64 {
			if x <= a {
				return b
			}
			return x
		}, where(func(x float64) bool { return x <= a }, 0, 1)}
	case HardShrink:
		return formula{func(x float64) float64 {
			if -a <= x && x <= a {
				return 0
			}
			return x
		}, where(func(x float64) bool { return -a <= x && x <= a }, 0, 1)}
	case SoftShrink:
		return formula{func(x float64) float64 { return x - min(max(x, -a), a) },
			where(func(x float64) bool { return -a <= x && x <= a }, 0, 1)}
	case HardSiLU:
		return formula{hardSiLUGo, hardSiLUSlopeGo}
	case SparsePlus:
		return formula{sparsePlusGo, func(x float64) float64 { return min(max((x+1)/2, 0), 1) }}
	}
	return formula{func(x float64) float64 { // ExpLinear
		if x <= 0 {
			return b * math.Expm1(c*x)
		}
		return a * x
	}, func(x float64) float64 {
		if x <= 0 {
			return b * c * math.Exp(c*x)
		}
		return a
	}}
}

func constantly(c float64) func(float64) float64 { return func(float64) float64 { return c } }

// where is one number where the condition holds and another one elsewhere.
func where(holds func(float64) bool, yes, no float64) func(float64) float64 {
	return func(x float64) float64 {
		if holds(x) {
			return yes
		}
		return no
	}
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 and NaN
}

// logGo is also correct for subnormal numbers, for which math.Log is wrong on some
// architectures.
func logGo(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p53) - 53*math.Ln2
	}
	return math.Log(x)
}

func logGammaGo(x float64) float64 {
	y, _ := math.Lgamma(x)
	return y
}

func softplusGo(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// tanhShrinkGo uses the series of tanh near 0, where the difference would cancel.
func tanhShrinkGo(x float64) float64 {
	if math.Abs(x) < 0.02 {
		s := x * x
		return x * s * (1./3 - s*(2./15-s*(17./315-s*62./2835)))
	}
	return x - math.Tanh(x)
}

func softsignSlopeGo(x float64) float64 {
	d := 1 + math.Abs(x)
	return 1 / (d * d)
}

// squareplusGo has the positive constant b.
func squareplusGo(b float64) formula {
	root := math.Sqrt(b)
	f := func(x float64) float64 {
		r := math.Hypot(x, root)
		if x < 0 { // the same, without the difference of near equals
			return root / (r - x) * root / 2
		}
		return x/2 + r/2
	}
	return formula{f, func(x float64) float64 { return f(x) / math.Hypot(x, root) }}
}

func siluSlopeGo(x float64) float64 {
	s := sigmoidGo(x)
	return s + x*s*(1-s)
}

func mishSlopeGo(x float64) float64 {
	t := math.Tanh(softplusGo(x))
	return t + x*(1-t*t)*sigmoidGo(x)
}

// normalGo is Φ; erfc keeps its small values exact.
func normalGo(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func geluSlopeGo(x float64) float64 {
	density := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
	return normalGo(x) + x*density
}

// GELU's approximation is x·sigmoid(2u), since 1 + tanh(u) = 2 sigmoid(2u).
var geluRate = 2 * math.Sqrt(2/math.Pi)

const geluCubic = 0.044715

func geluBendGo(x float64) float64 { return geluRate * (x + geluCubic*x*x*x) }

func geluTanhSlopeGo(x float64) float64 {
	s := sigmoidGo(geluBendGo(x))
	bend := s * (1 - s)
	if bend == 0 { // where the next factors may overflow
		return s
	}
	return s + x*bend*geluRate*(1+3*geluCubic*x*x)
}

// rectifierGo is the ReLU with a threshold, a slope below it and a largest value.
func rectifierGo(threshold, slope, most float64) formula {
	return formula{func(x float64) float64 {
		switch {
		case x > threshold:
			return min(x, most)
		case slope == 0 && x == x: // −∞ gives 0, and NaN gives NaN
			return 0
		}
		return slope * (x - threshold)
	}, func(x float64) float64 {
		switch {
		case x <= threshold:
			return slope
		case x < most:
			return 1
		}
		return 0
	}}
}

func hardSiLUGo(x float64) float64 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return x
	}
	return x * (x + 3) / 6
}

func hardSiLUSlopeGo(x float64) float64 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return 1
	}
	return (2*x + 3) / 6
}

func sparsePlusGo(x float64) float64 {
	switch {
	case x <= -1:
		return 0
	case x >= 1:
		return x
	}
	return (x + 1) * (x + 1) / 4
}
