package layers

import (
	"math"

	"github.com/engram-go/engram/graph"
)

// Masking leaves steps out of what follows: those whose features all equal a
// value that stands for padding. They are set to zero, and a mask that leaves
// them out rides on the output.
//
//	in, out: [batch, steps, features]
//
// A step that a mask on the input leaves out stays out; Keras forgets that mask.
// Where no value stands for padding, a Lambda gives a mask that is an input.
type Masking struct {
	MaskValue float64 // the value of padding; any finite number
	Name      string  // "masking", numbered, where empty
}

var _ Resolver = Masking{}

// Resolve checks the value.
func (l Masking) Resolve() (Layer, error) {
	if math.IsNaN(l.MaskValue) || math.IsInf(l.MaskValue, 0) {
		return nil, graph.Error{Field: "Masking.MaskValue", Rule: "must be finite", Value: l.MaskValue, Kind: graph.ErrNotFinite}
	}
	return l, nil
}

// Call computes the layer.
func (l Masking) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "Masking", inputs)
	if !ok {
		return inputs
	}
	mask := differs(x, l.MaskValue).Max(-1)                            // [batch, steps]
	y := graph.Where(mask.Unsqueeze(-1), x, s.Const(0, graph.Shape{})) // [batch, steps, features]
	return []graph.Value{alsoMask(ride(x, y), mask)}
}

// differs is 1 where x is not c, as the dtype of x has it, and 0 elsewhere.
func differs(x graph.Value, c float64) graph.Value {
	return x.Equal(x.Scope().Const(c, graph.Shape{})).OneMinus()
}

// Stepwise masks every step by itself.
func (l Masking) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in, -1) }
