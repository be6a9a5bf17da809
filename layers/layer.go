package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/internal/resolve"
)

// Layer computes values from values. Call is pure: it runs once for every purpose,
// batch size and length, and once with open axes to find shapes and parameters. It
// reports errors through the scope.
//
// A layer that has defaults or rules for its fields also implements Resolver; Call
// then runs only on the layer that Resolve returned.
type Layer interface {
	Call(s *graph.Scope, inputs ...graph.Value) []graph.Value
}

// Resolver is a layer that replaces the zero fields of its config by their
// defaults and checks all of them. The errors name fields ("LSTM.Units").
//
// Resolve must return a value of the layer's type. A type that embeds a layer inherits
// its Resolve, which returns the embedded layer, so it must define its own:
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

// Resolve returns the layer with every default filled in; a layer that does not
// implement Resolver is returned unchanged. A panic is returned as an error, since a
// config may contain values of the user's types.
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

// Apply resolves a layer and calls it one level deeper in the scope, under the given
// name. A layer calls other layers with it.
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
