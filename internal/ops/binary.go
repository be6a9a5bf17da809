package ops

import "github.com/engram-go/engram/internal/kernels"

// Function2 names a function of two elements.
type Function2 int

// The functions of Binary. A NaN on either side of Maximum and Minimum gives
// NaN.
const (
	Add Function2 = iota
	Sub
	Times
	Div
	Maximum
	Minimum
)

// Binary applies a function to the elements of two operands, which broadcast to
// each other.
type Binary struct {
	F    Function2
	Plan Broadcast
}

// BinaryMap is Binary with any function.
type BinaryMap struct {
	F    func(a, b float64) float64
	Plan Broadcast
}

// pairs computes len(out) elements from two operands; a step of 0 repeats the
// first element.
type pairs[T Float] func(out, a, b []T, stepA, stepB int)

// pairsOf takes a kernel for whole vectors where it has one and both operands
// advance.
func pairsOf[T Float](f Function2) pairs[T] {
	set := kernels.For[T]()
	switch f {
	case Add:
		return func(out, a, b []T, sa, sb int) {
			if sa == 1 && sb == 1 {
				set.Plus(a[:len(out)], b[:len(out)], out)
				return
			}
			for i := range out {
				out[i] = a[i*sa] + b[i*sb]
			}
		}
	case Sub:
		return func(out, a, b []T, sa, sb int) {
			if sa == 1 && sb == 1 {
				set.Minus(a[:len(out)], b[:len(out)], out)
				return
			}
			for i := range out {
				out[i] = a[i*sa] - b[i*sb]
			}
		}
	case Times:
		return func(out, a, b []T, sa, sb int) {
			if sa == 1 && sb == 1 {
				set.Times(a[:len(out)], b[:len(out)], out)
				return
			}
			for i := range out {
				out[i] = a[i*sa] * b[i*sb]
			}
		}
	case Div:
		return func(out, a, b []T, sa, sb int) {
			if sa == 1 && sb == 1 {
				set.Over(a[:len(out)], b[:len(out)], out)
				return
			}
			for i := range out {
				out[i] = a[i*sa] / b[i*sb]
			}
		}
	case Maximum:
		return func(out, a, b []T, sa, sb int) {
			for i := range out {
				out[i] = max(a[i*sa], b[i*sb])
			}
		}
	}
	return func(out, a, b []T, sa, sb int) { // Minimum
		for i := range out {
			out[i] = min(a[i*sa], b[i*sb])
		}
	}
}

func binary[T Float](o Binary) Func[T] { return broadcast(o.Plan, pairsOf[T](o.F)) }

func binaryMap[T Float](o BinaryMap) Func[T] {
	return broadcast(o.Plan, func(out, a, b []T, sa, sb int) {
		for i := range out {
			out[i] = T(o.F(float64(a[i*sa]), float64(b[i*sb])))
		}
	})
}

// broadcast lets the cores share the elements of long rows, and the rows of
// many.
func broadcast[T Float](p Broadcast, f pairs[T]) Func[T] {
	long := p.n >= 2*sharedElements
	return func(out []T, in [][]T) error {
		if long {
			p.rows(func(o, a, b int) {
				share(p.n, func(from, end int) {
					f(out[o+from:o+end], in[0][a+from*p.stepA:], in[1][b+from*p.stepB:], p.stepA, p.stepB)
				})
			})
			return nil
		}
		if few(len(out)) {
			p.rows(func(o, a, b int) { f(out[o:o+p.n], in[0][a:], in[1][b:], p.stepA, p.stepB) })
			return nil
		}
		shareRows(len(out), p.n, func(from, end int) {
			p.some(from/p.n, end/p.n, func(o, a, b int) { f(out[o:o+p.n], in[0][a:], in[1][b:], p.stepA, p.stepB) })
		})
		return nil
	}
}
