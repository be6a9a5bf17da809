package graph

import (
	"math"
)

// Map applies f to every element; df gives the derivative from the element x
// and its image y; nil means 0 everywhere. The name appears in messages. It is
// how an activation of one's own is made.
func (v Value) Map(name string, f func(x float64) float64, df func(x, y float64) float64) Value {
	sp := spec{
		name: name, shape: v.shape, flat: df == nil,
		f32: mapKernel[float32](f), f64: mapKernel[float64](f),
	}
	if df != nil {
		sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{in[0].s.apply(spec{
				name: name + " gradient", shape: y.shape,
				f32: mapGradKernel[float32](df), f64: mapGradKernel[float64](df),
			}, in[0], y, dy)}
		}
	}
	return v.s.apply(sp, v)
}

func mapKernel[T float](f func(x float64) float64) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		for i, x := range in[0][:len(out)] {
			out[i] = T(f(float64(x)))
		}
		return nil
	}
}

func mapGradKernel[T float](df func(x, y float64) float64) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		x, y, dy := in[0][:len(out)], in[1][:len(out)], in[2][:len(out)]
		for i := range out {
			out[i] = dy[i] * T(df(float64(x[i]), float64(y[i])))
		}
		return nil
	}
}

// Neg is −v.
func (v Value) Neg() Value { return v.Scale(-1) }

// Scale is c·v.
func (v Value) Scale(c float64) Value {
	return v.vector("scale", scaleLoops[float32](c), scaleLoops[float64](c))
}

// AddConst is v + c.
func (v Value) AddConst(c float64) Value {
	return v.vector("add constant", shiftLoops[float32](c), shiftLoops[float64](c))
}

// OneMinus is 1 − v.
func (v Value) OneMinus() Value {
	return v.vector("one minus", oneMinusLoops[float32](), oneMinusLoops[float64]())
}

// Square is v².
func (v Value) Square() Value {
	return v.vector("square", squareLoops(v.s.f32), squareLoops(v.s.f64))
}

// Sqrt is the square root.
func (v Value) Sqrt() Value {
	return v.Map("sqrt", math.Sqrt, func(_, y float64) float64 { return 0.5 / y })
}

// Reciprocal is 1/v.
func (v Value) Reciprocal() Value {
	return v.Map("reciprocal", func(x float64) float64 { return 1 / x }, func(_, y float64) float64 { return -y * y })
}

// Exp is e to the power of v.
func (v Value) Exp() Value {
	return v.vector("exp", expLoops(v.s.f32), expLoops(v.s.f64))
}

// Log is the natural logarithm.
func (v Value) Log() Value {
	return v.Map("log", logarithm, func(x, _ float64) float64 { return 1 / x })
}

// Pow is v to the power of c.
func (v Value) Pow(c float64) Value {
	return v.Map("pow", func(x float64) float64 { return math.Pow(x, c) },
		func(x, _ float64) float64 { return c * math.Pow(x, c-1) })
}

// Abs is the absolute value; its derivative at 0 is 0.
func (v Value) Abs() Value {
	return v.Map("abs", math.Abs, func(x, _ float64) float64 { return sign(x) })
}

// Tanh is the hyperbolic tangent.
func (v Value) Tanh() Value {
	return v.vector("tanh", tanhLoops(v.s.f32), tanhLoops(v.s.f64))
}

// Sigmoid is 1/(1 + e⁻ᵛ).
func (v Value) Sigmoid() Value {
	return v.vector("sigmoid", sigmoidLoops(v.s.f32), sigmoidLoops(v.s.f64)).withProbabilities(v, false)
}

// Softplus is log(1 + eᵛ), without overflow.
func (v Value) Softplus() Value {
	return v.Map("softplus", func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
		func(x, _ float64) float64 { return sigmoid(x) })
}

// ReLU is max(v, 0); its derivative at 0 is 0.
func (v Value) ReLU() Value {
	return v.vector("relu", reluLoops[float32](), reluLoops[float64]())
}

// Clip limits every element to [low, high]; outside, and on the limits, the
// derivative is that of the limit, 0, and 1.
func (v Value) Clip(low, high float64) Value {
	return v.Map("clip", func(x float64) float64 { return min(max(x, low), high) }, func(x, _ float64) float64 {
		if x < low || x > high {
			return 0
		}
		return 1
	})
}

// logarithm is right for subnormal numbers too, where math.Log is not on every
// kind of processor.
func logarithm(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p53) - 53*math.Ln2
	}
	return math.Log(x)
}

// sigmoid does not overflow on either side and keeps small results exact.
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
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
