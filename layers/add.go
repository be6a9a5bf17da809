package layers

import "github.com/engram-go/engram/graph"

// Add adds its inputs up, element by element.
//
//	in:  one or more values of one shape
//	out: that shape
//
// Axes of size 1 broadcast, but for the batch; an input of fewer axes gets some
// behind the batch. The output has a mask where all inputs have one: a step
// counts where it does in any of them.
type Add struct {
	Name string // "add", numbered, where empty
}

// Call computes the layer.
func (l Add) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return fold(s, "Add", inputs, graph.Value.Add)
}

// Stepwise combines step by step.
func (l Add) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }
