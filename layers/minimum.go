package layers

import "github.com/engram-go/engram/graph"

// Minimum takes the smallest of its inputs, element by element; equal ones share
// the gradient. Shapes are as Add has them.
//
//	in:  one or more values of one shape
//	out: that shape
//
// A masked step of an input does not stand against one that counts. The output
// has a mask where all inputs have one: a step counts where it does in any of
// them.
type Minimum struct {
	Name string // "minimum", numbered, where empty
}

// Call computes the layer.
func (l Minimum) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return foldCounted(s, "Minimum", inputs, graph.Value.Minimum)
}

// Stepwise combines step by step.
func (l Minimum) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }
