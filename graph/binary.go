package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// Operations on two values broadcast as in NumPy: axes are aligned at the last one,
// and an axis of size 1 repeats.

// Add is v + w.
func (v Value) Add(w Value) Value {
	return v.binary("add", w, kernels.PairPlus,
		func(in []Value, _, dy Value, want []bool) []Value {
			return []Value{dy, dy}
		})
}

// Sub is v − w.
func (v Value) Sub(w Value) Value {
	return v.binary("sub", w, kernels.PairMinus,
		func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value { return dy }, dy.Neg)
		})
}

// Times is the elementwise product. MatMul is the matrix product.
func (v Value) Times(w Value) Value {
	return v.binary("times", w, kernels.PairTimes,
		func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Times(in[1]) },
				func() Value { return dy.Times(in[0]) })
		})
}

// Div is v / w, elementwise.
func (v Value) Div(w Value) Value {
	return v.binary("div", w, kernels.PairOver,
		func(in []Value, y, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Div(in[1]) },
				func() Value { return dy.Times(y).Div(in[1]).Neg() })
		})
}

// Maximum is the elementwise maximum. Equal elements get half of the gradient each.
// A NaN in either operand gives NaN.
func (v Value) Maximum(w Value) Value {
	return v.binary("maximum", w, kernels.PairMaximum, func(in []Value, _, dy Value, want []bool) []Value {
		return pair(want,
			func() Value { return dy.Times(in[0].share(in[1])) },
			func() Value { return dy.Times(in[1].share(in[0])) })
	})
}

// Minimum is the elementwise minimum. Equal elements and NaN are handled as in Maximum.
func (v Value) Minimum(w Value) Value {
	return v.binary("minimum", w, kernels.PairMinimum, func(in []Value, _, dy Value, want []bool) []Value {
		return pair(want,
			func() Value { return dy.Times(in[1].share(in[0])) },
			func() Value { return dy.Times(in[0].share(in[1])) })
	})
}

// share is 1 where v > w, ½ where v = w and 0 elsewhere: the fraction of the gradient of a
// maximum that v receives.
func (v Value) share(w Value) Value { return v.binary("share", w, kernels.PairShare, nil) }

// Greater is 1 where v > w and 0 elsewhere. Comparisons have no gradient.
func (v Value) Greater(w Value) Value { return v.binary("greater", w, kernels.PairGreater, nil) }

// GreaterEqual is 1 where v ≥ w and 0 elsewhere.
func (v Value) GreaterEqual(w Value) Value {
	return v.binary("greater or equal", w, kernels.PairGreaterEqual, nil)
}

// Equal is 1 where v = w and 0 elsewhere.
func (v Value) Equal(w Value) Value { return v.binary("equal", w, kernels.PairEqual, nil) }

// PReLU is v where v > 0 and alpha ⊙ v elsewhere (He et al. 2015, "Delving Deep into
// Rectifiers").
func (v Value) PReLU(alpha Value) Value {
	return v.binary("prelu", alpha, kernels.PairPReLU, func(in []Value, _, dy Value, want []bool) []Value {
		x, alpha := in[0], in[1]
		return pair(want,
			func() Value { return dy.Times(x.preluSlope(alpha)) },
			func() Value { return x.preluLeft(dy).Times(x) })
	})
}

// preluSlope is the derivative of PReLU: 1 where v > 0 and alpha elsewhere.
func (v Value) preluSlope(alpha Value) Value {
	return v.binary("prelu gradient", alpha, kernels.PairPReLUSlope, func(in []Value, _, dy Value, want []bool) []Value {
		return pair(want, nothing, func() Value { return in[0].preluLeft(dy) })
	})
}

// preluLeft is 0 where v > 0 and w elsewhere.
func (v Value) preluLeft(w Value) Value {
	return v.binary("prelu gradient", w, kernels.PairPReLULeft, func(in []Value, _, dy Value, want []bool) []Value {
		return pair(want, nothing, func() Value { return in[0].preluLeft(dy) })
	})
}

// nothing is a gradient of 0.
func nothing() Value { return Value{} }

// binary applies a function to two values. diff returns gradients of the shape of the
// result, or none where they are 0; binary sums them to the shapes of the operands. If diff
// is nil, the gradient is 0.
func (v Value) binary(name string, w Value, f kernels.PairKind, diff rule) Value {
	shape, ok := shapes.Broadcast(v.shape, w.shape)
	if !ok {
		v.s.Failf(name, fmt.Sprintf("must have an operand that broadcasts with %v", v.shape), w.shape)
		return v.s.poison(deeper(v.shape, w.shape))
	}
	sp := spec{name: name, shape: shape, flat: diff == nil}
	sp.lift = liftTwo(len(shape), func(v, w Value) Value { return v.binary(name, w, f, diff) })
	if shape.Known() {
		sp.compute = ops.Binary{F: f, Plan: ops.PlanBroadcast(shape, v.shape, w.shape)}
	}
	if diff == nil {
		return v.s.apply(sp, v, w)
	}
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		grads := diff(in, y, dy, want)
		for i, g := range grads {
			if want[i] && g.s != nil {
				grads[i] = g.sumTo(in[i].shape)
			}
		}
		return grads
	}
	return v.s.apply(sp, v, w)
}

// pair computes those of two gradients that are wanted.
func pair(want []bool, first, second func() Value) []Value {
	out := make([]Value, 2)
	if want[0] {
		out[0] = first()
	}
	if want[1] {
		out[1] = second()
	}
	return out
}

// deeper returns the shape with more axes. The result of a failed operation has its
// rank.
func deeper(a, b Shape) Shape {
	if len(b) > len(a) {
		return b
	}
	return a
}
