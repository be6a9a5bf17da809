// Package initializers holds the ways in which parameters get their first
// values, those of Keras, as values that a layer's config holds: a Name for
// those without parameters, and a struct for each of the others. One of one's
// own is a type with the method Init of graph.Initializer.
//
// Every draw comes from the source that Init is given, so equal sources and
// shapes give equal elements.
package initializers

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
	"github.com/engram-go/engram/internal/shapes"
)

// Resolver is an initializer that replaces the zero fields of its config by
// their defaults and checks all of them. What Resolve returns takes the place
// of the initializer, and so must be of its type: a type that embeds one with this
// method needs one of its own, or is refused.
type Resolver interface {
	Resolve() (graph.Initializer, error)
}

// Resolve returns the initializer with every default filled in, or the
// fallback where it is nil or an empty Name. A layer calls it to check its
// config before anything is built; Init finds the same errors.
func Resolve(i, fallback graph.Initializer) (graph.Initializer, error) {
	if i == nil || i == Name("") {
		i = fallback
	}
	if i == nil {
		return nil, graph.Error{Field: "initializer", Rule: "must not be nil"}
	}
	return resolve.Of("an initializer", i)
}

// All lists every initializer of this package: the names, and each struct with
// zero fields where that is allowed. A registry of saved configs starts from it.
func All() []any {
	var all []any
	for _, m := range meanings {
		all = append(all, m.name)
	}
	return append(all, Constant{}, Identity{}, RandomNormal{}, TruncatedNormal{}, RandomUniform{}, VarianceScaling{}, Orthogonal{}, Chrono{MaxSteps: 100})
}

// size is the number of elements of a parameter.
func size(shape graph.Shape) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 1 || n > shapes.MaxElements/d {
			return 0, graph.Error{
				Field: "shape", Value: shape.String(),
				Rule: fmt.Sprintf("must have positive axes and at most %d elements", shapes.MaxElements),
			}
		}
		n *= d
	}
	return n, nil
}

// draw fills a parameter with one draw after the other.
func draw(shape graph.Shape, next func() float64) ([]float64, error) {
	n, err := size(shape)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = next()
	}
	return out, nil
}

// fillPositive replaces 0 by the default and refuses what is no size.
func fillPositive(field string, x *float64, fallback float64) error {
	if *x == 0 {
		*x = fallback
	}
	if !(*x > 0) || math.IsInf(*x, 0) {
		return graph.Error{Field: field, Rule: "must be positive and finite", Value: *x}
	}
	return nil
}

func checkFinite(field string, x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return graph.Error{Field: field, Rule: "must be finite", Value: x}
	}
	return nil
}
