package npy

import (
	"os"
	"path/filepath"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
)

func open(t testing.TB, path string) *Array {
	t.Helper()
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestFromArrays(t *testing.T) {
	x, y := open(t, "testdata/plain_f8.npy"), open(t, "testdata/labels.npy")
	if !x.Shape().Equal(shapes.Shape{4, 3}) {
		t.Error(x.Shape())
	}
	data, err := FromArrays([]*Array{x, x}, []*Array{y}, tensor.Dtype{})
	if err != nil {
		t.Fatal(err)
	}
	if data.Len() != 4 {
		t.Error(data.Len())
	}
	var batch samples.Batch
	for range 2 { // the second time into the same tensors
		if err := data.Gather([]int{3, 0, 3}, &batch); err != nil {
			t.Fatal(err)
		}
		check(t, "x", batch.Inputs[1], tensor.Float32, shapes.Shape{3, 3}, []float64{4, 5, 6, -5, -4, -3, 4, 5, 6})
		check(t, "y", batch.Targets[0], tensor.Float32, shapes.Shape{3}, []float64{3, 0, 3})
	}
	kept := batch.Inputs[0]
	if err := data.Gather([]int{1, 2, 0}, &batch); err != nil || batch.Inputs[0] != kept {
		t.Errorf("a new tensor, error %v", err)
	}
	errtest.Check(t, data.Gather([]int{4}, &batch), errs.Error{Field: "rows[0]"})
	errtest.Check(t, data.Gather(nil, &batch), errs.Error{Field: "rows"})
	errtest.Check(t, data.Gather([]int{0}, nil), errs.Error{Field: "into"})
}

// Rows longer than a block are read in parts.
func TestFromArraysLongRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.npy")
	width := 2*block + 5
	want := counting("f", 3*width)
	if err := Save(path, tensor.New(tensor.WithShape(3, width), tensor.WithBacking(want))); err != nil {
		t.Fatal(err)
	}
	data, err := FromArrays([]*Array{open(t, path)}, nil, tensor.Float64)
	if err != nil {
		t.Fatal(err)
	}
	var batch samples.Batch
	if err := data.Gather([]int{1, 2}, &batch); err != nil {
		t.Fatal(err)
	}
	check(t, "long", batch.Inputs[0], tensor.Float64, shapes.Shape{2, width}, want[width:])
}

func TestFromArraysErrors(t *testing.T) {
	plain, cube := open(t, "testdata/plain_f4.npy"), open(t, "testdata/cube_f4.npy")
	for _, c := range []struct {
		inputs, targets []*Array
		dtype           tensor.Dtype
		want            errs.Error
	}{
		{nil, nil, tensor.Float32, errs.Error{Field: "inputs"}},
		{[]*Array{plain, nil}, nil, tensor.Float32, errs.Error{Path: "inputs[1]", Field: "array"}},
		{[]*Array{new(Array)}, nil, tensor.Float32, errs.Error{Path: "inputs[0]", Field: "array"}},
		{[]*Array{plain}, []*Array{cube}, tensor.Float32, errs.Error{Path: "testdata/cube_f4.npy", Field: "samples", Value: 2}},
		{[]*Array{open(t, "testdata/columns.npy")}, nil, tensor.Float32, errs.Error{Path: "testdata/columns.npy", Field: "fortran_order"}},
		{[]*Array{plain}, nil, tensor.Int, errs.Error{Field: "dtype"}},
	} {
		_, err := FromArrays(c.inputs, c.targets, c.dtype)
		errtest.Check(t, err, c.want)
	}

	holes := open(t, "testdata/holes.npy")
	data, err := FromArrays([]*Array{holes}, nil, tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	var batch samples.Batch
	errtest.Check(t, data.Gather([]int{3, 1}, &batch), errs.Error{Path: "testdata/holes.npy", Field: "element [1, 1]", Kind: errs.ErrNotFinite})
	errtest.Check(t, data.Gather([]int{3, 2}, &batch), errs.Error{Path: "testdata/holes.npy", Field: "element [2, 2]", Value: 1e39})
	if err := data.Gather([]int{3, 0}, &batch); err != nil {
		t.Error(err)
	}
	if err := holes.Close(); err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, data.Gather([]int{3, 0}, &batch), errs.Error{Path: "testdata/holes.npy", Field: "file", Kind: os.ErrClosed})

	// A file that has become shorter.
	path := filepath.Join(t.TempDir(), "short.npy")
	if err := Save(path, dense4x2()); err != nil {
		t.Fatal(err)
	}
	if data, err = FromArrays([]*Array{open(t, path)}, nil, tensor.Float32); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 140); err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, data.Gather([]int{3}, &batch), errs.Error{Path: path, Field: "array"})
}

func dense4x2() *tensor.Dense {
	return tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6, 7, 8}))
}
