package dense

import (
	"slices"

	"gorgonia.org/tensor"
)

// Contiguous returns t itself if its elements are in row-major order without gaps, and
// otherwise (for a transposed tensor, a slice, or column-major order) a copy that is.
func Contiguous(t *tensor.Dense) *tensor.Dense {
	if IsContiguous(t) || !IsFloat(t.Dtype()) {
		return t
	}
	out := tensor.New(tensor.Of(t.Dtype()), tensor.WithShape(t.Shape().Clone()...))
	if t.Dtype() == tensor.Float32 {
		gather(out.Float32s(), t.Float32s(), t.Shape(), Strides(t))
	} else {
		gather(out.Float64s(), t.Float64s(), t.Shape(), Strides(t))
	}
	return out
}

// IsContiguous reports whether the elements of t are in row-major order without gaps.
// It uses the strides instead of the flags of package tensor, which are wrong for some
// views. Axes of size 1 may have any stride.
func IsContiguous(t *tensor.Dense) bool {
	shape, strides := t.Shape(), Strides(t)
	run := 1
	for i, d := range slices.Backward(shape) {
		if d != 1 && strides[i] != run {
			return false
		}
		run *= d
	}
	return len(shape) == 0 || t.DataSize() == run // DataSize is 0 for a scalar
}

// Strides returns the stride of every axis. Package tensor stores fewer strides than
// axes for tensors that it treats as vectors or scalars; the axes of size 1 have none.
func Strides(t *tensor.Dense) []int {
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

// gather copies the elements at the given strides into row-major order.
func gather[T Float](out, in []T, shape, strides []int) {
	index, from := make([]int, len(shape)), 0
	for i := range out {
		out[i] = in[from]
		for a := len(shape) - 1; a >= 0; a-- {
			index[a]++
			from += strides[a]
			if index[a] < shape[a] {
				break
			}
			from -= index[a] * strides[a]
			index[a] = 0
		}
	}
}
