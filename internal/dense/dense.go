// Package dense has the helpers for dense tensors of float32 or float64 that
// more than one package needs.
package dense

import (
	"slices"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// Float is an element of a tensor.
type Float = kernels.Float

// IsFloat tells whether a dtype is float32 or float64.
func IsFloat(dtype tensor.Dtype) bool { return dtype == tensor.Float32 || dtype == tensor.Float64 }

// Round is x as an element of the dtype holds it.
func Round(dtype tensor.Dtype, x float64) float64 {
	if dtype == tensor.Float32 {
		return float64(float32(x))
	}
	return x
}

// Finite tells whether x is neither NaN nor an infinity.
func Finite[T Float](x T) bool { return x-x == 0 }

// New returns a tensor of zeros. The empty shape gives a vector of one element:
// package tensor treats scalars differently from all other tensors.
func New(dtype tensor.Dtype, shape shapes.Shape) *tensor.Dense {
	return tensor.New(tensor.Of(dtype), tensor.WithShape(physical(shape)...))
}

// FromFloat64 returns a tensor of the given elements, rounded to the dtype, in
// memory of its own.
func FromFloat64(dtype tensor.Dtype, shape shapes.Shape, elements []float64) *tensor.Dense {
	t := New(dtype, shape)
	SetFloat64(t, elements)
	return t
}

// SetFloat64 stores elements in a row-major tensor of as many, rounded to its
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

// Of gives elements a shape of the same size, without copying them.
func Of[T Float](elements []T, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(physical(shape)...), tensor.WithBacking(elements))
}

// Elements is the memory of a tensor. It panics where T is not the type of its
// elements.
func Elements[T Float](t *tensor.Dense) []T {
	if t.Dtype() == tensor.Float32 {
		return any(t.Float32s()).([]T)
	}
	return any(t.Float64s()).([]T)
}

// At is element i of a row-major tensor.
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

// View is a part of the memory of a row-major tensor, from element i on.
func View(t *tensor.Dense, i int, shape shapes.Shape) *tensor.Dense {
	end := i + shape.Size()
	if t.Dtype() == tensor.Float32 {
		return Of(t.Float32s()[i:end], shape...)
	}
	return Of(t.Float64s()[i:end], shape...)
}

// Rows is a view of the rows from, from+1, … to-1 along the first axis of a
// row-major tensor.
func Rows(t *tensor.Dense, from, to int) *tensor.Dense {
	shape := shapes.Shape(t.Shape())
	return View(t, from*(shape.Size()/shape[0]), shape.With(0, to-from))
}

// Reuse returns t where it is a row-major tensor of the dtype and shape, with
// memory for exactly its elements, and a new one otherwise.
func Reuse(t *tensor.Dense, dtype tensor.Dtype, shape shapes.Shape) *tensor.Dense {
	if t != nil && t.Dtype() == dtype && shape.Equal(shapes.Shape(t.Shape())) &&
		!t.IsMasked() && t.IsNativelyAccessible() && IsContiguous(t) {
		return t
	}
	return New(dtype, shape)
}

// Min is the smallest element of a tensor that has some; NaN where there is one.
func Min(t *tensor.Dense) float64 {
	t = Contiguous(t)
	if t.Dtype() == tensor.Float32 {
		return float64(slices.Min(t.Float32s()))
	}
	return slices.Min(t.Float64s())
}

// Index is the position of the i-th element, in row-major order, of a shape.
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
