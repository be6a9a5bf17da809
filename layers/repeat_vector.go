package layers

import "github.com/engram-go/engram/graph"

// RepeatVector makes a sequence of a vector, the same at every step: what a
// decoder starts from.
//
//	in:  [batch, features]
//	out: [batch, n, features]
type RepeatVector struct {
	N    int    // number of steps; required
	Name string // "repeat_vector", numbered, where empty
}

var _ Resolver = RepeatVector{}

// Resolve checks the number.
func (l RepeatVector) Resolve() (Layer, error) { return l, positive("RepeatVector.N", l.N) }

// Call computes the layer.
func (l RepeatVector) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "RepeatVector", inputs, 1)
	if !ok {
		return inputs
	}
	if x.Rank() != 2 {
		s.Failf("RepeatVector", "must have an input of the shape [batch, features]", x.Shape())
		return inputs
	}
	return []graph.Value{x.Unsqueeze(1).BroadcastTo(x.Dim(0), l.N, x.Dim(1))} // [batch, n, features]
}
