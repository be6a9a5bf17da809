// Package dense contains helpers for dense tensors of float32 or float64.
package dense

import (
	"slices"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// Float is the element type of a tensor.
type Float = kernels.Float

// IsFloat reports whether a dtype is float32 or float64.
func IsFloat(dtype tensor.Dtype) bool { return dtype == tensor.Float32 || dtype == tensor.Float64 }

// FloatType is the dtype of a config, Float32 if it is zero. Others than float32 and float64
// are an error.
func FloatType(dtype tensor.Dtype) (tensor.Dtype, error) {
	if dtype == (tensor.Dtype{}) {
		return tensor.Float32, nil
	}
	if !IsFloat(dtype) {
		return dtype, errs.Error{Field: "dtype", Rule: "must be float32 or float64", Value: dtype}
	}
	return dtype, nil
}

// Round rounds x to the precision of the dtype.
func Round(dtype tensor.Dtype, x float64) float64 {
	if dtype == tensor.Float32 {
		return float64(float32(x))
	}
	return x
}

// Finite reports whether x is neither NaN nor an infinity.
func Finite[T Float](x T) bool { return x-x == 0 }

// New returns a tensor of zeros. For the empty shape it is a vector of one element,
// because package tensor treats scalars differently from all other tensors.
func New(dtype tensor.Dtype, shape shapes.Shape) *tensor.Dense {
	return tensor.New(tensor.Of(dtype), tensor.WithShape(physical(shape)...))
}

// FromFloat64 returns a tensor with a copy of the elements, rounded to the dtype.
func FromFloat64(dtype tensor.Dtype, shape shapes.Shape, elements []float64) *tensor.Dense {
	t := New(dtype, shape)
	SetFloat64(t, elements)
	return t
}

// SetFloat64 copies elements to a row-major tensor of the same size, rounded to its
// dtype.
func SetFloat64(t *tensor.Dense, elements []float64) {
	if t.Dtype() == tensor.Float64 {
		copy(t.Float64s(), elements)
		return
	}
	for i, out := 0, t.Float32s(); i < len(out); i++ {
		out[i] = float32(elements[i])
	}
}

// ToFloat64 copies the elements of a tensor in row-major order.
func ToFloat64(t *tensor.Dense) []float64 {
	t = Contiguous(t)
	if t.Dtype() == tensor.Float64 {
		return slices.Clone(t.Float64s())
	}
	in := t.Float32s()
	out := make([]float64, len(in))
	for i, x := range in {
		out[i] = float64(x)
	}
	return out
}

// Of returns a tensor of the given shape that shares the memory of elements.
func Of[T Float](elements []T, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(physical(shape)...), tensor.WithBacking(elements))
}

// Elements returns the memory of a tensor. It panics if T is not its element type.
func Elements[T Float](t *tensor.Dense) []T {
	if t.Dtype() == tensor.Float32 {
		return any(t.Float32s()).([]T)
	}
	return any(t.Float64s()).([]T)
}

// At returns element i of a row-major tensor.
func At(t *tensor.Dense, i int) float64 {
	if t.Dtype() == tensor.Float32 {
		return float64(t.Float32s()[i])
	}
	return t.Float64s()[i]
}

// Copy copies the elements of a row-major tensor to another of the same dtype
// and size.
func Copy(to, from *tensor.Dense) {
	if to.Dtype() == tensor.Float32 {
		copy(to.Float32s(), from.Float32s())
	} else {
		copy(to.Float64s(), from.Float64s())
	}
}

// Clone returns a copy of a row-major tensor. Unlike a new tensor that is then written, its
// memory is not set to 0 before.
func Clone(t *tensor.Dense) *tensor.Dense {
	if t.Dtype() == tensor.Float32 {
		return Of(slices.Clone(t.Float32s()), t.Shape()...)
	}
	return Of(slices.Clone(t.Float64s()), t.Shape()...)
}

// View returns a tensor that shares the memory of a row-major tensor from element i on.
func View(t *tensor.Dense, i int, shape shapes.Shape) *tensor.Dense {
	end := i + shape.Size()
	if t.Dtype() == tensor.Float32 {
		return Of(t.Float32s()[i:end], shape...)
	}
	return Of(t.Float64s()[i:end], shape...)
}

// Rows returns a view of the rows from, …, to-1 along the first axis of a row-major
// tensor.
func Rows(t *tensor.Dense, from, to int) *tensor.Dense {
	shape := shapes.Shape(t.Shape())
	return View(t, from*(shape.Size()/shape[0]), shape.With(0, to-from))
}

// Reuse returns t if it is a row-major tensor of the dtype and shape, with memory for
// exactly its elements, and a new tensor otherwise.
func Reuse(t *tensor.Dense, dtype tensor.Dtype, shape shapes.Shape) *tensor.Dense {
	if t != nil && t.Dtype() == dtype && shape.Equal(shapes.Shape(t.Shape())) &&
		!t.IsMasked() && t.IsNativelyAccessible() && IsContiguous(t) {
		return t
	}
	return New(dtype, shape)
}

// Min returns the smallest element of a nonempty tensor, NaN if it contains one.
func Min(t *tensor.Dense) float64 {
	t = Contiguous(t)
	if t.Dtype() == tensor.Float32 {
		return float64(slices.Min(t.Float32s()))
	}
	return slices.Min(t.Float64s())
}

// Index returns the indices of the i-th element of a shape in row-major order.
func Index(i int, shape shapes.Shape) shapes.Shape {
	at := make(shapes.Shape, len(shape))
	for a := len(shape) - 1; a >= 0; a-- {
		at[a], i = i%shape[a], i/shape[a]
	}
	return at
}

func physical(shape shapes.Shape) tensor.Shape {
	if len(shape) == 0 {
		return tensor.Shape{1}
	}
	return tensor.Shape(shape.Clone())
}

// Overlap reports whether two tensors of elements share memory.
func Overlap(a, b *tensor.Dense) bool {
	first, second := a.Uintptr(), b.Uintptr()
	return first < second+b.MemSize() && second < first+a.MemSize()
}
