package graph

import (
	"fmt"
	"slices"
)

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
			return pair(want, func() Value {
				return v.s.apply(spec{
					name: "gather gradient", shape: in[0].shape,
					f32: scatterKernel[float32](n, size), f64: scatterKernel[float64](n, size),
				}, in[1], dy)
			}, noGradient)
		},
	}, v, indices)
}

// noGradient is the gradient of an operand that has none.
func noGradient() Value { return Value{} }

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

// scatterKernel gives each row the sum of what its uses have in in[1]. A row may
// be used very often, so it is summed in float64.
func scatterKernel[T float](n, size int) func([]T, [][]T) error {
	const none = -1
	var first, next []int // the first use of each row, and the next use of the same row after each use
	var sum []float64     // of one row
	return func(out []T, in [][]T) error {
		if first == nil {
			first, next, sum = make([]int, n), make([]int, len(in[0])), make([]float64, size)
		}
		for row := range first {
			first[row] = none
		}
		for i := len(in[0]) - 1; i >= 0; i-- {
			row := int(in[0][i])
			next[i], first[row] = first[row], i
		}
		clear(out)
		for row, i := range first {
			if i == none {
				continue
			}
			clear(sum)
			for ; i != none; i = next[i] {
				for j, d := range in[1][i*size:][:size] {
					sum[j] += float64(d)
				}
			}
			for j, x := range sum {
				out[row*size+j] = T(x)
			}
		}
		return nil
	}
}

// Pick takes from every line along the last axis the element at an index: v
// [..., n] and indices [...] give [...]. Indices are whole numbers from 0;
// others are an error when the graph is run. They get no gradient.
func (v Value) Pick(indices Value) Value {
	if len(v.shape) == 0 {
		v.s.Failf("pick", "must have an axis to pick from", v.shape)
		return v.s.poison(indices.shape)
	}
	last := len(v.shape) - 1
	if !indices.shape.Matches(v.shape[:last]) {
		v.s.Failf("pick", fmt.Sprintf("must have indices of the shape %v", v.shape[:last]), indices.shape)
		return v.s.poison(indices.shape)
	}
	n := v.shape[last]
	return v.s.apply(spec{
		name: "pick", shape: v.shape[:last].Clone(),
		f32: pickKernel[float32](n), f64: pickKernel[float64](n),
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value {
				return v.s.apply(spec{
					name: "pick gradient", shape: in[0].shape,
					f32: placeKernel[float32](n), f64: placeKernel[float64](n),
				}, in[1], dy)
			}, noGradient)
		},
	}, v, indices)
}

func pickKernel[T float](n int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		for i, x := range in[1] {
			k, err := index(i, x, n)
			if err != nil {
				return err
			}
			out[i] = in[0][i*n+k]
		}
		return nil
	}
}

// placeKernel puts each number at its index into a line of zeros.
func placeKernel[T float](n int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		clear(out)
		for i, x := range in[0] {
			out[i*n+int(x)] = in[1][i]
		}
		return nil
	}
}

// index is element i of a list of indices below n.
func index[T float](i int, x T, n int) (int, error) {
	k := int(x)
	if T(k) != x || k < 0 || k >= n {
		return 0, Error{Field: fmt.Sprintf("index %d", i), Rule: fmt.Sprintf("must be a whole number from 0 to %d", n-1), Value: x}
	}
	return k, nil
}
