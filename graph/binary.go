package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// The operations on two values broadcast as NumPy does: axes are matched from
// the last, and an axis of size 1 repeats.

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

// Times is the product element by element; MatMul is the matrix product.
func (v Value) Times(w Value) Value {
	return v.binary("times", w, ops.Times,
		func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Times(in[1]) },
				func() Value { return dy.Times(in[0]) })
		})
}

// Div is v / w element by element.
func (v Value) Div(w Value) Value {
	return v.binary("div", w, ops.Div,
		func(in []Value, y, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Div(in[1]) },
				func() Value { return dy.Times(y).Div(in[1]).Neg() })
		})
}

// Maximum is the larger of two elements. Where they are equal, each gets half
// of the gradient. A NaN on either side gives NaN.
func (v Value) Maximum(w Value) Value { return v.extreme("maximum", w, ops.Maximum, 1) }

// Minimum is the smaller of two elements, with Maximum's rule for equal ones.
func (v Value) Minimum(w Value) Value { return v.extreme("minimum", w, ops.Minimum, -1) }

func (v Value) extreme(name string, w Value, f ops.Function2, sign float64) Value {
	// share is the part of the gradient that a gets.
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

// flat applies a function that has no gradient.
func (v Value) flat(name string, w Value, f func(a, b float64) float64) Value {
	return v.broadcast(name, w, func(p ops.Broadcast) ops.Op { return ops.BinaryMap{F: f, Plan: p} }, nil)
}

func (v Value) binary(name string, w Value, f ops.Function2, diff rule) Value {
	return v.broadcast(name, w, func(p ops.Broadcast) ops.Op { return ops.Binary{F: f, Plan: p} }, diff)
}

// broadcast applies an operation to two values. A nil diff means that it has no
// gradient; otherwise diff gives gradients of the result's shape.
func (v Value) broadcast(name string, w Value, compute func(ops.Broadcast) ops.Op, diff rule) Value {
	shape, ok := shapes.Broadcast(v.shape, w.shape)
	if !ok {
		v.s.Failf(name, fmt.Sprintf("must have an operand that broadcasts with %v", v.shape), w.shape)
		return v.s.poison(deeper(v.shape, w.shape))
	}
	sp := spec{name: name, shape: shape, flat: diff == nil}
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

// pair computes the wanted ones of two gradients.
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

// deeper is the shape with more axes: the rank that the result of a failed
// operation would have had.
func deeper(a, b Shape) Shape {
	if len(b) > len(a) {
		return b
	}
	return a
}
