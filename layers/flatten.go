package layers

import "github.com/engram-go/engram/graph"

// Flatten joins all axes but the batch, in row-major order.
//
//	in:  [batch, a, b, ...]
//	out: [batch, a·b·...]; open where one of the axes is
//
// The mask of the input ends here, as the output has no steps, and padded steps
// count as data; Summary says so.
type Flatten struct {
	Name string // "flatten", numbered, where empty
}

// Call computes the layer.
func (l Flatten) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Flatten", inputs, 1)
	if !ok {
		return inputs
	}
	return []graph.Value{x.Reshape(x.Dim(0), x.Shape()[1:].Size())}
}
