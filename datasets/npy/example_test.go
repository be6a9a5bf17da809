package npy_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/npy"
	"github.com/engram-go/engram/datasets/samples"
)

func ExampleRead() {
	var file bytes.Buffer
	a := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	if err := npy.Write(&file, a); err != nil {
		fmt.Println(err)
		return
	}
	b, err := npy.Read(&file, tensor.Float64)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(b.Dtype(), b.Shape(), b.Data())
	// Output: float64 (2, 3) [1 2 3 4 5 6]
}

// A file of numpy.savez(path, long=…, short=…).
func ExampleLoadArchive() {
	arrays, err := npy.LoadArchive("testdata/compressed.npz", tensor.Float32, "short")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(arrays["short"].Data())
	// Output: [-5 -4 -3 -2]
}

// The rows of a batch are read from the file when they are needed.
func ExampleFromArrays() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.npy")
	if err := npy.Save(path, tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))); err != nil {
		fmt.Println(err)
		return
	}
	x, err := npy.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer x.Close()
	data, err := npy.FromArrays([]*npy.Array{x}, nil, tensor.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch samples.Batch
	if err := data.Gather([]int{2, 0}, &batch); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(data.Len(), batch.Inputs[0].Data())
	// Output: 3 [5 6 1 2]
}
