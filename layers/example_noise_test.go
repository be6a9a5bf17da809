package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
)

// With 1 in place of the steps, the mask is the same for all of them.
func ExampleDropout_noiseShape() {
	l := layers.Dropout{Rate: 0.5, NoiseShape: graph.Shape{graph.Any, 1, graph.Any}, Seed: new(uint64(2))}
	show(graph.Config{Training: true}, l, graph.Shape{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	// Output: (1, 2, 4) [0 4 0 8 0 12 0 16]
}

// In training about half of the features go, in both steps alike.
func ExampleSpatialDropout1D() {
	l := layers.SpatialDropout1D{Rate: 0.5, Seed: new(uint64(2))}
	show(graph.Config{Training: true}, l, graph.Shape{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	show(graph.Config{}, l, graph.Shape{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	// Output:
	// (1, 2, 4) [0 4 0 8 0 12 0 16]
	// (1, 2, 4) [1 2 3 4 5 6 7 8]
}

func ExampleGaussianNoise() {
	l := layers.GaussianNoise{Stddev: 0.1, Seed: new(uint64(2))}
	show(graph.Config{Training: true}, l, graph.Shape{1, 3}, 1, 2, 3)
	show(graph.Config{}, l, graph.Shape{1, 3}, 1, 2, 3)
	// Output:
	// (1, 3) [0.9304 2.018 3.088]
	// (1, 3) [1 2 3]
}
