// Package regularizers holds the penalties on parameters and outputs that are
// added to the loss, those of Keras, as values that a layer's config holds, one
// struct each. One of one's own is a type with the method Penalty of
// graph.Regularizer.
package regularizers

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
)

// Resolver is a regularizer that replaces the zero fields of its config by
// their defaults and checks all of them. What Resolve returns takes the place
// of the regularizer, and so must be of its type: a type that embeds one with this
// method needs one of its own, or is refused.
type Resolver interface {
	Resolve() (graph.Regularizer, error)
}

// Resolve returns the regularizer with every default filled in; nil, which is
// none, stays nil. A layer calls it to check its config before anything is built.
func Resolve(r graph.Regularizer) (graph.Regularizer, error) {
	return resolve.Of("a regularizer", r)
}

// All lists every regularizer of this package with zero fields. A registry of
// saved configs starts from it.
func All() []any { return []any{L1{}, L2{}, L1L2{}, OrthogonalRegularizer{}} }

// factor replaces 0 by Keras' default and refuses what is no factor.
func factor(field string, f *float64) error {
	if *f == 0 {
		*f = 0.01
	}
	return notNegative(field, *f)
}

func notNegative(field string, f float64) error {
	if !(f >= 0) || math.IsInf(f, 0) {
		return graph.Error{Field: field, Rule: "must be finite and not negative", Value: f}
	}
	return nil
}
