package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// Reshape changes the shape and keeps the order of the elements.
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
		lift: liftOne(func(v Value) Value { return v.Reshape(slices.Insert(s.Clone(), 0, v.shape[0])...) }),
		diff: func(in []Value, _, dy Value, _ []bool) []Value {
			return []Value{dy.Reshape(in[0].shape...)}
		},
	}, v)
	if p := v.probs; p != nil && (!p.softmax || sameLast(v.shape, s)) {
		y.probs = p
	}
	return y
}

// sameLast reports whether the last axes of two shapes are known and equal.
func sameLast(a, b Shape) bool {
	return len(a) > 0 && len(b) > 0 && a[len(a)-1] != Any && a[len(a)-1] == b[len(b)-1]
}

// part extracts a value of the given shape from a vector in which several are packed.
func (v Value) part(offset int, shape Shape) Value {
	return v.s.apply(spec{
		name: "part", shape: shape, view: true, offset: offset,
		diff: func(in []Value, _, dy Value, _ []bool) []Value {
			whole, n := in[0].shape.Size(), shape.Size()
			return []Value{v.s.apply(spec{
				name: "part gradient", shape: in[0].shape,
				compute: ops.Pad{Count: 1, Whole: whole, Part: n, Offset: offset},
			}, dy)}
		},
	}, v)
}

// Unsqueeze inserts an axis of size 1 before the given one; −1 appends it.
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
		sp.compute = ops.Repeat{Plan: ops.PlanBroadcast(s, v.shape, Shape{})}
	}
	sp.diff = func(in []Value, _, dy Value, _ []bool) []Value {
		return []Value{dy.sumTo(in[0].shape)}
	}
	return v.s.apply(sp, v)
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
		sp.compute = ops.Transpose(v.shape, order)
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

// Reverse reverses the order along an axis.
func (v Value) Reverse(axis int) Value {
	a, ok := v.axis(axis, "reverse axis")
	if !ok {
		return v.s.poison(v.shape)
	}
	sp := spec{name: "reverse", shape: v.shape}
	if v.shape.Known() {
		sp.compute = ops.Reverse(v.shape, a)
	}
	sp.diff = func(_ []Value, _, dy Value, _ []bool) []Value { return []Value{dy.Reverse(a)} }
	return v.s.apply(sp, v)
}

// Slice selects the indices from ≤ i < to of an axis. If the axis is open, to may be
// Any, which means its size.
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
	sp.lift = liftOne(func(v Value) Value { return v.Slice(a+1, from, to) })
	if v.shape.Known() {
		cut := ops.Slice(v.shape, a, from, to)
		sp.compute = cut
		sp.diff = func(in []Value, _, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: "slice gradient", shape: in[0].shape,
				compute: ops.Pad(cut),
			}, dy)}
		}
	}
	return v.s.apply(sp, v)
}

// At selects one index of an axis and removes the axis.
func (v Value) At(axis, i int) Value {
	a, ok := v.axis(axis, "slice axis")
	if !ok {
		return v.s.poison(v.shape[:max(len(v.shape)-1, 0)])
	}
	return v.Slice(a, i, i+1).Reshape(slices.Delete(v.shape.Clone(), a, a+1)...)
}

// Concat concatenates values along an axis. All other axes must be equal.
func Concat(axis int, first Value, rest ...Value) Value {
	values := append([]Value{first}, rest...)
	a, ok := first.axis(axis, "concat axis")
	if !ok {
		return first.s.poison(first.shape)
	}
	shape := first.shape.Clone()
	for _, v := range rest {
		if len(v.shape) != len(shape) || !v.shape.With(a, 1).Matches(first.shape.With(a, 1)) {
			first.s.Failf("concat", fmt.Sprintf("must have values of the shape %v except for axis %d", first.shape, a), v.shape)
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
		sizes := make([]int, len(values))
		for i, v := range values {
			sizes[i] = v.shape[a:].Size()
		}
		sp.compute = ops.Concat{Count: shape[:a].Size(), Sizes: sizes}
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

// Stack joins values of the same shape along a new axis.
func Stack(axis int, first Value, rest ...Value) Value {
	up := make([]Value, len(rest))
	for i, v := range rest {
		up[i] = v.Unsqueeze(axis)
	}
	return Concat(axis, first.Unsqueeze(axis), up...)
}
