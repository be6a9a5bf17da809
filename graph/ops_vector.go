package graph

import (
	"github.com/engram-go/engram/internal/kernels"
)

// loops are an operation on every element, and its derivative, as loops over
// whole vectors: what is used most is worth more than Map, which calls a
// function for every element.
type loops[T float] struct {
	f  func(y, x []T)
	df func(dx, x, y, dy []T)
}

// vector applies the loops for the dtype.
func (v Value) vector(name string, f32 loops[float32], f64 loops[float64]) Value {
	return v.s.apply(spec{
		name: name, shape: v.shape, f32: f32.kernel(), f64: f64.kernel(),
		diff: func(in []Value, y, dy Value, _ []bool) []Value {
			return []Value{in[0].s.apply(spec{
				name: name + " gradient", shape: y.shape, f32: f32.gradient(), f64: f64.gradient(),
			}, in[0], y, dy)}
		},
	}, v)
}

func (l loops[T]) kernel() func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			l.f(out, in[0])
			return nil
		}
		share(len(out), func(from, end int) { l.f(out[from:end], in[0][from:end]) })
		return nil
	}
}

func (l loops[T]) gradient() func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			l.df(out, in[0], in[1], in[2])
			return nil
		}
		share(len(out), func(from, end int) {
			l.df(out[from:end], in[0][from:end], in[1][from:end], in[2][from:end])
		})
		return nil
	}
}

// sharedElements is how many elements are worth waking a core.
const sharedElements = 1 << 13

// few tells whether so many elements are not worth a second core. Kernels that run
// many times in a step ask it first: to hand a function to other cores takes
// memory.
func few(n int) bool { return n < 2*sharedElements }

// share lets the cores share the elements of long vectors.
func share(n int, f func(from, end int)) { shareRows(n, 1, f) }

// shareRows is share for n elements in whole rows of the given size.
func shareRows(n, size int, f func(from, end int)) {
	if few(n) {
		f(0, n)
		return
	}
	kernels.Parallel(n, (sharedElements+size-1)/size*size, f)
}

func scaleLoops[T float](c float64) loops[T] {
	factor := T(c)
	return loops[T]{
		f: func(y, x []T) {
			for i, x := range x[:len(y)] {
				y[i] = factor * x
			}
		},
		df: func(dx, _, _, dy []T) {
			for i, dy := range dy[:len(dx)] {
				dx[i] = factor * dy
			}
		},
	}
}

func shiftLoops[T float](c float64) loops[T] {
	term := T(c)
	return loops[T]{
		f: func(y, x []T) {
			for i, x := range x[:len(y)] {
				y[i] = x + term
			}
		},
		df: func(dx, _, _, dy []T) { copy(dx, dy) },
	}
}

func oneMinusLoops[T float]() loops[T] {
	return loops[T]{
		f: func(y, x []T) {
			for i, x := range x[:len(y)] {
				y[i] = 1 - x
			}
		},
		df: func(dx, _, _, dy []T) {
			for i, dy := range dy[:len(dx)] {
				dx[i] = -dy
			}
		},
	}
}

func squareLoops[T float](set *kernels.Set[T]) loops[T] {
	return loops[T]{
		f: func(y, x []T) { set.Times(x[:len(y)], x, y) },
		df: func(dx, x, _, dy []T) {
			x, dy = x[:len(dx)], dy[:len(dx)]
			for i := range dx {
				dx[i] = 2 * x[i] * dy[i]
			}
		},
	}
}

func reluLoops[T float]() loops[T] {
	return loops[T]{
		f: func(y, x []T) {
			for i, x := range x[:len(y)] {
				y[i] = max(x, 0) // a NaN stays
			}
		},
		df: func(dx, x, _, dy []T) {
			x, dy = x[:len(dx)], dy[:len(dx)]
			for i := range dx {
				dx[i] = 0
				if x[i] > 0 {
					dx[i] = dy[i]
				}
			}
		},
	}
}

func expLoops[T float](set *kernels.Set[T]) loops[T] {
	return loops[T]{
		f:  func(y, x []T) { set.Exp(x, y) },
		df: func(dx, _, y, dy []T) { set.Times(y, dy, dx) },
	}
}

func tanhLoops[T float](set *kernels.Set[T]) loops[T] {
	return loops[T]{
		f:  func(y, x []T) { set.Tanh(x, y) },
		df: func(dx, _, y, dy []T) { set.TanhGrad(y, dy, dx) },
	}
}

func sigmoidLoops[T float](set *kernels.Set[T]) loops[T] {
	return loops[T]{
		f:  func(y, x []T) { set.Sigmoid(x, y) },
		df: func(dx, _, y, dy []T) { set.SigmoidGrad(y, dy, dx) },
	}
}
