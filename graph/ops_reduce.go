package graph

import (
	"fmt"
	"math"
	"slices"
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
		plan := planBroadcast(v.shape, v.shape, keep)
		sp.f32, sp.f64 = reduceKernel[float32](plan, shape.Size(), n), reduceKernel[float64](plan, shape.Size(), n)
		sp.diff = func(in []Value, _, dy Value, _ []bool) []Value {
			if mean {
				dy = dy.Scale(1 / n)
			}
			return []Value{dy.Reshape(keep...).BroadcastTo(in[0].shape...)}
		}
	}
	return v.s.apply(sp, v)
}

// reduceKernel adds up and divides by n.
func reduceKernel[T float](p broadcastPlan, size int, n float64) func([]T, [][]T) error {
	var acc []float64 // made at the first run: who only follows shapes needs none
	return func(out []T, in [][]T) error {
		if acc == nil {
			acc = make([]float64, size)
		}
		clear(acc)
		p.rows(func(_, a, b int) {
			row := in[0][a : a+p.n]
			if p.stepB == 0 {
				sum := acc[b]
				for _, x := range row {
					sum += float64(x)
				}
				acc[b] = sum
				return
			}
			to := acc[b : b+p.n]
			for i, x := range row {
				to[i] += float64(x)
			}
		})
		for i, x := range acc {
			out[i] = T(x / n)
		}
		return nil
	}
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
	return v.alongAxis("max", axis, false, func(x, y []float64) {
		y[0] = slices.Max(x)
	}, func(x, y, dy, dx []float64) {
		n := 0.0
		for i := range x {
			dx[i] = 0
			if x[i] == y[0] {
				n++
			}
		}
		for i := range x {
			if x[i] == y[0] {
				dx[i] = dy[0] / n
			}
		}
	})
}

// LogSumExp is log Σ eᵛ along an axis, which disappears, without overflow.
func (v Value) LogSumExp(axis int) Value {
	return v.alongAxis("log-sum-exp", axis, false, func(x, y []float64) {
		top, sum := expSum(x)
		y[0] = top + math.Log(sum)
	}, func(x, _, dy, dx []float64) {
		top, sum := expSum(x)
		for i := range x {
			dx[i] = dy[0] * math.Exp(x[i]-top) / sum
		}
	})
}

// expSum returns the largest element, and the sum of e to the power of all,
// seen from there. The two stay apart: added up to the log-sum-exp they would
// round the sum away beside a large element. Elements that are all −∞ give a
// sum of 0; a +∞ or a NaN is passed on.
func expSum(x []float64) (top, sum float64) {
	top = slices.Max(x)
	if math.IsInf(top, 0) {
		top = 0
	}
	for _, e := range x {
		sum += math.Exp(e - top)
	}
	return top, sum
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
		l := linesOf(v.shape, a, keep)
		sp.f32, sp.f64 = lineKernel[float32](l, f), lineKernel[float64](l, f)
		sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: fmt.Sprint(name, " gradient"), shape: v.shape,
				f32: lineGradKernel[float32](l, df), f64: lineGradKernel[float64](l, df),
			}, in[0], y, dy)}
		}
	}
	return v.s.apply(sp, v)
}

// lines are the runs of a value along one axis: outer × inner of them, each of
// n elements that lie inner apart; m is how many elements a result line has.
type lines struct{ outer, n, inner, m int }

func linesOf(s Shape, axis int, keep bool) lines {
	l := lines{outer: s[:axis].Size(), n: s[axis], inner: s[axis+1:].Size(), m: 1}
	if keep {
		l.m = l.n
	}
	return l
}

// each calls f with the offset of every line, in the operand and the result.
func (l lines) each(f func(x, y int)) {
	for o := range l.outer {
		for i := range l.inner {
			f(o*l.n*l.inner+i, o*l.m*l.inner+i)
		}
	}
}

func lineKernel[T float](l lines, f func(x, y []float64)) func([]T, [][]T) error {
	var x, y []float64
	return func(out []T, in [][]T) error {
		if x == nil {
			x, y = make([]float64, l.n), make([]float64, l.m)
		}
		l.each(func(ox, oy int) {
			load(x, in[0][ox:], l.inner)
			f(x, y)
			store(out[oy:], y, l.inner)
		})
		return nil
	}
}

func lineGradKernel[T float](l lines, df func(x, y, dy, dx []float64)) func([]T, [][]T) error {
	var x, y, dy, dx []float64
	return func(out []T, in [][]T) error {
		if x == nil {
			x, y, dy, dx = make([]float64, l.n), make([]float64, l.m), make([]float64, l.m), make([]float64, l.n)
		}
		l.each(func(ox, oy int) {
			load(x, in[0][ox:], l.inner)
			load(y, in[1][oy:], l.inner)
			load(dy, in[2][oy:], l.inner)
			df(x, y, dy, dx)
			store(out[ox:], dx, l.inner)
		})
		return nil
	}
}

func load[T float](line []float64, from []T, stride int) {
	for i := range line {
		line[i] = float64(from[i*stride])
	}
}

func store[T float](to []T, line []float64, stride int) {
	for i, x := range line {
		to[i*stride] = T(x)
	}
}
