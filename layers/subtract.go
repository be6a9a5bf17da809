package layers

import "github.com/engram-go/engram/graph"

// Subtract takes its second input from the first, element by element. Shapes and
// masks are as Add has them.
//
//	in:  two values of one shape
//	out: that shape
type Subtract struct {
	Name string // "subtract", numbered, where empty
}

// Call computes the layer.
func (l Subtract) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) != 2 {
		s.Failf("Subtract", "must have two inputs", len(inputs))
		return inputs
	}
	return fold(s, "Subtract", inputs, graph.Value.Sub)
}

// Stepwise combines step by step.
func (l Subtract) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }
