package samples_test

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
)

// Windows of three rows on a recording of two channels, each with the next row
// as its target.
func ExampleFromViews() {
	recording := tensor.New(tensor.WithShape(5, 2), tensor.WithBacking([]float32{0, 10, 1, 11, 2, 12, 3, 13, 4, 14})) // [rows, channels]
	data, err := samples.FromViews(2,
		[]samples.View{{Data: recording, Step: 2, Shape: graph.Shape{3, 2}}},
		[]samples.View{{Data: recording, First: 3 * 2, Step: 2, Shape: graph.Shape{2}}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch samples.Batch
	if err := data.Gather([]int{1}, &batch); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(batch.Inputs[0].Data(), batch.Targets[0].Data())
	// Output:
	// [1 11 2 12 3 13] [4 14]
}
