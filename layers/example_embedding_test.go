package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
)

// Three words of two numbers each, and two sentences of two words.
func ExampleEmbedding() {
	l := layers.Embedding{InputDim: 3, OutputDim: 2, EmbeddingsInitializer: initializers.Identity{}}
	show(graph.Config{}, l, graph.Shape{2, 2}, 0, 1, 1, 2)
	// Output: (2, 2, 2) [1 0 0 1 0 1 0 0]
}

// The last step is padding, which the LSTM passes over: what it says of the
// first two is what it says of them alone.
func ExampleMasking() {
	show(graph.Config{}, chain{layers.Masking{MaskValue: -1}, layers.LSTM{Units: 1}}, graph.Shape{1, 3, 1}, 3, 4, -1)
	show(graph.Config{}, chain{layers.LSTM{Units: 1}}, graph.Shape{1, 2, 1}, 3, 4)
	// Output:
	// (1, 1) [-0.1575]
	// (1, 1) [-0.1575]
}

// chain is a layer of several, one after the other.
type chain []layers.Layer

func (c chain) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	for _, l := range c {
		inputs = layers.Apply(s, layers.DefaultName(l), l, inputs...)
	}
	return inputs
}
