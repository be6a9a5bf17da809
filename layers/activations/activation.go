// Package activations holds the activation functions of Keras, as values that
// a layer's config holds: a Name for those without parameters, and a struct for
// each of the others. An activation of one's own is a type with a method Apply.
package activations

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
)

// Activation is a function of the values inside a layer. Apply is given values
// of any shape; all activations here but GLU keep it. Masks are left to the
// layer: whether one rides on the result is not promised.
type Activation interface {
	Apply(x graph.Value) graph.Value
}

// Resolver is an activation that replaces the zero fields of its config by
// their defaults and checks all of them. What Resolve returns takes the place
// of the activation, and so must be of its type: a type that embeds one with this
// method needs one of its own, or is refused.
type Resolver interface {
	Resolve() (Activation, error)
}

// Resolve returns the activation with every default filled in, or the fallback
// where it is nil or an empty Name. A layer calls it to check its config before
// anything is built; Apply finds the same errors.
func Resolve(a, fallback Activation) (Activation, error) {
	if a == nil || a == Name("") {
		a = fallback
	}
	if a == nil {
		return nil, graph.Error{Field: "activation", Rule: "must not be nil"}
	}
	return resolve.Of("an activation", a)
}

// All lists every activation of this package: the names, and each struct with
// zero fields. A registry of saved configs starts from it.
func All() []any {
	var all []any
	for _, f := range functions {
		all = append(all, f.name)
	}
	return append(all, LeakyReLU{}, ELU{}, CELU{}, GELU{}, Squareplus{}, HardShrink{}, SoftShrink{}, Threshold{},
		Softmax{}, LogSoftmax{}, Sparsemax{}, GLU{})
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

// Along is the axis along which an activation lets elements see each other, a
// negative one counted from the end, and 0 where none sees another. One that is
// not of this package says so with a method
//
//	Along() int
//
// and otherwise ok is false. A type that embeds an activation has that method from
// it, and needs one of its own where its Apply looks along another axis.
func Along(a Activation) (axis int, ok bool) {
	switch a := a.(type) {
	case Name, LeakyReLU, ELU, CELU, GELU, Squareplus, HardShrink, SoftShrink, Threshold:
		return 0, true
	case interface{ Along() int }:
		return a.Along(), true
	}
	return 0, false
}

// Along is the axis.
func (a Softmax) Along() int { return axis(a.Axis) }

// Along is the axis.
func (a LogSoftmax) Along() int { return axis(a.Axis) }

// Along is the axis.
func (a Sparsemax) Along() int { return axis(a.Axis) }

// Along is the axis.
func (a GLU) Along() int { return axis(a.Axis) }
