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

// reduce is the kernel.
type reduce[T Float] struct {
	Reduce
	set   *kernels.Set[T]
	acc   []float64 // the sums
	parts []float64 // of the only sum

	x    []T // of this run
	work func(from, end int)
}

func reduceOf[T Float](o Reduce) *reduce[T] {
	r := &reduce[T]{Reduce: o, set: kernels.For[T](), acc: make([]float64, o.Size)}
	r.work = r.add
	if o.Size == 1 {
		r.parts = make([]float64, (r.total()+summedAtOnce-1)/summedAtOnce)
		r.work = r.addParts
	}
	return r
}

// total is the number of elements of the operand.
func (r *reduce[T]) total() int { return r.Plan.count() * r.Plan.n }

// Run computes all sums.
func (r *reduce[T]) Run(out []T, in [][]T) error {
	r.x = in[0]
	clear(r.acc)
	n, unit := r.Plan.parts()
	switch {
	case r.parts != nil:
		shareRows(len(r.x), summedAtOnce, r.work)
		for _, x := range r.parts {
			r.acc[0] += x
		}
	case few(r.total()):
		addTo(r.set, r.Plan, r.acc, r.x)
	default:
		kernels.Parallel(n, unit, r.work)
	}
	r.x = nil // it must not keep the memory of a program alive
	for i, x := range r.acc {
		out[i] = T(x / r.Divisor)
	}
	return nil
}

// add adds the elements of a part of the plan to their sums.
func (r *reduce[T]) add(from, end int) {
	p, a, b := r.Plan.part(from, end)
	addTo(r.set, p, r.acc[b:], r.x[a:])
}

// addParts adds up the elements from..end of the only sum, summedAtOnce for each part.
func (r *reduce[T]) addParts(from, end int) {
	for i := from; i < end; i += summedAtOnce {
		r.parts[i/summedAtOnce] = r.set.AddAll(r.x[i:min(i+summedAtOnce, end)])
	}
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

// parts is what cores can share of the sums of a plan: n parts, of which a core takes
// whole units.
func (p Broadcast) parts() (n, unit int) {
	if i := p.divided(); i >= 0 {
		return p.dims[i], 1
	}
	return p.n, 16
}

// part is the plan of the parts from..end, and where they start in the operand and in the
// result.
func (p Broadcast) part(from, end int) (part Broadcast, a, b int) {
	i := p.divided()
	if i < 0 {
		p.n = end - from
		return p, from, from
	}
	p.dims = slices.Clone(p.dims)
	p.dims[i] = end - from
	return p, from * p.a[i], from * p.b[i]
}

// divided is the axis whose parts have sums of their own, or −1 if it is that of a row.
func (p Broadcast) divided() int {
	return slices.IndexFunc(p.b, func(stride int) bool { return stride > 0 })
}

// Max is the largest element of every line along an axis, or NaN if there is one.
// MaxGradient takes x, y and dy, and shares dy evenly between equal elements.
type (
	Max         struct{ Plan LinePlan }
	MaxGradient struct{ Plan LinePlan }
)

func maxOf[T Float](o Max) Func[T] {
	p, set := o.Plan, kernels.For[T]()
	return func(out []T, in [][]T) error {
		p.shared(func(x, y, n int) { set.MaxRows(p.n, n, in[0][x:], p.inner, out[y:]) })
		return nil
	}
}

func maxGradient[T Float](o MaxGradient) Func[T] {
	p, set := o.Plan, kernels.For[T]()
	return func(out []T, in [][]T) error {
		p.shared(func(x, y, n int) { set.MaxRowsGradient(p.n, n, in[0][x:], p.inner, in[1][y:], in[2][y:], out[x:]) })
		return nil
	}
}

// shared lets the cores share the lines: it calls f with the offsets of n lines that lie
// next to each other, in the operand and the result of one element for each.
func (p LinePlan) shared(f func(x, y, n int)) {
	size := p.n * p.inner
	switch {
	case few(p.outer * size):
		for o := range p.outer {
			f(o*size, o*p.inner, p.inner)
		}
	case p.outer > 1:
		kernels.Parallel(p.outer, 1, func(from, end int) {
			for o := from; o < end; o++ {
				f(o*size, o*p.inner, p.inner)
			}
		})
	default:
		kernels.Parallel(p.inner, 16, func(from, end int) { f(from, from, end-from) })
	}
}

// Lines applies F to every line of elements along an axis: F fills y from x, in float64.
// LinesGradient takes x, y and dy: DF fills dx. The cores share the lines, so they call
// both at the same time.
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

// lineMemory holds one line.
type lineMemory struct{ x, dx, y, dy []float64 }

func (p LinePlan) memory() lineMemory {
	return lineMemory{make([]float64, p.n), make([]float64, p.n), make([]float64, p.m), make([]float64, p.m)}
}

// each calls f with the offset of every line, in the operand and the result. The cores
// share many lines; own is the working memory for few.
func (p LinePlan) each(own lineMemory, f func(x, y int, m lineMemory)) {
	elements := p.outer * p.inner * p.n
	if few(elements) {
		p.some(0, p.outer*p.inner, own, f)
		return
	}
	shareRows(elements, p.n, func(from, end int) { p.some(from/p.n, end/p.n, p.memory(), f) })
}

// some calls f for the lines from ≤ line < end.
func (p LinePlan) some(from, end int, m lineMemory, f func(x, y int, m lineMemory)) {
	for line := from; line < end; line++ {
		o, i := line/p.inner, line%p.inner
		f(o*p.n*p.inner+i, o*p.m*p.inner+i, m)
	}
}

func lines[T Float](o Lines) Func[T] {
	p, own := o.Plan, o.Plan.memory()
	return func(out []T, in [][]T) error {
		p.each(own, func(ox, oy int, m lineMemory) {
			load(m.x, in[0][ox:], p.inner)
			o.F(m.x, m.y)
			store(out[oy:], m.y, p.inner)
		})
		return nil
	}
}

func linesGradient[T Float](o LinesGradient) Func[T] {
	p, own := o.Plan, o.Plan.memory()
	return func(out []T, in [][]T) error {
		p.each(own, func(ox, oy int, m lineMemory) {
			load(m.x, in[0][ox:], p.inner)
			load(m.y, in[1][oy:], p.inner)
			load(m.dy, in[2][oy:], p.inner)
			o.DF(m.x, m.y, m.dy, m.dx)
			store(out[ox:], m.dx, p.inner)
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
