package graph

import (
	"fmt"
	"slices"
)

// MatMul is the matrix product over the last axis of v and the last but one of
// w. With w a matrix, v may have any number of axes before the last; otherwise
// both have the same axes before the last two, and every pair of matrices is
// multiplied.
func (v Value) MatMul(w Value) Value {
	n := len(v.shape)
	if n < 2 || len(w.shape) != n && len(w.shape) != 2 {
		v.s.Failf("matmul", fmt.Sprintf("must have operands that fit, beside %v", v.shape), w.shape)
		return v.s.poison(v.shape)
	}
	axes := make([]rune, n+1) // all of v, and the last of w
	for i := range axes {
		axes[i] = rune(i)
	}
	l := letters{a: axes[:n], b: axes[n-1:], out: append(slices.Clone(axes[:n-1]), axes[n])}
	if len(w.shape) > 2 {
		l.b = append(slices.Clone(axes[:n-2]), axes[n-1:]...)
	}
	return contract("matmul", l, v, w)
}

// Gather looks rows up: element i of indices becomes row i of v, so the result
// has the shape of indices followed by that of a row. Indices are whole
// numbers from 0; others are an error when the graph is run. They get no
// gradient.
func (v Value) Gather(indices Value) Value {
	if len(v.shape) == 0 {
		v.s.Failf("gather", "must have an axis to look up in", v.shape)
		return v.s.poison(indices.shape)
	}
	shape := slices.Concat(indices.shape, v.shape[1:])
	n, size := v.shape[0], v.shape[1:].Size()
	return v.s.apply(spec{
		name: "gather", shape: shape,
		f32: gatherKernel[float32](n, size), f64: gatherKernel[float64](n, size),
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			if !want[0] {
				return make([]Value, 2)
			}
			return []Value{v.s.apply(spec{
				name: "gather gradient", shape: in[0].shape,
				f32: scatterKernel[float32](n, size), f64: scatterKernel[float64](n, size),
			}, in[1], dy), v.s.Const(0, in[1].shape)}
		},
	}, v, indices)
}

func gatherKernel[T float](n, size int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		for i, x := range in[1] {
			row, err := index(i, x, n)
			if err != nil {
				return err
			}
			copy(out[i*size:(i+1)*size], in[0][row*size:])
		}
		return nil
	}
}

func scatterKernel[T float](n, size int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		clear(out)
		for i, x := range in[0] {
			to := out[int(x)*size:][:size]
			for j, d := range in[1][i*size:][:size] {
				to[j] += d
			}
		}
		return nil
	}
}

// Where takes the element of a where cond is not 0, and that of b elsewhere.
// The three broadcast to one shape. The gradient goes to the side taken only:
// a NaN on the other does not come through.
func Where(cond, a, b Value) Value {
	shape, ok := broadcast(a.shape, b.shape)
	if ok {
		shape, ok = broadcast(shape, cond.shape)
	}
	if !ok {
		cond.s.Failf("where", fmt.Sprintf("must have operands that broadcast to each other, beside %v and %v", cond.shape, a.shape), b.shape)
		return cond.s.poison(deeper(cond.shape, deeper(a.shape, b.shape)))
	}
	cond, a, b = cond.BroadcastTo(shape...), a.BroadcastTo(shape...), b.BroadcastTo(shape...)
	return cond.s.apply(spec{
		name: "where", shape: shape, f32: whereKernel[float32], f64: whereKernel[float64],
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			zero := in[0].s.Const(0, shape)
			return append([]Value{zero}, pair(want[1:],
				func() Value { return Where(in[0], dy, zero) },
				func() Value { return Where(in[0], zero, dy) })...)
		},
	}, cond, a, b)
}

func whereKernel[T float](out []T, in [][]T) error {
	for i, c := range in[0][:len(out)] {
		if c != 0 {
			out[i] = in[1][i]
		} else {
			out[i] = in[2][i]
		}
	}
	return nil
}
