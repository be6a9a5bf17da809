package graph

import (
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// Sum adds up along the given axes, which disappear; along all of them where
// none is given. Sums are made in float64.
func (v Value) Sum(axes ...int) Value { return v.sum("sum", axes, false) }

// Mean is the average along the given axes, or along all. It is finite wherever
// the elements are, even if their sum is too large for the dtype.
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
		// The operand is walked as one side of a broadcast, the result as the
		// other.
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

// reduced gives the shape that is left when the axes are gone, with each of
// them kept as 1, and without.
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

// sumTo adds up the axes along which a value of the given shape was broadcast.
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

// Max is the largest element along an axis, which disappears. Equal ones share
// the gradient evenly. A NaN among them gives NaN.
func (v Value) Max(axis int) Value {
	return v.alongAxis("max", axis, false, ops.Max, ops.MaxGradient)
}

// LogSumExp is log Σ eᵛ along an axis, which disappears, without overflow.
func (v Value) LogSumExp(axis int) Value {
	return v.alongAxis("log-sum-exp", axis, false, ops.LogSumExp, ops.LogSumExpGradient)
}

// MapAxis applies f to every line of elements along an axis: f fills y, of the
// same length, from x, and df fills the gradient dx from x, y and the gradient
// dy. It is how an activation that looks at its neighbours is made.
func (v Value) MapAxis(name string, axis int, f func(x, y []float64), df func(x, y, dy, dx []float64)) Value {
	return v.alongAxis(name, axis, true, f, df)
}

// alongAxis applies f to every line; where it does not keep the axis, y is one
// element.
func (v Value) alongAxis(name string, axis int, keep bool, f func(x, y []float64), df func(x, y, dy, dx []float64)) Value {
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
		sp.compute = ops.Lines{Plan: plan, F: f}
		sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: name + " gradient", shape: v.shape, compute: ops.LinesGradient{Plan: plan, DF: df},
			}, in[0], y, dy)}
		}
	}
	return v.s.apply(sp, v)
}
