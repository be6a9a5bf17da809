package datasets

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// numbers are float32 or float64 values in a row; the other slice is nil.
type numbers struct {
	f32 []float32
	f64 []float64
}

func makeNumbers(dtype tensor.Dtype, n int) numbers {
	if dtype == tensor.Float64 {
		return numbers{f64: make([]float64, n)}
	}
	return numbers{f32: make([]float32, n)}
}

func (n numbers) dtype() tensor.Dtype {
	if n.f64 != nil {
		return tensor.Float64
	}
	return tensor.Float32
}

func (n numbers) len() int { return len(n.f32) + len(n.f64) }

func (n numbers) at(i int) float64 {
	if n.f64 != nil {
		return n.f64[i]
	}
	return float64(n.f32[i])
}

// set stores a value, rounded to the dtype, and tells whether it stayed finite.
func (n numbers) set(i int, v float64) bool {
	if n.f64 != nil {
		n.f64[i] = v
		return finite(v)
	}
	n.f32[i] = float32(v)
	return finite(float64(n.f32[i]))
}

// copy takes count numbers from another row of the same dtype.
func (n numbers) copy(at int, from numbers, start, count int) {
	if n.f64 != nil {
		copy(n.f64[at:at+count], from.f64[start:start+count])
		return
	}
	copy(n.f32[at:at+count], from.f32[start:start+count])
}

// tensor gives the numbers a shape, which must have as many elements.
func (n numbers) tensor(shape []int) *tensor.Dense {
	var backing any = n.f32
	if n.f64 != nil {
		backing = n.f64
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
}

// dtypeOr gives Float32 for no dtype, and refuses what is not a float.
func dtypeOr(dtype tensor.Dtype, field string) (tensor.Dtype, error) {
	switch dtype {
	case tensor.Dtype{}:
		return tensor.Float32, nil
	case tensor.Float32, tensor.Float64:
		return dtype, nil
	}
	return dtype, errs.Error{Field: field, Rule: "must be float32 or float64", Value: dtype}
}

// raw is the memory of a float tensor, in whatever order it lies there.
func raw(t *tensor.Dense) numbers {
	if t.Dtype() == tensor.Float64 {
		return numbers{f64: t.Float64s()}
	}
	return numbers{f32: t.Float32s()}
}

// reusable tells whether a tensor can hold a batch as it is.
func reusable(t *tensor.Dense, dtype tensor.Dtype, shape []int) bool {
	return t != nil && t.Dtype() == dtype && slices.Equal([]int(t.Shape()), shape) && readable(t) == nil &&
		rowMajor(t) && raw(t).len() == shapes.Shape(shape).Size()
}

// readable refuses a tensor whose numbers cannot be read where it says.
func readable(t *tensor.Dense) error {
	if t == nil {
		return errs.Error{Field: "tensor", Rule: "must not be nil"}
	}
	if d := t.Dtype(); d != tensor.Float32 && d != tensor.Float64 {
		return errs.Error{Field: "dtype", Rule: "must be float32 or float64", Value: d}
	}
	shape, strides := t.Shape(), t.Strides()
	if len(shape) == 0 {
		return errs.Error{Field: "shape", Rule: "must have an axis of samples", Value: shapes.Shape(shape)}
	}
	size, last := 1, 0
	for i, d := range shape {
		if d < 1 || size > maxElements/d {
			return errs.Error{Field: "shape", Rule: fmt.Sprintf("must have positive axes and at most %d elements", maxElements), Value: shapes.Shape(shape)}
		}
		size *= d
		if len(strides) != len(shape) || strides[i] < 0 || strides[i] > maxElements {
			return errs.Error{Field: "strides", Rule: "must be one for each axis, none negative", Value: strides}
		}
		last += (d - 1) * strides[i]
	}
	if t.IsMasked() || !t.IsNativelyAccessible() {
		return errs.Error{Field: "tensor", Rule: "must be in memory and without a mask"}
	}
	if last >= raw(t).len() {
		return errs.Error{Field: "strides", Rule: fmt.Sprintf("must stay within the %d numbers of the tensor", raw(t).len()), Value: strides}
	}
	return nil
}

// rowMajor tells whether the numbers lie one behind the other, the last axis
// running fastest. It asks the strides, not the flags: they are what counts.
func rowMajor(t *tensor.Dense) bool {
	run := 1
	for i := len(t.Shape()) - 1; i >= 0; i-- {
		if d := t.Shape()[i]; d > 1 {
			if t.Strides()[i] != run {
				return false
			}
			run *= d
		}
	}
	return true
}

// read returns the numbers of a tensor in row-major order, its own memory
// where they lie so. A transposed, sliced or column-major tensor is copied.
func read(t *tensor.Dense) (numbers, error) {
	if err := readable(t); err != nil {
		return numbers{}, err
	}
	size, data := t.Shape().TotalSize(), raw(t)
	if rowMajor(t) {
		if data.f64 != nil {
			return numbers{f64: data.f64[:size]}, nil
		}
		return numbers{f32: data.f32[:size]}, nil
	}
	out, shape, strides := makeNumbers(t.Dtype(), size), t.Shape(), t.Strides()
	index, from := make([]int, len(shape)), 0
	for i := range size {
		out.copy(i, data, from, 1)
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis]++
			from += strides[axis]
			if index[axis] < shape[axis] {
				break
			}
			from -= index[axis] * strides[axis]
			index[axis] = 0
		}
	}
	return out, nil
}

// readFinite is read, and refuses NaN and infinities, naming the element.
func readFinite(t *tensor.Dense) (numbers, error) {
	n, err := read(t)
	if err != nil {
		return n, err
	}
	for i := range n.len() {
		if v := n.at(i); math.IsNaN(v) || math.IsInf(v, 0) {
			return n, errs.Error{Field: fmt.Sprintf("element %v", position(i, t.Shape())), Rule: "must be finite", Value: v, Kind: errs.ErrNotFinite}
		}
	}
	return n, nil
}

// position is the index of the i-th element in row-major order.
func position(i int, shape []int) shapes.Shape {
	p := make(shapes.Shape, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		p[axis], i = i%shape[axis], i/shape[axis]
	}
	return p
}
