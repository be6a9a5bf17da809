package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
)

// Two steps of 2 features attend to themselves. The second step is the longer
// one, so both look at it most.
func ExampleAttention() {
	show(graph.Config{}, layers.Attention{ReturnAttentionScores: true}, graph.Shape{1, 2, 2}, 1, 0, 2, 0)
	show(graph.Config{}, layers.Attention{UseCausalMask: true}, graph.Shape{1, 2, 2}, 1, 0, 2, 0)
	// Output:
	// (1, 2, 2) [1.731 0 1.881 0]
	// (1, 2, 2) [0.2689 0.7311 0.1192 0.8808]
	// (1, 2, 2) [1 0 1.881 0]
}

// The same steps, compared by a sum: tanh keeps the scores small.
func ExampleAdditiveAttention() {
	show(graph.Config{}, layers.AdditiveAttention{NoScale: true, ReturnAttentionScores: true}, graph.Shape{1, 2, 2}, 1, 0, 2, 0)
	// Output:
	// (1, 2, 2) [1.508 0 1.501 0]
	// (1, 2, 2) [0.4922 0.5078 0.4989 0.5011]
}

// Two steps of 1 feature attend to themselves, with two heads whose weights are
// all 1: each head gives what the first example gives, but for the root of 1,
// and the output is their sum.
func ExampleMultiHeadAttention() {
	show(graph.Config{}, layers.MultiHeadAttention{
		NumHeads:              2,
		KeyDim:                1,
		KernelInitializer:     initializers.Ones,
		ReturnAttentionScores: true,
	}, graph.Shape{1, 2, 1}, 1, 2)
	// Output:
	// (1, 2, 1) [3.462 3.762]
	// (1, 2, 2, 2) [0.2689 0.7311 0.1192 0.8808 0.2689 0.7311 0.1192 0.8808]
}

func ExampleSinePositionEncoding() {
	show(graph.Config{}, layers.SinePositionEncoding{}, graph.Shape{1, 3, 2}, 0, 0, 0, 0, 0, 0)
	// Output: (1, 3, 2) [0 1 0.8415 0.5403 0.9093 -0.4161]
}

func ExamplePositionEmbedding() {
	show(graph.Config{}, layers.PositionEmbedding{SequenceLength: 10, Initializer: initializers.Ones}, graph.Shape{1, 3, 1}, 7, 8, 9)
	// Output: (1, 3, 1) [1 1 1]
}
