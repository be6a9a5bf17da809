package ops

import "github.com/engram-go/engram/internal/shapes"

// Broadcast walks the output of a broadcast operation in rows: runs of elements
// along which each operand either advances by one or repeats one element.
type Broadcast struct {
	n            int   // elements of a row
	stepA, stepB int   // 0 or 1
	dims         []int // the axes above a row, outermost first
	a, b         []int // strides of the operands along dims
}

// PlanBroadcast plans the walk over an output of known shape. It joins
// neighbouring axes along which both operands behave alike, so the common cases
// are a single row (equal shapes) or one row per line (a bias).
func PlanBroadcast(out, a, b shapes.Shape) Broadcast {
	type axis struct {
		n    int
		a, b bool // whether the operand advances along it
	}
	var axes []axis
	for i, n := range out {
		ia, ib := i-(len(out)-len(a)), i-(len(out)-len(b))
		x := axis{n, ia >= 0 && a[ia] != 1, ib >= 0 && b[ib] != 1}
		if n == 1 {
			continue
		}
		if k := len(axes) - 1; k >= 0 && axes[k].a == x.a && axes[k].b == x.b {
			axes[k].n *= n
			continue
		}
		axes = append(axes, x)
	}
	if len(axes) == 0 {
		axes = append(axes, axis{n: 1})
	}
	last := axes[len(axes)-1]
	p := Broadcast{n: last.n, stepA: step(last.a), stepB: step(last.b)}
	outer := axes[:len(axes)-1]
	p.dims, p.a, p.b = make([]int, len(outer)), make([]int, len(outer)), make([]int, len(outer))
	sa, sb := stride(last.n, last.a, 1), stride(last.n, last.b, 1)
	for i := len(outer) - 1; i >= 0; i-- {
		p.dims[i] = outer[i].n
		p.a[i], p.b[i] = sa*step(outer[i].a), sb*step(outer[i].b)
		sa, sb = stride(outer[i].n, outer[i].a, sa), stride(outer[i].n, outer[i].b, sb)
	}
	return p
}

func step(advances bool) int {
	if advances {
		return 1
	}
	return 0
}

// stride is the number of elements that the operand has in this axis and
// those below it, which hold below elements.
func stride(n int, advances bool, below int) int {
	if advances {
		return n * below
	}
	return below
}

// rows calls f with the offset of every row in the output and both operands.
func (p Broadcast) rows(f func(out, a, b int)) { p.some(0, p.count(), f) }

// count is the number of rows.
func (p Broadcast) count() int {
	n := 1
	for _, d := range p.dims {
		n *= d
	}
	return n
}

// some calls f for the rows from ≤ row < end.
func (p Broadcast) some(from, end int, f func(out, a, b int)) {
	switch len(p.dims) {
	case 0: // a single row
		if from < end {
			f(0, 0, 0)
		}
		return
	case 1: // such as a bias
		for row := from; row < end; row++ {
			f(row*p.n, row*p.a[0], row*p.b[0])
		}
		return
	}
	var index [8]int // deeper ones than that move to the heap
	at := append(index[:0], make([]int, len(p.dims))...)
	a, b := 0, 0
	for i, rest := len(p.dims)-1, from; i >= 0; i-- {
		at[i], rest = rest%p.dims[i], rest/p.dims[i]
		a, b = a+at[i]*p.a[i], b+at[i]*p.b[i]
	}
	for row := from; row < end; row++ {
		f(row*p.n, a, b)
		for i := len(p.dims) - 1; i >= 0; i-- {
			at[i]++
			a += p.a[i]
			b += p.b[i]
			if at[i] < p.dims[i] {
				break
			}
			a -= p.dims[i] * p.a[i]
			b -= p.dims[i] * p.b[i]
			at[i] = 0
		}
	}
}
