package layers_test

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"gorgonia.org/tensor"
)

// decay is a user's cell: it halves its state, and adds x.
type decay struct{}

func (decay) States() []int { return []int{1} }

func (decay) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h := states[0].Scale(0.5).Add(x) // [batch, 1]
	return h, []graph.Value{h}
}

// One sample of 3 steps and 1 feature: 4, 4/2 + 2 and 4/2 + 1.
func ExampleRNN() {
	x := []float64{4, 2, 1}
	show(graph.Config{}, layers.RNN{Cell: decay{}}, graph.Shape{1, 3, 1}, x...)
	show(graph.Config{}, layers.RNN{Cell: decay{}, ReturnSequences: true, ReturnState: true}, graph.Shape{1, 3, 1}, x...)
	show(graph.Config{}, layers.RNN{}, graph.Shape{1, 3, 1}, x...)
	// Output:
	// (1, 1) [3]
	// (1, 3, 1) [4 4 3]
	// (1, 1) [3]
	// layer: RNN.Cell must not be nil
}

// The second cell decays what the first gives: 4, 2 + 4 and 3 + 3.
func ExampleStackedRNNCells() {
	stack := layers.StackedRNNCells{Cells: []layers.Cell{decay{}, decay{}}}
	show(graph.Config{}, layers.RNN{Cell: stack, ReturnSequences: true}, graph.Shape{1, 3, 1}, 4, 2, 1)
	// Output: (1, 3, 1) [4 6 6]
}

// Two LSTMs as one layer, which returns the states of both in addition to the output of the last
// step: h and c of 2 units, then h and c of 1.
func ExampleLSTMCell() {
	stack := layers.StackedRNNCells{Cells: []layers.Cell{
		layers.LSTMCell{Units: 2},
		layers.LSTMCell{Units: 1, Peepholes: true},
	}}
	shapes(layers.RNN{Cell: stack, ReturnState: true}, graph.Shape{graph.Any, graph.Any, 3})
	// Output:
	// [any, 1]
	// [any, 2]
	// [any, 2]
	// [any, 1]
	// [any, 1]
}

// An encoder of two GRUs and a SimpleRNN, as one layer.
func ExampleGRUCell() {
	stack := layers.StackedRNNCells{Cells: []layers.Cell{layers.GRUCell{Units: 4}, layers.GRUCell{Units: 3}, layers.SimpleRNNCell{Units: 2}}}
	shapes(layers.RNN{Cell: stack, ReturnSequences: true}, graph.Shape{graph.Any, graph.Any, 5})
	// Output: [any, any, 2]
}

// An RNN over the cell computes what SimpleRNN does: tanh(1) with all weights 1.
func ExampleSimpleRNNCell() {
	cell := layers.SimpleRNNCell{Units: 1, KernelInitializer: initializers.Ones}
	show(graph.Config{}, layers.RNN{Cell: cell}, graph.Shape{1, 1, 1}, 1)
	// Output: (1, 1) [0.7616]
}

// shapes prints the shapes of a layer's outputs.
func shapes(l layers.Layer, input graph.Shape) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		for _, y := range layers.Apply(s, "layer", l, s.Input("x", input)) {
			fmt.Println(y.Shape())
		}
	})
	if err != nil {
		fmt.Println(err)
	}
}

// With all weights 1 and no bias, the first step is o·tanh(1), and the next
// forgets a part of it for what is new.
func ExampleSLSTMCell() {
	ones := initializers.Constant{Value: 1}
	cell := layers.SLSTMCell{Units: 1, NoBias: true, KernelInitializer: ones, RecurrentInitializer: ones}
	show(graph.Config{}, layers.RNN{Cell: cell, ReturnSequences: true}, graph.Shape{1, 2, 1}, 1, 1)
	// Output: (1, 2, 1) [0.5568 0.7149]
}
