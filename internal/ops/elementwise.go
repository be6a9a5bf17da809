package ops

import (
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
)

// Function is a function of one element with its own loop over vectors. Frequent
// functions have one; Map is slower because it calls a function for every element.
type Function int

// The functions of Unary; c is its constant.
const (
	Scale    Function = iota // c·x
	AddConst                 // x + c
	OneMinus                 // 1 − x
	Square                   // x²
	ReLU                     // max(x, 0)
	Exp
	Tanh
	Sigmoid
)

// Unary applies a function to every element. UnaryGradient takes x, y and dy.
type (
	Unary struct {
		F Function
		C float64
	}
	UnaryGradient Unary
)

// loops are a function and its derivative as loops over vectors.
type loops[T Float] struct {
	f  func(y, x []T)
	df func(dx, x, y, dy []T)
}

func loopsOf[T Float](f Function, constant float64) loops[T] {
	set, c := kernels.For[T](), T(constant)
	switch f {
	case Scale:
		return loops[T]{
			f: func(y, x []T) {
				for i, x := range x[:len(y)] {
					y[i] = c * x
				}
			},
			df: func(dx, _, _, dy []T) {
				for i, dy := range dy[:len(dx)] {
					dx[i] = c * dy
				}
			},
		}
	case AddConst:
		return loops[T]{
			f: func(y, x []T) {
				for i, x := range x[:len(y)] {
					y[i] = x + c
				}
			},
			df: func(dx, _, _, dy []T) { copy(dx, dy) },
		}
	case OneMinus:
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
	case Square:
		return loops[T]{
			f: func(y, x []T) { set.Times(x[:len(y)], x, y) },
			df: func(dx, x, _, dy []T) {
				x, dy = x[:len(dx)], dy[:len(dx)]
				for i := range dx {
					dx[i] = 2 * x[i] * dy[i]
				}
			},
		}
	case ReLU:
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
	case Exp:
		return loops[T]{
			f:  func(y, x []T) { set.Exp(x, y) },
			df: func(dx, _, y, dy []T) { set.Times(y, dy, dx) },
		}
	case Tanh:
		return loops[T]{
			f:  func(y, x []T) { set.Tanh(x, y) },
			df: func(dx, _, y, dy []T) { set.TanhGrad(y, dy, dx) },
		}
	}
	return loops[T]{ // Sigmoid
		f:  func(y, x []T) { set.Sigmoid(x, y) },
		df: func(dx, _, y, dy []T) { set.SigmoidGrad(y, dy, dx) },
	}
}

func unary[T Float](o Unary) Func[T] {
	f := loopsOf[T](o.F, o.C).f
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			f(out, in[0])
			return nil
		}
		share(len(out), func(from, end int) { f(out[from:end], in[0][from:end]) })
		return nil
	}
}

func unaryGradient[T Float](o UnaryGradient) Func[T] {
	df := loopsOf[T](o.F, o.C).df
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			df(out, in[0], in[1], in[2])
			return nil
		}
		share(len(out), func(from, end int) {
			df(out[from:end], in[0][from:end], in[1][from:end], in[2][from:end])
		})
		return nil
	}
}

// Map applies F to every element.
type Map struct{ F func(x float64) float64 }

func mapped[T Float](o Map) Func[T] {
	return func(out []T, in [][]T) error {
		for i, x := range in[0][:len(out)] {
			out[i] = T(o.F(float64(x)))
		}
		return nil
	}
}

// MapGradient takes x, y and dy; DF is the derivative, from x and y.
type MapGradient struct{ DF func(x, y float64) float64 }

func mapGradient[T Float](o MapGradient) Func[T] {
	return func(out []T, in [][]T) error {
		x, y, dy := in[0][:len(out)], in[1][:len(out)], in[2][:len(out)]
		for i := range out {
			out[i] = dy[i] * T(o.DF(float64(x[i]), float64(y[i])))
		}
		return nil
	}
}

// Sum adds operands of one shape, in order.
type Sum struct{}

func sum[T Float](out []T, in [][]T) error {
	if few(len(out)) {
		addTerms(out, in, 0)
		return nil
	}
	share(len(out), func(from, end int) { addTerms(out[from:end], in, from) })
	return nil
}

// addTerms fills out with the sums of the elements of all terms from a place on.
func addTerms[T Float](out []T, terms [][]T, from int) {
	copy(out, terms[0][from:])
	for _, term := range terms[1:] {
		for i, x := range term[from:][:len(out)] {
			out[i] += x
		}
	}
}

// Where takes a condition and two values of one shape: the element of the first
// where the condition is not 0, and that of the second elsewhere.
type Where struct{}

func where[T Float](out []T, in [][]T) error {
	for i, c := range in[0][:len(out)] {
		if c != 0 {
			out[i] = in[1][i]
		} else {
			out[i] = in[2][i]
		}
	}
	return nil
}

// Keep takes a condition and a value of its shape: the element where the
// condition is 0 exactly if Zero is set, and where it is not otherwise; 0
// elsewhere. It is the gradient of Where.
type Keep struct{ Zero bool }

func keep[T Float](o Keep) Func[T] {
	return func(out []T, in [][]T) error {
		for i, c := range in[0][:len(out)] {
			out[i] = 0
			if (c == 0) == o.Zero {
				out[i] = in[1][i]
			}
		}
		return nil
	}
}

// Copy copies its operand.
type Copy struct{}

func copyFirst[T Float](out []T, in [][]T) error {
	copy(out, in[0])
	return nil
}

// Require copies its operand, and fails at an element for which Holds is false.
type Require struct {
	Field, Rule string
	Holds       func(x float64) bool
}

func require[T Float](o Require) Func[T] {
	return func(out []T, in [][]T) error {
		for i, x := range in[0] {
			if !o.Holds(float64(x)) {
				return errs.Error{Field: o.Field, Rule: o.Rule, Value: x}
			}
			out[i] = x
		}
		return nil
	}
}
