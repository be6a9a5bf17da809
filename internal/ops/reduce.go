package ops

import (
	"math"
	"slices"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

// Reduce sums in float64 and divides by Divisor. In Plan, which broadcasts the result to
// the operand, the operand is the first side and the result, of Size elements, the
// second.
//
// Elements of a result that lie next to each other, as the gradients of a bias, are
// added up row by row; a row with one sum is added up in parts of summedAtOnce elements.
// The cores share the sums, and the parts if there is one sum alone.
type Reduce struct {
	Plan    Broadcast
	Size    int
	Divisor float64
}

// summedAtOnce is the number of elements of a part.
const summedAtOnce = 1 << 12

func reduce[T Float](o Reduce) Func[T] {
	p, set := o.Plan, kernels.For[T]()
	acc, total := make([]float64, o.Size), p.count()*p.n
	var parts []float64
	if o.Size == 1 {
		parts = make([]float64, (total+summedAtOnce-1)/summedAtOnce)
	}
	return func(out []T, in [][]T) error {
		switch {
		case parts != nil:
			addParts(set, parts, in[0])
			acc[0] = 0
			for _, x := range parts {
				acc[0] += x
			}
		case few(total):
			clear(acc)
			addTo(set, p, acc, in[0])
		default:
			clear(acc)
			p.shared(func(p Broadcast, a, b int) { addTo(set, p, acc[b:], in[0][a:]) })
		}
		for i, x := range acc {
			out[i] = T(x / o.Divisor)
		}
		return nil
	}
}

// addParts fills parts with the sums of summedAtOnce elements each.
func addParts[T Float](set *kernels.Set[T], parts []float64, x []T) {
	shareRows(len(x), summedAtOnce, func(from, end int) {
		for i := from; i < end; i += summedAtOnce {
			parts[i/summedAtOnce] = set.AddAll(x[i:min(i+summedAtOnce, end)])
		}
	})
}

// addTo adds the elements of x to the sums that the plan assigns them to.
func addTo[T Float](set *kernels.Set[T], p Broadcast, sums []float64, x []T) {
	if p.stepB == 0 {
		p.rows(func(_, a, b int) {
			for row := x[a : a+p.n]; len(row) > 0; {
				n := min(summedAtOnce, len(row))
				sums[b] += set.AddAll(row[:n])
				row = row[n:]
			}
		})
		return
	}
	rows, stride, last := 1, 0, len(p.dims)-1
	if last >= 0 { // otherwise the plan would have joined it to the row
		rows, stride = p.dims[last], p.a[last]
		p.dims = p.dims[:last]
	}
	p.rows(func(_, a, b int) { set.AddRows(rows, p.n, x[a:], stride, sums[b:]) })
}

// shared divides the sums of a plan between the cores. It calls f with the plan of each
// part, and where it starts in the operand and in the result.
func (p Broadcast) shared(f func(p Broadcast, a, b int)) {
	for i, stride := range p.b {
		if stride > 0 {
			kernels.Parallel(p.dims[i], 1, func(from, end int) {
				part := p
				part.dims = slices.Clone(p.dims)
				part.dims[i] = end - from
				f(part, from*p.a[i], from*stride)
			})
			return
		}
	}
	kernels.Parallel(p.n, 16, func(from, end int) {
		part := p
		part.n = end - from
		f(part, from, from)
	})
}

// Lines applies F to every line of elements along an axis: F fills y from x.
// LinesGradient takes x, y and dy: DF fills dx.
type (
	Lines struct {
		Plan LinePlan
		F    func(x, y []float64)
	}
	LinesGradient struct {
		Plan LinePlan
		DF   func(x, y, dy, dx []float64)
	}
)

// LinePlan holds the lines along one axis: outer × inner of them, each of n
// elements that lie inner apart; a line of the result has m elements.
type LinePlan struct{ outer, n, inner, m int }

// PlanLines plans the lines along an axis, which disappears or keeps its size.
func PlanLines(s shapes.Shape, axis int, keep bool) LinePlan {
	p := LinePlan{outer: s[:axis].Size(), n: s[axis], inner: s[axis+1:].Size(), m: 1}
	if keep {
		p.m = p.n
	}
	return p
}

// each calls f with the offset of every line, in the operand and the result.
func (p LinePlan) each(f func(x, y int)) {
	for o := range p.outer {
		for i := range p.inner {
			f(o*p.n*p.inner+i, o*p.m*p.inner+i)
		}
	}
}

func lines[T Float](o Lines) Func[T] {
	p := o.Plan
	x, y := make([]float64, p.n), make([]float64, p.m)
	return func(out []T, in [][]T) error {
		p.each(func(ox, oy int) {
			load(x, in[0][ox:], p.inner)
			o.F(x, y)
			store(out[oy:], y, p.inner)
		})
		return nil
	}
}

func linesGradient[T Float](o LinesGradient) Func[T] {
	p := o.Plan
	x, dx := make([]float64, p.n), make([]float64, p.n)
	y, dy := make([]float64, p.m), make([]float64, p.m)
	return func(out []T, in [][]T) error {
		p.each(func(ox, oy int) {
			load(x, in[0][ox:], p.inner)
			load(y, in[1][oy:], p.inner)
			load(dy, in[2][oy:], p.inner)
			o.DF(x, y, dy, dx)
			store(out[ox:], dx, p.inner)
		})
		return nil
	}
}

func load[T Float](line []float64, from []T, stride int) {
	for i := range line {
		line[i] = float64(from[i*stride])
	}
}

func store[T Float](to []T, line []float64, stride int) {
	for i, x := range line {
		to[i*stride] = T(x)
	}
}

// Max fills y with the largest element of x, for Lines.
func Max(x, y []float64) { y[0] = slices.Max(x) }

// MaxGradient shares the gradient evenly between equal elements.
func MaxGradient(x, y, dy, dx []float64) {
	n := 0.0
	for i := range x {
		dx[i] = 0
		if x[i] == y[0] {
			n++
		}
	}
	for i := range x {
		if x[i] == y[0] {
			dx[i] = dy[0] / n
		}
	}
}

// LogSumExp fills y with log Σ eˣ, without overflow, for Lines.
func LogSumExp(x, y []float64) {
	top, sum := expSum(x)
	y[0] = top + math.Log(sum)
}

// LogSumExpGradient is the gradient of LogSumExp.
func LogSumExpGradient(x, _, dy, dx []float64) {
	top, sum := expSum(x)
	for i := range x {
		dx[i] = dy[0] * math.Exp(x[i]-top) / sum
	}
}

// expSum returns the maximum and Σ exp(x − maximum). They are separate, because the
// logarithm of the sum could be rounded away when added to a large maximum. If all
// elements are −∞ the sum is 0; +∞ and NaN propagate.
func expSum(x []float64) (top, sum float64) {
	top = slices.Max(x)
	if math.IsInf(top, 0) {
		top = 0
	}
	for _, e := range x {
		sum += math.Exp(e - top)
	}
	return top, sum
}
