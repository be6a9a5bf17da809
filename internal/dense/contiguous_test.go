package dense_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// strided returns a tensor after a random chain of slicing, transposing and
// column-major order. All its elements differ.
func strided[T dense.Float](t *rapid.T) *tensor.Dense {
	shape := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 4).Draw(t, "shape")
	data := make([]T, tensor.Shape(shape).TotalSize())
	for i := range data {
		data[i] = T(i)
	}
	d := dense.Of(data, shape...)
	if len(shape) > 1 && rapid.Bool().Draw(t, "columns first") {
		d = tensor.New(tensor.WithShape(shape...), tensor.AsFortran(data))
	}
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		switch {
		case d.Dims() == 0:
		case rapid.Bool().Draw(t, "transpose"):
			order := make([]int, d.Dims())
			for i := range order {
				order[i] = i
			}
			order = rapid.Permutation(order).Draw(t, "order")
			attempt(t, func() error { return d.T(order...) })
		default:
			axis := rapid.IntRange(0, d.Dims()-1).Draw(t, "axis")
			from := rapid.IntRange(0, d.Shape()[axis]-1).Draw(t, "from")
			cut := make([]tensor.Slice, d.Dims())
			cut[axis] = tensor.S(from, rapid.IntRange(from+1, d.Shape()[axis]).Draw(t, "to"))
			attempt(t, func() error {
				v, err := d.Slice(cut...)
				if err == nil {
					d = v.(*tensor.Dense)
				}
				return err
			})
		}
	}
	return d
}

// attempt skips the case if package tensor does not support the operation: it fails
// or panics for some of its own tensors.
func attempt(t *rapid.T, f func() error) {
	defer func() {
		if r := recover(); r != nil {
			t.Skip("tensor panicked:", r)
		}
	}()
	if err := f(); err != nil {
		if _, nothing := err.(tensor.NoOpError); !nothing {
			t.Skip("tensor:", err)
		}
	}
}

// indexed returns the elements of a tensor, read one by one with At.
func indexed[T dense.Float](t *rapid.T, d *tensor.Dense) []T {
	if d.Dims() == 0 {
		return []T{d.ScalarValue().(T)}
	}
	out := make([]T, d.Shape().TotalSize())
	for i := range out {
		x, err := d.At(dense.Index(i, []int(d.Shape()))...)
		if err != nil {
			t.Fatalf("%v", err)
		}
		out[i] = x.(T)
	}
	return out
}

func TestContiguous(t *testing.T) {
	rapid.Check(t, contiguous[float32])
	rapid.Check(t, contiguous[float64])
}

func contiguous[T dense.Float](t *rapid.T) {
	d := strided[T](t)
	want := indexed[T](t, d)
	c := dense.Contiguous(d)
	if !slices.Equal(c.Shape(), d.Shape()) || !slices.Equal(dense.Elements[T](c), want) {
		t.Errorf("got %v %v, want %v %v", c.Shape(), dense.Elements[T](c), d.Shape(), want)
	}
	if dense.IsContiguous(d) != (c == d) || !dense.IsContiguous(c) {
		t.Errorf("strides %v of shape %v: contiguous %v, and the copy %v", d.Strides(), d.Shape(), dense.IsContiguous(d), dense.IsContiguous(c))
	}
	if !slices.Equal(indexed[T](t, d), want) {
		t.Error("the tensor itself was changed")
	}
}

// A row-major tensor is not copied.
func TestContiguousSharesMemory(t *testing.T) {
	d := dense.Of(make([]float32, 6), 2, 3)
	if dense.Contiguous(d) != d {
		t.Error("a row-major tensor was copied")
	}
	ints := tensor.New(tensor.WithBacking([]int{1, 2}))
	if dense.Contiguous(ints) != ints {
		t.Error("a tensor of another dtype was copied")
	}
}
