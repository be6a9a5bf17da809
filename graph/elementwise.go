package graph

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// Map applies f to every element. df computes the derivative from the element x and
// the result y; nil means a derivative of 0. The name appears in errors. Use it for
// custom activations.
func (v Value) Map(name string, f func(x float64) float64, df func(x, y float64) float64) Value {
	sp := spec{name: name, shape: v.shape, flat: df == nil, compute: ops.Map{F: f}}
	if df != nil {
		sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: name + " gradient", shape: y.shape, compute: ops.MapGradient{DF: df},
			}, in[0], y, dy)}
		}
	}
	return v.s.apply(sp, v)
}

// unary applies a function that package ops implements as a loop; c is its constant.
func (v Value) unary(name string, f ops.Function, c float64) Value {
	return v.s.apply(spec{
		name: name, shape: v.shape, compute: ops.Unary{F: f, C: c},
		diff: func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: name + " gradient", shape: y.shape, compute: ops.UnaryGradient{F: f, C: c},
			}, in[0], y, dy)}
		},
	}, v)
}

// Neg is −v.
func (v Value) Neg() Value { return v.Scale(-1) }

// Scale is c·v.
func (v Value) Scale(c float64) Value { return v.unary("scale", ops.Scale, c) }

// AddConst is v + c.
func (v Value) AddConst(c float64) Value { return v.unary("add constant", ops.AddConst, c) }

// OneMinus is 1 − v.
func (v Value) OneMinus() Value { return v.unary("one minus", ops.OneMinus, 0) }

// Square is v².
func (v Value) Square() Value { return v.unary("square", ops.Square, 0) }

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
	return v.unary("exp", ops.Exp, 0)
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
	return v.unary("tanh", ops.Tanh, 0)
}

// Sigmoid is 1/(1 + e⁻ᵛ).
func (v Value) Sigmoid() Value {
	return v.unary("sigmoid", ops.Sigmoid, 0).withProbabilities(v, false)
}

// Softplus is log(1 + eᵛ), without overflow.
func (v Value) Softplus() Value {
	return v.Map("softplus", func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
		func(x, _ float64) float64 { return sigmoid(x) })
}

// ReLU is max(v, 0); its derivative at 0 is 0.
func (v Value) ReLU() Value {
	return v.unary("relu", ops.ReLU, 0)
}

// Clip limits every element to [low, high]. The derivative is 1 within the limits,
// including the limits themselves, and 0 outside.
func (v Value) Clip(low, high float64) Value {
	return v.Map("clip", func(x float64) float64 { return min(max(x, low), high) }, func(x, _ float64) float64 {
		if x < low || x > high {
			return 0
		}
		return 1
	})
}

// Where selects the element of a where cond is not 0, and that of b elsewhere. All
// three broadcast to one shape. Only the selected element gets the gradient, so a NaN
// in the other one does not matter.
func Where(cond, a, b Value) Value {
	shape, ok := shapes.Broadcast(a.shape, b.shape)
	if ok {
		shape, ok = shapes.Broadcast(shape, cond.shape)
	}
	if !ok {
		cond.s.Failf("where", fmt.Sprintf("must have an operand that broadcasts with %v and %v", cond.shape, a.shape), b.shape)
		return cond.s.poison(deeper(cond.shape, deeper(a.shape, b.shape)))
	}
	cond, a, b = cond.BroadcastTo(shape...), a.BroadcastTo(shape...), b.BroadcastTo(shape...)
	return cond.s.apply(spec{
		name: "where", shape: shape, compute: ops.Where{},
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			return append([]Value{{}}, pair(want[1:],
				func() Value { return in[0].keep(dy, false) },
				func() Value { return in[0].keep(dy, true) })...)
		},
	}, cond, a, b)
}

// keep is x where the condition v is not 0 (or, if zero is set, where it is 0) and 0
// elsewhere.
func (v Value) keep(x Value, zero bool) Value {
	return v.s.apply(spec{
		name: "where gradient", shape: x.shape, compute: ops.Keep{Zero: zero},
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value { return Value{} }, func() Value { return in[0].keep(dy, zero) })
		},
	}, v, x)
}

// Require returns v and makes Program.Run fail if holds is false for an element. The
// error has the form of Scope.Failf, with the element as its value. Use it to check
// data, which is not known when the graph is built.
func (v Value) Require(field, rule string, holds func(x float64) bool) Value {
	return v.s.apply(spec{
		name: "require", shape: v.shape, compute: ops.Require{Field: field, Rule: rule, Holds: holds},
		diff: func(_ []Value, _, dy Value, _ []bool) []Value { return []Value{dy} },
	}, v)
}

// logarithm is also correct for subnormal numbers, for which math.Log is wrong on some
// architectures.
func logarithm(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p53) - 53*math.Ln2
	}
	return math.Log(x)
}

// sigmoid does not overflow, and it is accurate for small results.
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
