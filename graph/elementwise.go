package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// Map applies f to every element. df computes the derivative from the element x and
// the result y; nil means a derivative of 0. The name appears in errors. Use it for
// custom activations. Both functions are called once for every element, by several
// goroutines if there are many, so they must be safe for concurrent calls. Such a call
// takes 10 to 50 times as long as the other formulas take for an element.
func (v Value) Map(name string, f func(x float64) float64, df func(x, y float64) float64) Value {
	sp := spec{name: name, shape: v.shape, flat: df == nil, compute: ops.Map{F: f}}
	sp.lift = liftOne(func(v Value) Value { return v.Map(name, f, df) })
	if df != nil {
		sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: name + " gradient", shape: y.shape, compute: ops.MapGradient{DF: df},
			}, in[0], y, dy)}
		}
	}
	return v.s.apply(sp, v)
}

// Function describes a function of one element that has its own loops, such as an
// activation: a kind and constants. activations.FunctionOf makes one of an activation.
// The zero Function is the identity. It is a struct that can be compared, with these
// methods:
//
//   - GradientReadsX() bool and GradientReadsY() bool report whether the gradient is
//     computed from the element x or from the result y; for some functions, such as
//     Value.Scale, neither is.
type Function = ops.Function

// Apply applies a function to every element.
func (v Value) Apply(f Function) Value {
	switch {
	case f == Function{}:
		return v
	case !f.Kind.Known():
		v.s.Failf("function", "must be one of activations.FunctionOf", int(f.Kind))
		return v.s.poison(v.shape)
	}
	y := v.unary(f)
	if f.Kind == kernels.Sigmoid {
		return y.withProbabilities(v, false)
	}
	return y
}

func (v Value) unary(f Function) Value {
	return v.s.apply(spec{
		name: f.Kind.String(), shape: v.shape, compute: ops.Unary{F: f},
		lift: liftOne(func(v Value) Value { return v.unary(f) }),
		diff: func(in []Value, y, dy Value, _ []bool) []Value {
			operands := []Value{dy}
			if f.GradientReadsX() {
				operands = []Value{in[0], dy}
			} else if f.GradientReadsY() {
				operands = []Value{y, dy}
			}
			return []Value{v.s.apply(spec{
				name: f.Kind.String() + " gradient", shape: y.shape, compute: ops.UnaryGradient{F: f},
			}, operands...)}
		},
	}, v)
}

// Neg is −v.
func (v Value) Neg() Value { return v.Scale(-1) }

// Scale is c·v.
func (v Value) Scale(c float64) Value { return v.unary(kernels.Scale.With(c)) }

// AddConst is v + c.
func (v Value) AddConst(c float64) Value { return v.unary(kernels.AddConst.With(c)) }

// OneMinus is 1 − v.
func (v Value) OneMinus() Value { return v.unary(kernels.OneMinus.With()) }

// Square is v².
func (v Value) Square() Value { return v.unary(kernels.Square.With()) }

// Sqrt is the square root.
func (v Value) Sqrt() Value { return v.unary(kernels.Sqrt.With()) }

// Reciprocal is 1/v.
func (v Value) Reciprocal() Value { return v.unary(kernels.Reciprocal.With()) }

// Exp is e to the power of v.
func (v Value) Exp() Value { return v.unary(kernels.Exp.With()) }

// Log is the natural logarithm.
func (v Value) Log() Value { return v.unary(kernels.Log.With()) }

// Pow is v to the power of c.
func (v Value) Pow(c float64) Value { return v.unary(kernels.Pow.With(c)) }

// Abs is the absolute value; its derivative at 0 is 0.
func (v Value) Abs() Value { return v.unary(kernels.Abs.With()) }

// Tanh is the hyperbolic tangent.
func (v Value) Tanh() Value { return v.unary(kernels.Tanh.With()) }

// Sigmoid is 1/(1 + e⁻ᵛ).
func (v Value) Sigmoid() Value { return v.Apply(kernels.Sigmoid.With()) }

// Softplus is log(1 + eᵛ), without overflow.
func (v Value) Softplus() Value { return v.unary(kernels.Softplus.With()) }

// LogGamma is log |Γ(v)|, which is log (v − 1)! for whole numbers; its derivative is Digamma.
// Both are computed in float64, with an error of at most 2⁻⁴⁸·max(1, |result|) where v is
// positive, and take 10 to 50 times as long as Exp. Differences of large values, such as
// log Γ(v + 1) − log Γ(v), lose their digits in float32.
func (v Value) LogGamma() Value { return v.unary(kernels.LogGamma.With()) }

// Digamma is the derivative of log |Γ(v)|. It is NaN at 0 and at negative whole numbers.
func (v Value) Digamma() Value { return v.unary(kernels.Digamma.With()) }

// ReLU is max(v, 0); its derivative at 0 is 0.
func (v Value) ReLU() Value { return v.unary(kernels.ReLU.With()) }

// Clip limits every element to [low, high]. The derivative is 1 within the limits,
// including the limits themselves, and 0 outside.
func (v Value) Clip(low, high float64) Value { return v.unary(kernels.Clip.With(low, high)) }

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
	f := kernels.PairKeep
	if zero {
		f = kernels.PairDrop
	}
	return v.binary("where gradient", x, f, func(in []Value, _, dy Value, want []bool) []Value {
		return pair(want, nothing, func() Value { return in[0].keep(dy, zero) })
	})
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
