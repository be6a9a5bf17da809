package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
)

func ExampleReshape() {
	show(graph.Config{}, layers.Reshape{TargetShape: graph.Shape{graph.Any, 2}}, graph.Shape{1, 6}, 1, 2, 3, 4, 5, 6)
	show(graph.Config{}, layers.Reshape{TargetShape: graph.Shape{4}}, graph.Shape{1, 6}, 1, 2, 3, 4, 5, 6)
	// Output:
	// (1, 3, 2) [1 2 3 4 5 6]
	// layer: Reshape.TargetShape must keep the 6 elements of a sample of the shape [6], got [4]
}

func ExamplePermute() {
	show(graph.Config{}, layers.Permute{Dims: []int{2, 1}}, graph.Shape{1, 2, 3}, 1, 2, 3, 4, 5, 6)
	// Output: (1, 3, 2) [1 4 2 5 3 6]
}

func ExampleRepeatVector() {
	show(graph.Config{}, layers.RepeatVector{N: 3}, graph.Shape{1, 2}, 1, 2)
	// Output: (1, 3, 2) [1 2 1 2 1 2]
}
