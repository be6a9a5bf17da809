package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
)

// Activation applies an activation function to its input.
//
//	y = function(x)
//
//	in:  [batch, ...]
//	out: the same shape, unless the function changes it, as activations.GLU does
//
// A mask on the input rides on the output. Functions along an axis, such as
// activations.Softmax, pay no heed to it.
type Activation struct {
	Function activations.Activation // required
	Name     string                 // "activation", numbered, where empty
}

var _ Resolver = Activation{}

// Resolve fills in the function's defaults.
func (l Activation) Resolve() (Layer, error) {
	err := activation("Activation.Function", &l.Function, nil)
	return l, err
}

// Call computes the layer.
func (l Activation) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Activation", inputs, 1)
	if !ok {
		return inputs
	}
	return []graph.Value{ride(x, l.Function.Apply(x))}
}

// Stepwise holds for a function that is not along the steps.
func (l Activation) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	if err := pointwise(l, l.Function, in[0]); err != nil {
		return nil, err
	}
	return stepByStep(l, in)
}
