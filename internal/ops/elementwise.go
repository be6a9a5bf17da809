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
		if n := len(out); n >= 2*calledElements {
			kernels.Parallel(n, calledElements, func(from, end int) { mapAll(out[from:end], in[0][from:end], o.F) })
			return nil
		}
		mapAll(out, in[0], o.F)
		return nil
	}
}

func mapAll[T Float](y, x []T, f func(float64) float64) {
	for i, x := range x[:len(y)] {
		y[i] = T(f(float64(x)))
	}
}

// MapGradient takes x, y and dy; DF is the derivative, from x and y. It must be safe for
// concurrent calls.
type MapGradient struct{ DF func(x, y float64) float64 }

func mapGradient[T Float](o MapGradient) Func[T] {
	return func(out []T, in [][]T) error {
		if n := len(out); n >= 2*calledElements {
			kernels.Parallel(n, calledElements, func(from, end int) {
				slopes(out[from:end], in[0][from:end], in[1][from:end], in[2][from:end], o.DF)
			})
			return nil
		}
		slopes(out, in[0], in[1], in[2], o.DF)
		return nil
	}
}

func slopes[T Float](dx, x, y, dy []T, df func(x, y float64) float64) {
	x, y, dy = x[:len(dx)], y[:len(dx)], dy[:len(dx)]
	for i := range dx {
		dx[i] = dy[i] * T(df(float64(x[i]), float64(y[i])))
	}
}

// calledElements is the minimum number of calls of a Go function for one core. A call
// takes about ten times as long as an element of a loop.
const calledElements = sharedElements / 8

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

func where[T Float]() Func[T] {
	set := kernels.For[T]()
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			set.Choose(in[0], in[1], in[2], out)
			return nil
		}
		share(len(out), func(from, end int) {
			set.Choose(in[0][from:end], in[1][from:end], in[2][from:end], out[from:end])
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
