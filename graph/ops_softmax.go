package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/internal/kernels"
)

// Softmax is eᵛ / Σ eᵛ along an axis, without overflow. A line that has a NaN,
// or +∞, or nothing but −∞, gives NaN.
func (v Value) Softmax(axis int) Value {
	y := v.rowwise("softmax", axis, softmaxRows(v.s.f32), softmaxRows(v.s.f64))
	if last := len(v.shape) - 1; axis == -1 || axis == last {
		return y.withProbabilities(v, true)
	}
	return y
}

// LogSoftmax is v − log Σ eᵛ along an axis, and NaN where Softmax is.
func (v Value) LogSoftmax(axis int) Value {
	return v.rowwise("log-softmax", axis, logSoftmaxRows(v.s.f32), logSoftmaxRows(v.s.f64))
}

// rows computes lines of elements: y from x, and the gradient dx from y and dy.
// They lie one after the other, n elements each.
type rows[T float] struct {
	forward  func(n int, x, y []T)
	backward func(n int, y, dy, dx []T)
}

func softmaxRows[T float](set *kernels.Set[T]) rows[T] {
	return rows[T]{
		forward: set.Softmax,
		backward: func(n int, y, dy, dx []T) { // dx = y ⊙ (dy − Σ y·dy)
			for i := 0; i < len(y); i += n {
				y, dy, dx := y[i:i+n], dy[i:i+n], dx[i:i+n]
				dot := set.Dot(y, dy)
				for j := range dx {
					dx[j] = y[j] * (dy[j] - dot)
				}
			}
		},
	}
}

func logSoftmaxRows[T float](set *kernels.Set[T]) rows[T] {
	return rows[T]{
		forward: func(n int, x, y []T) {
			for i := 0; i < len(x); i += n {
				x, y := x[i:i+n], y[i:i+n]
				// The largest element and the logarithm stay apart: added up
				// they would round the logarithm away beside a large element.
				top := slices.Max(x)
				for j := range y {
					y[j] = x[j] - top
				}
				set.Exp(y, y)
				log := T(math.Log(float64(set.Sum(y))))
				for j := range y {
					y[j] = x[j] - top - log
				}
			}
		},
		backward: func(n int, y, dy, dx []T) { // dx = dy − eʸ ⊙ Σ dy
			set.Exp(y, dx)
			for i := 0; i < len(y); i += n {
				dy, dx := dy[i:i+n], dx[i:i+n]
				sum := set.Sum(dy)
				for j := range dx {
					dx[j] = dy[j] - dx[j]*sum
				}
			}
		},
	}
}

// rowwise applies rows along an axis, and makes their gradient one operation.
func (v Value) rowwise(name string, axis int, f32 rows[float32], f64 rows[float64]) Value {
	a, ok := v.axis(axis, name+" axis")
	if !ok {
		return v.s.poison(v.shape)
	}
	if last := len(v.shape) - 1; a != last { // the lines are made rows
		order := make([]int, len(v.shape))
		for i := range order {
			order[i] = i
		}
		order[a], order[last] = last, a
		return v.Transpose(order...).rowwise(name, last, f32, f64).Transpose(order...)
	}
	n := v.shape[a]
	return v.s.apply(spec{
		name: name, shape: v.shape,
		f32: rowsKernel(n, f32), f64: rowsKernel(n, f64),
		diff: func(_ []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: fmt.Sprint(name, " gradient"), shape: v.shape,
				f32: rowsGradKernel(n, f32), f64: rowsGradKernel(n, f64),
			}, y, dy)}
		},
	}, v)
}

func rowsKernel[T float](n int, r rows[T]) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			r.forward(n, in[0], out)
			return nil
		}
		shareRows(len(out), n, func(i, j int) { r.forward(n, in[0][i:j], out[i:j]) })
		return nil
	}
}

func rowsGradKernel[T float](n int, r rows[T]) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			r.backward(n, in[0], in[1], out)
			return nil
		}
		shareRows(len(out), n, func(i, j int) { r.backward(n, in[0][i:j], in[1][i:j], out[i:j]) })
		return nil
	}
}
