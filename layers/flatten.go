package layers

import "github.com/engram-go/engram/graph"

// Flatten joins all axes but the batch.
//
//	in:  [batch, a, b, ...]
//	out: [batch, a·b·...]
type Flatten struct {
	Name string // "flatten", numbered, where empty
}

// Call computes the layer.
func (l Flatten) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Flatten", inputs, 1)
	if !ok {
		return inputs
	}
	return []graph.Value{x.WithoutMask().Reshape(x.Dim(0), x.Shape()[1:].Size())}
}
