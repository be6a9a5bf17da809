package ops

import (
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
)

// Function is a function of one element with its own loop over vectors. Map is slower
// because it calls a function for every element.
type Function = kernels.Function

// Unary applies a function to every element. UnaryGradient takes x or y, as
// Function.GradientReadsX and GradientReadsY say, or neither, and dy.
type (
	Unary         struct{ F Function }
	UnaryGradient struct{ F Function }
)

func unary[T Float](o Unary) Func[T] {
	f := kernels.For[T]().Function(o.F).Forward
	return func(out []T, in [][]T) error {
		x := in[0][:len(out)]
		if few(len(out)) {
			f(x, out)
			return nil
		}
		share(len(out), func(from, end int) { f(x[from:end], out[from:end]) })
		return nil
	}
}

func unaryGradient[T Float](o UnaryGradient) Func[T] {
	df := kernels.For[T]().Function(o.F).Gradient
	reads := o.F.GradientReadsX() || o.F.GradientReadsY()
	return func(out []T, in [][]T) error {
		dy := in[len(in)-1][:len(out)]
		v := dy // where the gradient reads neither x nor y
		if reads {
			v = in[0][:len(out)]
		}
		if few(len(out)) {
			df(v, dy, out)
			return nil
		}
		share(len(out), func(from, end int) { df(v[from:end], dy[from:end], out[from:end]) })
		return nil
	}
}

// Map applies F to every element. The cores share long vectors, so F must be safe for
// concurrent calls.
type Map struct{ F func(x float64) float64 }

func mapped[T Float](o Map) Func[T] {
	return func(out []T, in [][]T) error {
		x := in[0][:len(out)]
		shareCalls(len(out), func(from, end int) {
			y := out[from:end]
			for i, x := range x[from:end] {
				y[i] = T(o.F(float64(x)))
			}
		})
		return nil
	}
}

// MapGradient takes x, y and dy; DF is the derivative, from x and y. It must be safe for
// concurrent calls.
type MapGradient struct{ DF func(x, y float64) float64 }

func mapGradient[T Float](o MapGradient) Func[T] {
	return func(out []T, in [][]T) error {
		x, y, dy := in[0][:len(out)], in[1][:len(out)], in[2][:len(out)]
		shareCalls(len(out), func(from, end int) {
			for i := from; i < end; i++ {
				out[i] = dy[i] * T(o.DF(float64(x[i]), float64(y[i])))
			}
		})
		return nil
	}
}

// calledElements is the minimum number of calls of a Go function for one core. A call
// takes about ten times as long as an element of a loop.
const calledElements = sharedElements / 8

// shareCalls is share for functions that are called for every element.
func shareCalls(n int, f func(from, end int)) {
	if n < 2*calledElements {
		f(0, n)
		return
	}
	kernels.Parallel(n, calledElements, f)
}

// Sum adds operands of one shape, in order.
type Sum struct{}

func sum[T Float]() Func[T] {
	set := kernels.For[T]()
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			addTerms(set, out, in, 0)
			return nil
		}
		share(len(out), func(from, end int) { addTerms(set, out[from:end], in, from) })
		return nil
	}
}

// addTerms fills out with the sums of the elements of all terms from a place on.
func addTerms[T Float](set *kernels.Set[T], out []T, terms [][]T, from int) {
	if len(terms) == 1 {
		copy(out, terms[0][from:])
		return
	}
	end := from + len(out)
	set.Plus(terms[0][from:end], terms[1][from:end], out)
	for _, term := range terms[2:] {
		set.Plus(out, term[from:end], out)
	}
}

// Where takes a condition and two values of one shape: the element of the first
// where the condition is not 0, and that of the second elsewhere.
type Where struct{}

func where[T Float](out []T, in [][]T) error {
	share(len(out), func(from, end int) {
		a, b := in[1][from:end], in[2][from:end]
		for i, c := range in[0][from:end] {
			if c != 0 {
				out[from+i] = a[i]
			} else {
				out[from+i] = b[i]
			}
		}
	})
	return nil
}

// Keep takes a condition and a value of its shape: the element where the
// condition is 0 exactly if Zero is set, and where it is not otherwise; 0
// elsewhere. It is the gradient of Where.
type Keep struct{ Zero bool }

func keep[T Float](o Keep) Func[T] {
	return func(out []T, in [][]T) error {
		share(len(out), func(from, end int) {
			x := in[1][from:end]
			for i, c := range in[0][from:end] {
				if (c == 0) == o.Zero {
					out[from+i] = x[i]
				} else {
					out[from+i] = 0
				}
			}
		})
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
