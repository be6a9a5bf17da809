package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/shapes"
)

// Reshape gives the elements, in their order, another shape.
func (v Value) Reshape(shape ...int) Value {
	s := Shape(shape).Clone()
	if v.shape.Known() && s.Known() && v.shape.Size() != s.Size() && shapes.Check(s) == nil {
		v.s.Failf("reshape", fmt.Sprintf("must keep the %d elements of %v", v.shape.Size(), v.shape), s)
		return v.s.poison(s)
	}
	if v.shape.Equal(s) {
		return v.WithoutMask()
	}
	y := v.s.apply(spec{
		name: "reshape", shape: s, view: true,
		diff: func(in []Value, _, dy Value, _ []bool) []Value {
			return []Value{dy.Reshape(in[0].shape...)}
		},
	}, v)
	if p := v.probs; p != nil && (!p.softmax || sameLast(v.shape, s)) {
		y.probs = p
	}
	return y
}

// sameLast tells whether two shapes end with the same axis.
func sameLast(a, b Shape) bool {
	return len(a) > 0 && len(b) > 0 && a[len(a)-1] != Any && a[len(a)-1] == b[len(b)-1]
}

// part cuts a piece with the given shape out of a vector of several, packed one
// after the other.
func (v Value) part(offset int, shape Shape) Value {
	return v.s.apply(spec{
		name: "part", shape: shape, view: true, offset: offset,
		diff: func(in []Value, _, dy Value, _ []bool) []Value {
			whole, n := in[0].shape.Size(), shape.Size()
			return []Value{v.s.apply(spec{
				name: "part gradient", shape: in[0].shape,
				f32: padKernel[float32](1, whole, n, offset), f64: padKernel[float64](1, whole, n, offset),
			}, dy)}
		},
	}, v)
}

// Unsqueeze puts an axis of size 1 before the given one; −1 puts it last.
func (v Value) Unsqueeze(axis int) Value {
	a := axis
	if a < 0 {
		a += len(v.shape) + 1
	}
	if a < 0 || a > len(v.shape) {
		v.s.Failf("unsqueeze axis", fmt.Sprintf("must lie within the shape %v", v.shape), axis)
		return v.s.poison(append(v.shape.Clone(), 1))
	}
	return v.Reshape(slices.Insert(v.shape.Clone(), a, 1)...)
}

// BroadcastTo repeats the axes of size 1 until the value has the given shape.
func (v Value) BroadcastTo(shape ...int) Value {
	s := Shape(shape).Clone()
	if !shapes.ExpandsTo(v.shape, s) {
		v.s.Failf("broadcast", fmt.Sprintf("must be possible from %v", v.shape), s)
		return v.s.poison(s)
	}
	if v.shape.Equal(s) {
		return v.WithoutMask()
	}
	sp := spec{name: "broadcast", shape: s}
	if s.Known() {
		plan := planBroadcast(s, v.shape, Shape{})
		sp.f32, sp.f64 = repeatKernel[float32](plan), repeatKernel[float64](plan)
	}
	sp.diff = func(in []Value, _, dy Value, _ []bool) []Value {
		return []Value{dy.sumTo(in[0].shape)}
	}
	return v.s.apply(sp, v)
}

func repeatKernel[T float](p broadcastPlan) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		p.rows(func(o, a, _ int) {
			for i := range p.n {
				out[o+i] = in[0][a+i*p.stepA]
			}
		})
		return nil
	}
}

// Transpose reorders the axes: axis i of the result is axis order[i] of v.
func (v Value) Transpose(order ...int) Value {
	s := make(Shape, len(order))
	seen := make([]bool, len(v.shape))
	for i, a := range order {
		if a < 0 || a >= len(seen) || seen[a] || len(order) != len(seen) {
			break
		}
		seen[a], s[i] = true, v.shape[a]
	}
	if len(order) != len(seen) || slices.Contains(seen, false) {
		v.s.Failf("transpose", fmt.Sprintf("must name each axis of %v once", v.shape), order)
		return v.s.poison(v.shape)
	}
	sp := spec{name: "transpose", shape: s}
	if s.Known() {
		from := stridesOf(v.shape)
		strides := make([]int, len(s))
		for i, a := range order {
			strides[i] = from[a]
		}
		sp.f32, sp.f64 = stridedKernel[float32](s, strides, 0), stridedKernel[float64](s, strides, 0)
	}
	sp.diff = func(_ []Value, _, dy Value, _ []bool) []Value {
		back := make([]int, len(order))
		for i, a := range order {
			back[a] = i
		}
		return []Value{dy.Transpose(back...)}
	}
	return v.s.apply(sp, v)
}

// Reverse turns the order along an axis around.
func (v Value) Reverse(axis int) Value {
	a, ok := v.axis(axis, "reverse axis")
	if !ok {
		return v.s.poison(v.shape)
	}
	sp := spec{name: "reverse", shape: v.shape}
	if v.shape.Known() {
		strides := stridesOf(v.shape)
		start := (v.shape[a] - 1) * strides[a]
		strides[a] = -strides[a]
		sp.f32, sp.f64 = stridedKernel[float32](v.shape, strides, start), stridedKernel[float64](v.shape, strides, start)
	}
	sp.diff = func(_ []Value, _, dy Value, _ []bool) []Value { return []Value{dy.Reverse(a)} }
	return v.s.apply(sp, v)
}

func stridesOf(s Shape) []int {
	out := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		out[i] = n
		n *= s[i]
	}
	return out
}

func stridedKernel[T float](shape Shape, strides []int, start int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		walk(shape, strides, start, func(i, at int) { out[i] = in[0][at] })
		return nil
	}
}

// walk visits all places of a shape in row-major order, with the offset that
// the strides give them.
func walk(shape Shape, strides []int, start int, f func(i, at int)) {
	index := make([]int, len(shape))
	at := start
	for i, n := 0, shape.Size(); i < n; i++ {
		f(i, at)
		for a := len(index) - 1; a >= 0; a-- {
			at += strides[a]
			if index[a]++; index[a] < shape[a] {
				break
			}
			at -= shape[a] * strides[a]
			index[a] = 0
		}
	}
}

// Slice takes the places from ≤ i < to of an axis. The result is a copy. Where
// the axis is open, its size, Any, may stand for its end.
func (v Value) Slice(axis, from, to int) Value {
	a, ok := v.axis(axis, "slice axis")
	if !ok {
		return v.s.poison(v.shape)
	}
	n := v.shape[a]
	if from < 0 || to <= from && (to != Any || n != Any) || n != Any && to > n {
		v.s.Failf("slice", fmt.Sprintf("must lie within axis %d of %v", a, v.shape), fmt.Sprintf("%d to %d", from, to))
		return v.s.poison(v.shape)
	}
	if from == 0 && to == n {
		return v.WithoutMask()
	}
	size := to - from
	if to == Any {
		size = Any
	}
	sp := spec{name: "slice", shape: v.shape.With(a, size)}
	if v.shape.Known() {
		b := blocksOf(v.shape, a)
		whole, part, off := b.size*n, b.size*(to-from), b.size*from
		sp.f32, sp.f64 = sliceKernel[float32](b.count, whole, part, off), sliceKernel[float64](b.count, whole, part, off)
		sp.diff = func(in []Value, _, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: "slice gradient", shape: in[0].shape,
				f32: padKernel[float32](b.count, whole, part, off), f64: padKernel[float64](b.count, whole, part, off),
			}, dy)}
		}
	}
	return v.s.apply(sp, v)
}

// At takes one place of an axis, which disappears.
func (v Value) At(axis, i int) Value {
	a, ok := v.axis(axis, "slice axis")
	if !ok {
		return v.s.poison(v.shape[:max(len(v.shape)-1, 0)])
	}
	return v.Slice(a, i, i+1).Reshape(slices.Delete(v.shape.Clone(), a, a+1)...)
}

// blocks cut a value at an axis: count pieces, each of size elements for every
// place of the axis.
type blocks struct{ count, size int }

func blocksOf(s Shape, axis int) blocks { return blocks{s[:axis].Size(), s[axis+1:].Size()} }

func sliceKernel[T float](count, whole, part, off int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		for i := range count {
			copy(out[i*part:(i+1)*part], in[0][i*whole+off:])
		}
		return nil
	}
}

func padKernel[T float](count, whole, part, off int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		clear(out)
		for i := range count {
			copy(out[i*whole+off:i*whole+off+part], in[0][i*part:])
		}
		return nil
	}
}

// Concat joins values along an axis; in all others they are alike.
func Concat(axis int, first Value, rest ...Value) Value {
	values := append([]Value{first}, rest...)
	a, ok := first.axis(axis, "concat axis")
	if !ok {
		return first.s.poison(first.shape)
	}
	shape := first.shape.Clone()
	for _, v := range rest {
		if len(v.shape) != len(shape) || !v.shape.With(a, 1).Matches(first.shape.With(a, 1)) {
			first.s.Failf("concat", fmt.Sprintf("must have values that fit %v but for axis %d", first.shape, a), v.shape)
			return first.s.poison(first.shape)
		}
		if shape[a] == Any || v.shape[a] == Any {
			shape[a] = Any
		} else {
			shape[a] += v.shape[a]
		}
	}
	sp := spec{name: "concat", shape: shape}
	if shape.Known() {
		b := blocksOf(shape, a)
		sizes := make([]int, len(values))
		for i, v := range values {
			sizes[i] = v.shape[a] * b.size
		}
		sp.f32, sp.f64 = concatKernel[float32](b.count, sizes), concatKernel[float64](b.count, sizes)
	}
	sp.diff = func(in []Value, _, dy Value, want []bool) []Value {
		grads := make([]Value, len(in))
		at := 0
		for i, v := range in {
			if want[i] {
				grads[i] = dy.Slice(a, at, at+v.shape[a])
			}
			at += v.shape[a]
		}
		return grads
	}
	return first.s.apply(sp, values...)
}

func concatKernel[T float](count int, sizes []int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		at := 0
		for i := range count {
			for j, n := range sizes {
				copy(out[at:at+n], in[j][i*n:])
				at += n
			}
		}
		return nil
	}
}

// Stack joins values of one shape along a new axis.
func Stack(axis int, first Value, rest ...Value) Value {
	up := make([]Value, len(rest))
	for i, v := range rest {
		up[i] = v.Unsqueeze(axis)
	}
	return Concat(axis, first.Unsqueeze(axis), up...)
}
