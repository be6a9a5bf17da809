package layers

import "github.com/engram-go/engram/graph"

// Multiply multiplies its inputs, element by element. Shapes are as Add has
// them.
//
//	in:  one or more values of one shape
//	out: that shape
//
// A masked step of an input counts as 1; where all inputs have a mask, a step
// that none of them counts is 0, and the output has a mask: a step counts where
// it does in any of them.
type Multiply struct {
	Name string // "multiply", numbered, where empty
}

// Call computes the layer.
func (l Multiply) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	xs, ok := merge(s, "Multiply", inputs)
	if !ok {
		return inputs
	}
	one, zero := s.Const(1, graph.Shape{1}), s.Const(0, graph.Shape{1})
	var y, counts graph.Value // the product, and where an input counts
	masks := 0
	for i, x := range xs {
		if m, ok := counted(s, "Multiply", x); ok {
			x = graph.Where(m, x, one)
			if masks++; masks > 1 {
				m = counts.Maximum(m)
			}
			counts = m
		}
		if i > 0 {
			x = y.Times(x)
		}
		y = x
	}
	if masks == len(xs) {
		y = graph.Where(counts, y, zero)
	}
	return []graph.Value{rideAny(xs, y)}
}

// Stepwise combines step by step.
func (l Multiply) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }
