package ops

import "github.com/engram-go/engram/internal/shapes"

// Repeat fills a larger shape with its operand, the plan's first one.
type Repeat struct{ Plan Broadcast }

func repeated[T Float](o Repeat) Func[T] {
	p := o.Plan
	return func(out []T, in [][]T) error {
		p.rows(func(o, a, _ int) {
			for i := range p.n {
				out[o+i] = in[0][a+i*p.stepA]
			}
		})
		return nil
	}
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

func strided[T Float](o Strided) Func[T] {
	return func(out []T, in [][]T) error {
		o.each(func(i, at int) { out[i] = in[0][at] })
		return nil
	}
}

// each calls f with every place of the result and of the operand.
func (o Strided) each(f func(i, at int)) {
	index := make([]int, len(o.Shape))
	at := o.Start
	for i, n := 0, o.Shape.Size(); i < n; i++ {
		f(i, at)
		for a := len(index) - 1; a >= 0; a-- {
			at += o.Strides[a]
			if index[a]++; index[a] < o.Shape[a] {
				break
			}
			at -= o.Shape[a] * o.Strides[a]
			index[a] = 0
		}
	}
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
	return func(out []T, in [][]T) error {
		for i := range o.Count {
			copy(out[i*o.Part:(i+1)*o.Part], in[0][i*o.Whole+o.Offset:])
		}
		return nil
	}
}

func pad[T Float](o Pad) Func[T] {
	return func(out []T, in [][]T) error {
		clear(out)
		for i := range o.Count {
			at := i*o.Whole + o.Offset
			copy(out[at:at+o.Part], in[0][i*o.Part:])
		}
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
	return func(out []T, in [][]T) error {
		at := 0
		for i := range o.Count {
			for j, n := range o.Sizes {
				copy(out[at:at+n], in[j][i*n:])
				at += n
			}
		}
		return nil
	}
}
