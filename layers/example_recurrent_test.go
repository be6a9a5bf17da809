package layers_test

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// One sample of 3 steps and 1 feature, of which a layer that adds up what it
// sees reads 1, 2, 4 and 4, 2, 1: each step knows what was before and what comes.
func ExampleBidirectional() {
	sum := layers.SimpleRNN{
		Units:                1,
		Activation:           activations.Linear,
		KernelInitializer:    initializers.Ones,
		RecurrentInitializer: initializers.Ones,
		ReturnSequences:      true,
	}
	show(graph.Config{}, layers.Bidirectional{Layer: sum}, graph.Shape{1, 3, 1}, 1, 2, 4)
	show(graph.Config{}, layers.Bidirectional{Layer: sum, MergeMode: layers.MergeSum}, graph.Shape{1, 3, 1}, 1, 2, 4)
	// Output:
	// (1, 3, 2) [1 7 3 6 7 4]
	// (1, 3, 1) [8 9 11]
}

// With peepholes the gates see the state c. With all weights 1, no bias and
// c = 2 at the start, the step is i = f = σ(x + 2), c' = 2·f + i·tanh(x) and
// o = σ(x + c'): x is 0 here.
func ExampleLSTM_peepholes() {
	show(graph.Config{}, layers.LSTM{
		Units:                1,
		Peepholes:            true,
		NoBias:               true,
		KernelInitializer:    initializers.Ones,
		RecurrentInitializer: initializers.Ones,
		InitialState:         layers.FixedState{Elements: [][]float64{{0}, {2}}},
		ReturnState:          true,
	}, graph.Shape{1, 1, 1}, 0)
	// Output:
	// (1, 1) [0.8045]
	// (1, 1) [0.8045]
	// (1, 1) [1.762]
}

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
