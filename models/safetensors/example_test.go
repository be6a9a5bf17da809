package safetensors_test

import (
	"bytes"
	"fmt"

	"github.com/engram-go/engram/models/safetensors"
	"gorgonia.org/tensor"
)

// Tensors and a note are written to a file, here one in memory, and read again.
func Example() {
	kernel := tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{0.5, -1}))
	var b bytes.Buffer
	err := safetensors.Write(&b, safetensors.File{
		Metadata: map[string]string{"format": "engram"},
		Tensors:  map[string]*tensor.Dense{"dense/kernel": kernel},
	})
	if err != nil {
		fmt.Println(err)
	}
	f, err := safetensors.Read(&b)
	fmt.Println(f.Metadata["format"], f.Tensors["dense/kernel"].Data(), err)
	// Output: engram [0.5 -1] <nil>
}
