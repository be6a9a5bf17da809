package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph/internal/kernels"
)

// MatMul is the matrix product over the last axis of v and the last but one of
// w. With w a matrix, v may have any number of axes before the last; otherwise
// both have the same axes before the last two, and every pair of matrices is
// multiplied.
func (v Value) MatMul(w Value) Value { return v.matmul(w, false, false) }

// matmul may take either operand transposed in its last two axes.
func (v Value) matmul(w Value, transV, transW bool) Value {
	shape, p, ok := planMatMul(v.shape, w.shape, transV, transW)
	if !ok {
		v.s.Failf("matmul", fmt.Sprintf("must have operands that fit, beside %v", v.shape), w.shape)
		return v.s.poison(v.shape)
	}
	return v.s.apply(spec{
		name: "matmul", shape: shape,
		f32: gemmKernel(p, kernels.Float32()), f64: gemmKernel(p, kernels.Float64()),
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			a, b := in[0], in[1]
			return pair(want, func() Value {
				if transV {
					return b.matmul(dy, transW, true)
				}
				return dy.matmul(b, false, !transW)
			}, func() Value {
				if len(b.shape) == 2 { // rows of all axes before the last at once
					a, dy = a.rows(), dy.rows()
				}
				if transW {
					return dy.matmul(a, true, transV)
				}
				return a.matmul(dy, !transV, false)
			})
		},
	}, v, w)
}

// rows makes a matrix of a value by joining all axes but the last.
func (v Value) rows() Value {
	k := len(v.shape) - 1
	return v.Reshape(v.shape[:k].Size(), v.shape[k])
}

// matMulPlan is count products of an m×k with a k×n matrix.
type matMulPlan struct {
	count, m, n, k int
	ta, tb         bool
}

func planMatMul(a, b Shape, ta, tb bool) (Shape, matMulPlan, bool) {
	p := matMulPlan{count: 1, ta: ta, tb: tb}
	if len(a) < 2 || len(b) < 2 || len(b) > 2 && len(a) != len(b) || len(b) == 2 && len(a) > 2 && ta {
		return nil, p, false
	}
	ma, ka := a[len(a)-2], a[len(a)-1]
	if ta {
		ma, ka = ka, ma
	}
	kb, nb := b[len(b)-2], b[len(b)-1]
	if tb {
		kb, nb = nb, kb
	}
	lead := a[:len(a)-2].Clone()
	if ka != kb && ka != Any && kb != Any || len(b) > 2 && !matches(lead, b[:len(b)-2]) {
		return nil, p, false
	}
	p.m, p.n, p.k = ma, nb, ka
	if len(b) == 2 {
		if !ta {
			p.m = a[:len(a)-1].Size()
		}
	} else {
		p.count = lead.Size()
	}
	return append(lead, ma, nb), p, true
}

// shared is how many products of two elements are worth a second core.
const shared = 1 << 18

func gemmKernel[T float](p matMulPlan, set *kernels.Set[T]) func([]T, [][]T) error {
	unit := p.n // columns that one core computes at least
	if p.m*p.n*p.k >= shared {
		unit = kernels.MulUnit
	}
	return func(out []T, in [][]T) error {
		sa, sb, sc := p.m*p.k, p.k*p.n, p.m*p.n
		for i := range p.count {
			a, b := matrix(in[0][i*sa:(i+1)*sa], p.m, p.k, p.ta), matrix(in[1][i*sb:(i+1)*sb], p.k, p.n, p.tb)
			c := kernels.RowMajor(out[i*sc:(i+1)*sc], p.n)
			kernels.Parallel(p.n, unit, func(from, end int) {
				set.Mul(p.m, p.k, a, b, c, from, end)
			})
		}
		return nil
	}
}

// matrix is an m×n matrix that lies by rows, or transposed.
func matrix[T float](data []T, m, n int, transposed bool) kernels.Matrix[T] {
	if transposed {
		return kernels.RowMajor(data, m).T()
	}
	return kernels.RowMajor(data, n)
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
