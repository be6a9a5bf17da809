package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

// The operations on two values broadcast as NumPy does: axes are matched from
// the last, and an axis of size 1 repeats.

// Add is v + w.
func (v Value) Add(w Value) Value {
	return v.binary("add", w, addKernel(v.s.f32), addKernel(v.s.f64),
		func(in []Value, _, dy Value, want []bool) []Value {
			return []Value{dy, dy}
		})
}

// Sub is v − w.
func (v Value) Sub(w Value) Value {
	return v.binary("sub", w, subKernel(v.s.f32), subKernel(v.s.f64),
		func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value { return dy }, dy.Neg)
		})
}

// Times is the product element by element; MatMul is the matrix product.
func (v Value) Times(w Value) Value {
	return v.binary("times", w, timesKernel(v.s.f32), timesKernel(v.s.f64),
		func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Times(in[1]) },
				func() Value { return dy.Times(in[0]) })
		})
}

// Div is v / w element by element.
func (v Value) Div(w Value) Value {
	return v.binary("div", w, divKernel(v.s.f32), divKernel(v.s.f64),
		func(in []Value, y, dy Value, want []bool) []Value {
			return pair(want,
				func() Value { return dy.Div(in[1]) },
				func() Value { return dy.Times(y).Div(in[1]).Neg() })
		})
}

// Maximum is the larger of two elements. Where they are equal, each gets half
// of the gradient. A NaN on either side gives NaN.
func (v Value) Maximum(w Value) Value { return v.extreme("maximum", w, 1) }

// Minimum is the smaller of two elements, with Maximum's rule for equal ones.
func (v Value) Minimum(w Value) Value { return v.extreme("minimum", w, -1) }

func (v Value) extreme(name string, w Value, sign float64) Value {
	f32, f64 := maxKernel[float32], maxKernel[float64]
	if sign < 0 {
		f32, f64 = minKernel[float32], minKernel[float64]
	}
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
	return v.binary(name, w, f32, f64, func(in []Value, _, dy Value, want []bool) []Value {
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
	return v.binary(name, w, funcKernel[float32](f), funcKernel[float64](f), nil)
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

// kernel2 computes n elements of an operation on two values; a step of 0
// repeats the first element.
type kernel2[T float] func(out, a, b []T, stepA, stepB int)

func (v Value) binary(name string, w Value, f32 kernel2[float32], f64 kernel2[float64],
	diff func(in []Value, y, dy Value, want []bool) []Value) Value {
	shape, ok := shapes.Broadcast(v.shape, w.shape)
	if !ok {
		v.s.Failf(name, fmt.Sprintf("must have operands that broadcast to each other, beside %v", v.shape), w.shape)
		return v.s.poison(deeper(v.shape, w.shape))
	}
	sp := spec{name: name, shape: shape, flat: diff == nil}
	if shape.Known() {
		plan := planBroadcast(shape, v.shape, w.shape)
		sp.f32, sp.f64 = broadcastKernel(plan, f32), broadcastKernel(plan, f64)
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

// deeper is the shape with more axes: the rank that the result of a failed
// operation would have had.
func deeper(a, b Shape) Shape {
	if len(b) > len(a) {
		return b
	}
	return a
}

// broadcastKernel lets the cores share the elements of long rows, and the rows
// of many.
func broadcastKernel[T float](p broadcastPlan, f kernel2[T]) func([]T, [][]T) error {
	long := p.n >= 2*sharedElements
	return func(out []T, in [][]T) error {
		if long {
			p.rows(func(o, a, b int) {
				share(p.n, func(from, end int) {
					f(out[o+from:o+end], in[0][a+from*p.stepA:], in[1][b+from*p.stepB:], p.stepA, p.stepB)
				})
			})
			return nil
		}
		if few(len(out)) {
			p.rows(func(o, a, b int) { f(out[o:o+p.n], in[0][a:], in[1][b:], p.stepA, p.stepB) })
			return nil
		}
		shareRows(len(out), p.n, func(from, end int) {
			p.some(from/p.n, end/p.n, func(o, a, b int) { f(out[o:o+p.n], in[0][a:], in[1][b:], p.stepA, p.stepB) })
		})
		return nil
	}
}

// The four below take whole vectors where both operands advance.

func addKernel[T float](set *kernels.Set[T]) kernel2[T] {
	return func(out, a, b []T, sa, sb int) {
		if sa == 1 && sb == 1 {
			set.Plus(a[:len(out)], b[:len(out)], out)
			return
		}
		for i := range out {
			out[i] = a[i*sa] + b[i*sb]
		}
	}
}

func subKernel[T float](set *kernels.Set[T]) kernel2[T] {
	return func(out, a, b []T, sa, sb int) {
		if sa == 1 && sb == 1 {
			set.Minus(a[:len(out)], b[:len(out)], out)
			return
		}
		for i := range out {
			out[i] = a[i*sa] - b[i*sb]
		}
	}
}

func timesKernel[T float](set *kernels.Set[T]) kernel2[T] {
	return func(out, a, b []T, sa, sb int) {
		if sa == 1 && sb == 1 {
			set.Times(a[:len(out)], b[:len(out)], out)
			return
		}
		for i := range out {
			out[i] = a[i*sa] * b[i*sb]
		}
	}
}

func divKernel[T float](set *kernels.Set[T]) kernel2[T] {
	return func(out, a, b []T, sa, sb int) {
		if sa == 1 && sb == 1 {
			set.Over(a[:len(out)], b[:len(out)], out)
			return
		}
		for i := range out {
			out[i] = a[i*sa] / b[i*sb]
		}
	}
}

func maxKernel[T float](out, a, b []T, sa, sb int) {
	for i := range out {
		out[i] = max(a[i*sa], b[i*sb])
	}
}

func minKernel[T float](out, a, b []T, sa, sb int) {
	for i := range out {
		out[i] = min(a[i*sa], b[i*sb])
	}
}

func funcKernel[T float](f func(a, b float64) float64) kernel2[T] {
	return func(out, a, b []T, sa, sb int) {
		for i := range out {
			out[i] = T(f(float64(a[i*sa]), float64(b[i*sb])))
		}
	}
}
