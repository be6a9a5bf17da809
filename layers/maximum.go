package layers

import "github.com/engram-go/engram/graph"

// Maximum takes the largest of its inputs, element by element; equal ones share
// the gradient. Shapes are as Add has them.
//
//	in:  one or more values of one shape
//	out: that shape
//
// A masked step of an input does not stand against one that counts. The output
// has a mask where all inputs have one: a step counts where it does in any of
// them.
type Maximum struct {
	Name string // "maximum", numbered, where empty
}

// Call computes the layer.
func (l Maximum) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return foldCounted(s, "Maximum", inputs, graph.Value.Maximum)
}

// Stepwise combines step by step.
func (l Maximum) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }
