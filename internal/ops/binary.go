package ops

import "github.com/engram-go/engram/internal/kernels"

// Binary applies a function to the elements of two operands, which broadcast to
// each other.
type Binary struct {
	F    kernels.PairKind
	Plan Broadcast
}

func binary[T Float](o Binary) Func[T] { return broadcast(o.Plan, kernels.For[T]().Pair(o.F)) }

// broadcast lets the cores share the elements of long rows, and the rows of
// many.
func broadcast[T Float](p Broadcast, f func(a, b, out []T, stepA, stepB int)) Func[T] {
	long := p.n >= 2*sharedElements
	return func(out []T, in [][]T) error {
		if long {
			p.rows(func(o, a, b int) {
				share(p.n, func(from, end int) {
					f(in[0][a+from*p.stepA:], in[1][b+from*p.stepB:], out[o+from:o+end], p.stepA, p.stepB)
				})
			})
			return nil
		}
		if few(len(out)) {
			p.rows(func(o, a, b int) { f(in[0][a:], in[1][b:], out[o:o+p.n], p.stepA, p.stepB) })
			return nil
		}
		shareRows(len(out), p.n, func(from, end int) {
			p.some(from/p.n, end/p.n, func(o, a, b int) { f(in[0][a:], in[1][b:], out[o:o+p.n], p.stepA, p.stepB) })
		})
		return nil
	}
}
