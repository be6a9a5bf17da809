package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
)

// Sums of two neighbours: with causal padding each step is added to the one
// before it, and the first to nothing.
func ExampleConv1D() {
	sums := layers.Conv1D{Filters: 1, KernelSize: 2, KernelInitializer: initializers.Ones}
	show(graph.Config{}, sums, graph.Shape{1, 4, 1}, 1, 2, 3, 4)
	sums.Padding = layers.Causal
	show(graph.Config{}, sums, graph.Shape{1, 4, 1}, 1, 2, 3, 4)
	sums.Padding, sums.DilationRate = layers.Valid, 4
	show(graph.Config{}, sums, graph.Shape{1, 4, 1}, 1, 2, 3, 4)
	// Output:
	// (1, 3, 1) [3 5 7]
	// (1, 4, 1) [1 3 5 7]
	// layer: Conv1D must have an input of at least 5 steps, which its window spans, got [1, 4, 1]
}

func ExampleMaxPooling1D() {
	show(graph.Config{}, layers.MaxPooling1D{}, graph.Shape{1, 5, 1}, 1, 3, 2, 0, 4)
	show(graph.Config{}, layers.MaxPooling1D{Padding: layers.Same}, graph.Shape{1, 5, 1}, 1, 3, 2, 0, 4)
	// Output:
	// (1, 2, 1) [3 2]
	// (1, 3, 1) [3 2 4]
}

// The last window of the second has one step only, and is divided by one.
func ExampleAveragePooling1D() {
	show(graph.Config{}, layers.AveragePooling1D{}, graph.Shape{1, 5, 1}, 1, 3, 2, 0, 4)
	show(graph.Config{}, layers.AveragePooling1D{Padding: layers.Same}, graph.Shape{1, 5, 1}, 1, 3, 2, 0, 4)
	// Output:
	// (1, 2, 1) [2 1]
	// (1, 3, 1) [2 1 4]
}

func ExampleGlobalAveragePooling1D() {
	show(graph.Config{}, layers.GlobalAveragePooling1D{}, graph.Shape{1, 3, 2}, 1, 10, 2, 20, 6, 60)
	// Output: (1, 2) [3 30]
}

func ExampleGlobalMaxPooling1D() {
	show(graph.Config{}, layers.GlobalMaxPooling1D{KeepDims: true}, graph.Shape{1, 3, 2}, 1, 10, 6, 20, 2, 60)
	// Output: (1, 1, 2) [6 60]
}
