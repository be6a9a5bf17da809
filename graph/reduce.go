package graph

import (
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// Sum sums over the given axes and removes them. Without axes it sums over all. The
// sums are computed in float64.
func (v Value) Sum(axes ...int) Value { return v.sum("sum", axes, false) }

// Mean is the mean over the given axes, or over all. It does not overflow if the
// elements are finite, even if their sum is too large for the dtype.
func (v Value) Mean(axes ...int) Value { return v.sum("mean", axes, true) }

func (v Value) sum(name string, axes []int, mean bool) Value {
	keep, shape, ok := v.reduced(name, axes)
	if !ok {
		return v.s.poison(shape)
	}
	sp := spec{name: name, shape: shape}
	if v.shape.Known() {
		n := 1.0
		if mean {
			n = float64(v.shape.Size() / shape.Size())
		}
		// A reduction is the reverse of broadcasting the result to the operand.
		plan := ops.PlanBroadcast(v.shape, v.shape, keep)
		sp.compute = ops.Reduce{Plan: plan, Size: shape.Size(), Divisor: n}
		sp.diff = func(in []Value, _, dy Value, _ []bool) []Value {
			if mean {
				dy = dy.Scale(1 / n)
			}
			return []Value{dy.Reshape(keep...).BroadcastTo(in[0].shape...)}
		}
	}
	return v.s.apply(sp, v)
}

// reduced returns the shape of a reduction over the axes, with the reduced axes kept
// as 1 and without them.
func (v Value) reduced(name string, axes []int) (keep, shape Shape, ok bool) {
	gone := make([]bool, len(v.shape))
	for _, a := range axes {
		i, ok := v.axis(a, name+" axis")
		if !ok {
			return nil, v.shape[:max(len(v.shape)-len(axes), 0)], false
		}
		if gone[i] {
			v.s.Failf(name+" axis", "must be named once", a)
			return nil, v.shape[:max(len(v.shape)-len(axes), 0)], false
		}
		gone[i] = true
	}
	keep, shape = v.shape.Clone(), Shape{}
	for i, d := range v.shape {
		if len(axes) == 0 || gone[i] {
			keep[i] = 1
		} else {
			shape = append(shape, d)
		}
	}
	return keep, shape, true
}

// sumTo sums over the axes along which a value of the given shape was broadcast.
func (v Value) sumTo(shape Shape) Value {
	if v.shape.Equal(shape) {
		return v
	}
	var axes []int
	extra := len(v.shape) - len(shape)
	for i, d := range v.shape {
		if i < extra || shape[i-extra] == 1 && d != 1 {
			axes = append(axes, i)
		}
	}
	if len(axes) > 0 {
		v = v.Sum(axes...)
	}
	return v.Reshape(shape...)
}

// Max is the maximum along an axis, which is removed. Equal maxima share the gradient
// evenly. A NaN gives NaN.
func (v Value) Max(axis int) Value {
	return v.along("max", axis, false,
		func(p ops.LinePlan) ops.Op { return ops.Max{Plan: p} },
		func(p ops.LinePlan) ops.Op { return ops.MaxGradient{Plan: p} })
}

// LogSumExp is log Σ eᵛ along an axis, which is removed. It does not overflow.
func (v Value) LogSumExp(axis int) Value {
	return v.alongAxis("log-sum-exp", axis, false, ops.LogSumExp, ops.LogSumExpGradient)
}

// MapAxis applies f to every vector along an axis. f computes y, which has the length
// of x, and df computes the gradient dx from x, y and the gradient dy. Use it for
// custom activations that depend on several elements, such as a softmax.
//
// Both may be called from several goroutines at the same time, and must not keep their
// arguments. Every vector is copied to float64 and back, and a call is made for it: that
// takes about 2 ns for an element, several times as long as an operation with a kernel,
// and more along an axis that is not the last, whose elements lie apart.
func (v Value) MapAxis(name string, axis int, f func(x, y []float64), df func(x, y, dy, dx []float64)) Value {
	return v.alongAxis(name, axis, true, f, df)
}

// ReduceAxis applies f to every vector along an axis, which is removed: f computes one
// number of it. df computes the gradient dx from x, the result y and its gradient dy. Use it
// for a loss of your own; what MapAxis says of its functions holds for these too.
func (v Value) ReduceAxis(name string, axis int, f func(x []float64) float64, df func(x []float64, y, dy float64, dx []float64)) Value {
	return v.alongAxis(name, axis, false,
		func(x, y []float64) { y[0] = f(x) },
		func(x, y, dy, dx []float64) { df(x, y[0], dy[0], dx) })
}

func (v Value) alongAxis(name string, axis int, keep bool, f func(x, y []float64), df func(x, y, dy, dx []float64)) Value {
	return v.along(name, axis, keep,
		func(p ops.LinePlan) ops.Op { return ops.Lines{Plan: p, F: f} },
		func(p ops.LinePlan) ops.Op { return ops.LinesGradient{Plan: p, DF: df} })
}

// along applies an operation to every vector along an axis. If keep is false, y has one
// element and the axis is removed. The gradient takes x, y and dy.
func (v Value) along(name string, axis int, keep bool, compute, gradient func(ops.LinePlan) ops.Op) Value {
	a, ok := v.axis(axis, name+" axis")
	shape := v.shape.Clone()
	if !keep && len(shape) > 0 {
		shape = slices.Delete(shape, a, a+1)
	}
	if !ok {
		return v.s.poison(shape)
	}
	sp := spec{name: name, shape: shape}
	if v.shape.Known() {
		plan := ops.PlanLines(v.shape, a, keep)
		sp.compute = compute(plan)
		sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: name + " gradient", shape: v.shape, compute: gradient(plan),
			}, in[0], y, dy)}
		}
	}
	return v.s.apply(sp, v)
}
