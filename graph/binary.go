package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// Operations on two values broadcast as in NumPy: axes are aligned at the last one,
// and an axis of size 1 repeats.

// Add is v + w.
func (v Value) Add(w Value) Value {
	return v.binary("add", w, ops.Add,
		func(in []Value, _, dy Value, want []bool) []Value {
			return []Value{dy, dy}
		})
}

// Sub is v − w.
func (v Value) Sub(w Value) Value {
	return v.binary("sub", w, ops.Sub,
		func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value { return dy }, dy.Neg)
		})
}

// Times is the elementwise product. MatMul is the matrix product.
func (v Value) Times(w Value) Value {
	return v.binary("times", w, ops.Times,
		func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Times(in[1]) },
				func() Value { return dy.Times(in[0]) })
		})
}

// Div is v / w, elementwise.
func (v Value) Div(w Value) Value {
	return v.binary("div", w, ops.Div,
		func(in []Value, y, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Div(in[1]) },
				func() Value { return dy.Times(y).Div(in[1]).Neg() })
		})
}

// Maximum is the elementwise maximum. Equal elements get half of the gradient each.
// A NaN in either operand gives NaN.
func (v Value) Maximum(w Value) Value { return v.extreme("maximum", w, ops.Maximum, 1) }

// Minimum is the elementwise minimum. Equal elements and NaN are handled as in Maximum.
func (v Value) Minimum(w Value) Value { return v.extreme("minimum", w, ops.Minimum, -1) }

func (v Value) extreme(name string, w Value, f ops.Function2, sign float64) Value {
	// share is the fraction of the gradient that a receives.
	share := func(a, b float64) float64 {
		switch {
		case a == b:
			return 0.5
		case (a-b)*sign > 0:
			return 1
		}
		return 0
	}
	return v.binary(name, w, f, func(in []Value, _, dy Value, want []bool) []Value {
		return pair(want,
			func() Value { return dy.Times(in[0].flat("share", in[1], share)) },
			func() Value { return dy.Times(in[1].flat("share", in[0], share)) })
	})
}

// Greater is 1 where v > w and 0 elsewhere. Comparisons have no gradient.
func (v Value) Greater(w Value) Value {
	return v.compare("greater", w, func(a, b float64) bool { return a > b })
}

// GreaterEqual is 1 where v ≥ w and 0 elsewhere.
func (v Value) GreaterEqual(w Value) Value {
	return v.compare("greater or equal", w, func(a, b float64) bool { return a >= b })
}

// Equal is 1 where v = w and 0 elsewhere.
func (v Value) Equal(w Value) Value {
	return v.compare("equal", w, func(a, b float64) bool { return a == b })
}

func (v Value) compare(name string, w Value, holds func(a, b float64) bool) Value {
	return v.flat(name, w, func(a, b float64) float64 {
		if holds(a, b) {
			return 1
		}
		return 0
	})
}

// flat applies a function whose gradient is 0.
func (v Value) flat(name string, w Value, f func(a, b float64) float64) Value {
	return v.broadcast(name, w, func(p ops.Broadcast) ops.Op { return ops.BinaryMap{F: f, Plan: p} }, nil)
}

func (v Value) binary(name string, w Value, f ops.Function2, diff rule) Value {
	return v.broadcast(name, w, func(p ops.Broadcast) ops.Op { return ops.Binary{F: f, Plan: p} }, diff)
}

// broadcast applies an operation to two values. diff returns gradients of the shape
// of the result; broadcast sums them to the shapes of the operands. If diff is nil,
// the gradient is 0.
func (v Value) broadcast(name string, w Value, compute func(ops.Broadcast) ops.Op, diff rule) Value {
	shape, ok := shapes.Broadcast(v.shape, w.shape)
	if !ok {
		v.s.Failf(name, fmt.Sprintf("must have an operand that broadcasts with %v", v.shape), w.shape)
		return v.s.poison(deeper(v.shape, w.shape))
	}
	sp := spec{name: name, shape: shape, flat: diff == nil}
	sp.lift = liftTwo(len(shape), func(v, w Value) Value { return v.broadcast(name, w, compute, diff) })
	if shape.Known() {
		sp.compute = compute(ops.PlanBroadcast(shape, v.shape, w.shape))
	}
	if diff == nil {
		return v.s.apply(sp, v, w)
	}
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		grads := diff(in, y, dy, want)
		for i, g := range grads {
			if want[i] {
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
