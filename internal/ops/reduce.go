package ops

import (
	"math"
	"slices"

	"github.com/engram-go/engram/internal/shapes"
)

// Reduce sums in float64 and divides by Divisor. In Plan, which broadcasts the result to
// the operand, the operand is the first side and the result, of Size elements, the
// second.
type Reduce struct {
	Plan    Broadcast
	Size    int
	Divisor float64
}

func reduce[T Float](o Reduce) Func[T] {
	p := o.Plan
	acc := make([]float64, o.Size)
	return func(out []T, in [][]T) error {
		clear(acc)
		p.rows(func(_, a, b int) {
			row := in[0][a : a+p.n]
			if p.stepB == 0 {
				sum := acc[b]
				for _, x := range row {
					sum += float64(x)
				}
				acc[b] = sum
				return
			}
			to := acc[b : b+p.n]
			for i, x := range row {
				to[i] += float64(x)
			}
		})
		for i, x := range acc {
			out[i] = T(x / o.Divisor)
		}
		return nil
	}
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
