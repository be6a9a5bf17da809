// Package activations has the activation functions of Keras as values for the config of
// a layer: a Name for those without parameters, and a struct for each of the others. A
// user's activation is a type with a method Apply.
package activations

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
)

// Activation is a function of the values inside a layer. Apply takes values of any
// shape; all activations here except GLU keep it. Masks are the layer's concern: the
// result may have one or not.
type Activation interface {
	Apply(x graph.Value) graph.Value
}

// Resolver is an activation that replaces the zero fields of its config by their
// defaults and checks all of them. Resolve must return a value of the activation's type:
// a type that embeds an activation with this method must define its own.
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

// fillPositive replaces 0 by the default and refuses what is not positive and finite.
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

// Along is the axis along which an activation combines elements, a negative one counted
// from the end, or 0 if each element is computed separately. A user's activation has a
// method for it,
//
//	Along() int
//
// without which ok is false. A type that embeds an activation inherits that method, and
// must define its own if its Apply uses another axis.
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
