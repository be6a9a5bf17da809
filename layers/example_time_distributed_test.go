package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
)

// Each of two steps is a table of two by two numbers, of which a Dense makes one.
func ExampleTimeDistributed() {
	inner := layers.Dense{Units: 1, KernelInitializer: initializers.Ones}
	show(graph.Config{}, layers.TimeDistributed{Layer: inner}, graph.Shape{1, 2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8)
	// Output: (1, 2, 2, 1) [3 7 11 15]
}

// The last step less the first.
func ExampleLambda() {
	change := layers.NewFunction("change", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
		x := inputs[0]                                              // [batch, steps, features]
		return []graph.Value{x.Reverse(1).At(1, 0).Sub(x.At(1, 0))} // [batch, features]
	})
	show(graph.Config{}, layers.Lambda{Function: change}, graph.Shape{1, 3, 1}, 1, 5, 9)
	// Output: (1, 1) [8]
}

// A mask that is an input of its own: the last of three steps does not count.
func ExampleLambda_mask() {
	counting := layers.NewFunction("counting", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
		x, mask := inputs[0].Unsqueeze(-1), inputs[1] // [batch, steps, 1], [batch, steps] of 1 and 0
		return []graph.Value{x.WithMask(mask)}
	})
	showAll(chain{layers.Lambda{Function: counting}, layers.GlobalAveragePooling1D{}}, []float64{1, 5, 99}, []float64{1, 1, 0})
	// Output: (1, 1) [3]
}
