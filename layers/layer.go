package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/internal/resolve"
)

// Layer turns values into values. Call is pure: it is run once for every
// purpose, batch size and length, and once with open axes to find shapes and
// parameters. It reports what is wrong through the scope.
//
// A layer that has defaults or rules for its fields also has Resolve, and its
// Call is run only on what that returned.
type Layer interface {
	Call(s *graph.Scope, inputs ...graph.Value) []graph.Value
}

// Resolver is a layer that replaces the zero fields of its config by their
// defaults and checks all of them. The errors name fields ("LSTM.Units").
//
// What Resolve returns takes the layer's place, and so must be of its type. A
// type that embeds a layer has that layer's Resolve, which returns the embedded
// one; it is refused until it has a Resolve of its own:
//
//	type Doubled struct{ layers.Dense }
//
//	func (l Doubled) Resolve() (layers.Layer, error) {
//		dense, err := layers.Resolve(l.Dense)
//		if err != nil {
//			return nil, err
//		}
//		return Doubled{dense.(layers.Dense)}, nil
//	}
type Resolver interface {
	Resolve() (Layer, error)
}

// Resolve returns the layer with every default filled in; one that is no
// Resolver is returned as it is. A config may hold values of a user's own, so a
// panic on the way is an error, as it is in Call.
func Resolve(l Layer) (_ Layer, err error) {
	if l == nil {
		return nil, graph.Error{Field: "layer", Rule: "must not be nil"}
	}
	defer func() {
		if p := recover(); p != nil {
			err = graph.Error{Field: layername.Class(l) + ".Resolve", Rule: "must not panic", Value: p}
		}
	}()
	return resolve.Of("a layer", l)
}

// Apply resolves a layer and calls it one level deeper in the scope, under the
// given name. It is how a layer uses other layers.
func Apply(s *graph.Scope, name string, l Layer, inputs ...graph.Value) []graph.Value {
	var out []graph.Value
	s.Within(name, func() {
		resolved, err := Resolve(l)
		if err != nil {
			s.Fail(err)
			return
		}
		out = resolved.Call(s, inputs...)
	})
	return out
}
