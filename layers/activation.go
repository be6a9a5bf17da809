package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
)

// Activation applies an activation function.
//
//	in, out: [batch, ...]
//
// A mask on the input rides on the output.
type Activation struct {
	Function activations.Activation // required
	Name     string                 // "activation", numbered, where empty
}

var _ Resolver = Activation{}

// Resolve checks that there is a function.
func (l Activation) Resolve() (Layer, error) {
	if l.Function == nil {
		return nil, graph.Error{Field: "Activation.Function", Rule: "must be set"}
	}
	return l, activation(&l.Function, nil)
}

// Call computes the layer.
func (l Activation) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Activation", inputs, 1)
	if !ok {
		return inputs
	}
	return []graph.Value{ride(x, l.Function.Apply(x))}
}
