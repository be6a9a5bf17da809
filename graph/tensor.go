package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// float is an element of a value.
type float interface{ float32 | float64 }

// physical is the shape that Gorgonia sees. A single number is a vector of one
// element there: Gorgonia's scalars are values of another kind, with rules and
// faults of their own.
func physical(s Shape) tensor.Shape {
	if len(s) == 0 {
		return tensor.Shape{1}
	}
	return tensor.Shape(s.Clone())
}

func newDense(dt tensor.Dtype, shape Shape) *tensor.Dense {
	return tensor.New(tensor.Of(dt), tensor.WithShape(physical(shape)...))
}

func fromFloat64(dt tensor.Dtype, shape Shape, elements []float64) *tensor.Dense {
	t := newDense(dt, shape)
	setFloat64(t, elements)
	return t
}

func setFloat64(t *tensor.Dense, elements []float64) {
	if t.Dtype() == tensor.Float64 {
		copy(t.Float64s(), elements)
		return
	}
	for i, out := 0, t.Float32s(); i < len(out); i++ {
		out[i] = float32(elements[i])
	}
}

// viewOf is a part of a tensor's memory, from an element on.
func viewOf(t *tensor.Dense, from int, shape Shape) *tensor.Dense {
	end := from + shape.Size()
	if t.Dtype() == tensor.Float32 {
		return tensor.New(tensor.WithShape(physical(shape)...), tensor.WithBacking(t.Float32s()[from:end]))
	}
	return tensor.New(tensor.WithShape(physical(shape)...), tensor.WithBacking(t.Float64s()[from:end]))
}

// elements is the memory of a dense row-major tensor.
func elements[T float](t *tensor.Dense) []T {
	switch s := any((*T)(nil)).(type) {
	case *float32:
		return any(t.Float32s()).([]T)
	default:
		_ = s
		return any(t.Float64s()).([]T)
	}
}

// Contiguous returns t itself where its elements lie in row-major order
// without gaps, and a copy that does otherwise: a transposed tensor, a slice,
// or one in column-major order.
func Contiguous(t *tensor.Dense) *tensor.Dense {
	shape, strides := t.Shape(), stridesIn(t)
	if isRowMajor(shape, strides) && t.DataSize() == shape.TotalSize() {
		return t
	}
	out := tensor.New(tensor.Of(t.Dtype()), tensor.WithShape(shape.Clone()...))
	switch t.Dtype() {
	case tensor.Float32:
		gatherStrided(out.Float32s(), t.Float32s(), shape, strides)
	case tensor.Float64:
		gatherStrided(out.Float64s(), t.Float64s(), shape, strides)
	default:
		return t
	}
	return out
}

// stridesIn gives every axis its stride. Package tensor keeps fewer of them than
// there are axes where it sees a vector or a scalar: then the axes of size 1,
// along which there is nowhere to go, are those without.
func stridesIn(t *tensor.Dense) []int {
	shape, given := t.Shape(), t.Strides()
	if len(given) == len(shape) {
		return given
	}
	out := make([]int, len(shape))
	for i, d := range shape {
		if d != 1 && len(given) > 0 {
			out[i], given = given[0], given[1:]
		}
	}
	return out
}

func isRowMajor(shape, strides []int) bool {
	want := 1
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] != 1 && strides[i] != want {
			return false
		}
		want *= shape[i]
	}
	return true
}

// gatherStrided copies the elements at the given strides into row-major order.
func gatherStrided[T float](out, in []T, shape, strides []int) {
	index := make([]int, len(shape))
	for i := range out {
		off := 0
		for a, x := range index {
			off += x * strides[a]
		}
		out[i] = in[off]
		for a := len(index) - 1; a >= 0; a-- {
			if index[a]++; index[a] < shape[a] {
				break
			}
			index[a] = 0
		}
	}
}

// backing is the memory of a tensor, a []float32 or []float64.
func backing(t *tensor.Dense) any {
	if t.Dtype() == tensor.Float32 {
		return t.Float32s()
	}
	return t.Float64s()
}

// shapeOf is the shape of a tensor as a Shape.
func shapeOf(t *tensor.Dense) Shape { return Shape(slices.Clone([]int(t.Shape()))) }

func physicalShape(s Shape) Shape { return Shape(physical(s)) }

// fits tells whether t has the shape s. A single number may be a scalar or a
// vector of one element.
func fits(t *tensor.Dense, s Shape) bool {
	got := Shape(t.Shape())
	return s.Equal(got) || len(s) == 0 && physicalShape(s).Equal(got)
}

// CheckTensor holds data against what is expected: dtype, shape (open axes
// fit any size) and finite elements.
func CheckTensor(t *tensor.Dense, dtype tensor.Dtype, shape Shape) error {
	if t == nil {
		return Error{Field: "tensor", Rule: "must not be nil"}
	}
	if t.Dtype() == (tensor.Dtype{}) {
		return Error{Field: "tensor", Rule: "must have elements"}
	}
	if t.Dtype() != dtype {
		return Error{Field: "dtype", Rule: fmt.Sprintf("must be %v", dtype), Value: t.Dtype()}
	}
	if !shape.Accepts(Shape(t.Shape())) {
		return Error{Field: "shape", Rule: fmt.Sprintf("must be %v", shape), Value: shapeOf(t)}
	}
	c := Contiguous(t)
	var at int
	var bad float64
	if dtype == tensor.Float32 {
		at, bad = notFinite(c.Float32s())
	} else {
		at, bad = notFinite(c.Float64s())
	}
	if at >= 0 {
		return Error{Field: fmt.Sprintf("element %v", unravel(at, shapeOf(t))), Rule: "must be finite", Value: bad, Kind: ErrNotFinite}
	}
	return nil
}

func notFinite[T float](data []T) (int, float64) {
	if finite(float64(kernels.For[T]().Size(data))) {
		return -1, 0
	}
	for i, x := range data {
		if f := float64(x); !finite(f) {
			return i, f
		}
	}
	return -1, 0
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// unravel is the place of element i in a shape.
func unravel(i int, s Shape) []int {
	at := make([]int, len(s))
	for a := len(s) - 1; a >= 0; a-- {
		at[a] = i % s[a]
		i /= s[a]
	}
	return at
}

func copyDense(to, from *tensor.Dense) {
	if to.Dtype() == tensor.Float32 {
		copy(to.Float32s(), from.Float32s())
	} else {
		copy(to.Float64s(), from.Float64s())
	}
}

// sameMemory tells whether b, as large as a, lies where a does, in row-major
// order.
func sameMemory(a, b *tensor.Dense) bool {
	return a.Uintptr() == b.Uintptr() && a.DataSize() == b.DataSize() && Contiguous(b) == b
}
