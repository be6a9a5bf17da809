package ops

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

// Repeat fills a larger shape with its operand, the plan's first one.
type Repeat struct{ Plan Broadcast }

func repeated[T Float](o Repeat) Func[T] {
	p := o.Plan
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			repeatRows(p, out, in[0], 0, p.count())
			return nil
		}
		shareRows(len(out), p.n, func(from, end int) { repeatRows(p, out, in[0], from/p.n, end/p.n) })
		return nil
	}
}

// repeatRows fills the rows from..end.
func repeatRows[T Float](p Broadcast, out, x []T, from, end int) {
	p.some(from, end, func(o, a, _ int) {
		row := out[o : o+p.n]
		if p.stepA == 1 {
			copy(row, x[a:])
			return
		}
		for i, v := 0, x[a]; i < len(row); i++ {
			row[i] = v
		}
	})
}

// Strided visits the places of Shape in row-major order, and reads the operand
// at Start and the given strides.
type Strided struct {
	Shape   shapes.Shape
	Strides []int
	Start   int
}

// Transpose reorders the axes: axis i of the result is axis order[i] of s.
func Transpose(s shapes.Shape, order []int) Strided {
	from := strides(s)
	o := Strided{Shape: make(shapes.Shape, len(order)), Strides: make([]int, len(order))}
	for i, a := range order {
		o.Shape[i], o.Strides[i] = s[a], from[a]
	}
	return o
}

// Reverse turns the order along an axis around.
func Reverse(s shapes.Shape, axis int) Strided {
	o := Strided{Shape: s, Strides: strides(s)}
	o.Start = (s[axis] - 1) * o.Strides[axis]
	o.Strides[axis] = -o.Strides[axis]
	return o
}

// strides are those of a shape in row-major order.
func strides(s shapes.Shape) []int {
	out := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		out[i] = n
		n *= s[i]
	}
	return out
}

// Cut takes from each of Count pieces of Whole elements the Part elements from
// Offset on. Pad, its gradient, puts them back among zeros.
type (
	Cut struct{ Count, Whole, Part, Offset int }
	Pad Cut
)

// Slice takes the places from ≤ i < to of an axis.
func Slice(s shapes.Shape, axis, from, to int) Cut {
	size := s[axis+1:].Size()
	return Cut{Count: s[:axis].Size(), Whole: size * s[axis], Part: size * (to - from), Offset: size * from}
}

func cut[T Float](o Cut) Func[T] {
	return pieces(o.Count, o.Part, func(out []T, in [][]T, from, end int) { cutPieces(o, out, in[0], from, end) })
}

func cutPieces[T Float](o Cut, out, x []T, from, end int) {
	for i := from; i < end; i++ {
		copy(out[i*o.Part:(i+1)*o.Part], x[i*o.Whole+o.Offset:])
	}
}

func pad[T Float](o Pad) Func[T] {
	return pieces(o.Count, o.Whole, func(out []T, in [][]T, from, end int) { padPieces(o, out, in[0], from, end) })
}

func padPieces[T Float](o Pad, out, x []T, from, end int) {
	for i := from; i < end; i++ {
		piece := out[i*o.Whole : (i+1)*o.Whole]
		clear(piece[:o.Offset])
		copy(piece[o.Offset:], x[i*o.Part:(i+1)*o.Part])
		clear(piece[o.Offset+o.Part:])
	}
}

// pieces lets the cores share count pieces, each of size elements of the result.
func pieces[T Float](count, size int, f func(out []T, in [][]T, from, end int)) Func[T] {
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			f(out, in, 0, count)
			return nil
		}
		kernels.Parallel(count, (sharedElements+size-1)/size, func(from, end int) { f(out, in, from, end) })
		return nil
	}
}

// Concat joins operands: each of Count pieces has Sizes[i] elements of operand i
// in turn.
type Concat struct {
	Count int
	Sizes []int
}

func concat[T Float](o Concat) Func[T] {
	size := 0
	for _, n := range o.Sizes {
		size += n
	}
	return pieces(o.Count, size, func(out []T, in [][]T, from, end int) { joinPieces(o, out, in, from, end) })
}

func joinPieces[T Float](o Concat, out []T, in [][]T, from, end int) {
	out = out[len(out)/o.Count*from:]
	for i := from; i < end; i++ {
		for j, n := range o.Sizes {
			out = out[copy(out, in[j][i*n:(i+1)*n]):]
		}
	}
}

// Remember writes the step x of each sample to the row at its count, [batch], of memory that
// has Limit rows for each sample. The other rows stay.
type Remember struct{ Limit int }

func remember[T Float](o Remember) Func[T] {
	return func(out []T, in [][]T) error {
		x, counts := in[0], in[1]
		size := len(x) / len(counts)
		for i, n := range counts {
			if !(n >= 0 && n < T(o.Limit)) {
				return errs.Error{Field: fmt.Sprintf("count %d", i), Rule: fmt.Sprintf("must be at least 0 and less than %d", o.Limit), Value: float64(n)}
			}
			copy(out[(i*o.Limit+int(n))*size:][:size], x[i*size:])
		}
		return nil
	}
}
