package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
)

// Two samples, each of which gets mean 0 and variance 1 by itself.
func ExampleLayerNormalization() {
	show(graph.Config{}, layers.LayerNormalization{}, graph.Shape{2, 2}, 1, 3, 10, 30)
	// Output: (2, 2) [-0.9995 0.9995 -1 1]
}

// In training every feature, here the columns 1, 3 and 10, 30, gets mean 0 and
// variance 1 over the batch. Outside it is measured by the moving averages,
// which start with mean 0 and variance 1.
func ExampleBatchNormalization() {
	show(graph.Config{Training: true}, layers.BatchNormalization{}, graph.Shape{2, 2}, 1, 10, 3, 30)
	show(graph.Config{}, layers.BatchNormalization{}, graph.Shape{2, 2}, 1, 10, 3, 30)
	// Output:
	// (2, 2) [-0.9995 -1 0.9995 1]
	// (2, 2) [0.9995 9.995 2.999 29.99]
}
