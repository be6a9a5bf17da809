// Package regularizers has the regularizers of Keras, penalties on parameters and
// outputs that are added to the loss, as values for the config of a layer. A user's
// regularizer is a type with the method Penalty of graph.Regularizer.
package regularizers

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
)

// Resolver is a regularizer that replaces the zero fields of its config by
// their defaults and checks all of them. Resolve must return a value of the
// regularizer's type: a type that embeds a regularizer with this method must define its
// own.
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

// factor replaces 0 by Keras' default and refuses what is not positive and finite.
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

// L1 makes many elements 0.
//
//	penalty = L1 · Σ|x|
type L1 struct {
	L1 float64 // factor, positive; 0 means 0.01
}

// Resolve fills in the default.
func (r L1) Resolve() (graph.Regularizer, error) {
	err := r.fill()
	return r, err
}

func (r *L1) fill() error { return factor("L1.L1", &r.L1) }

// Penalty computes the penalty.
func (r L1) Penalty(x graph.Value) graph.Value {
	x.Scope().Fail(r.fill())
	return x.Abs().Sum().Scale(r.L1)
}

// L2 keeps elements small, the large ones most. Its gradient is that of weight
// decay with twice the factor.
//
//	penalty = L2 · Σx²
type L2 struct {
	L2 float64 // factor, positive; 0 means 0.01
}

// Resolve fills in the default.
func (r L2) Resolve() (graph.Regularizer, error) {
	err := r.fill()
	return r, err
}

func (r *L2) fill() error { return factor("L2.L2", &r.L2) }

// Penalty computes the penalty.
func (r L2) Penalty(x graph.Value) graph.Value {
	x.Scope().Fail(r.fill())
	return x.Square().Sum().Scale(r.L2)
}

// L1L2 is the sum of both.
//
//	penalty = L1 · Σ|x| + L2 · Σx²
type L1L2 struct {
	L1, L2 float64 // factors, not negative; 0 leaves that part out
}

// Resolve checks the factors.
func (r L1L2) Resolve() (graph.Regularizer, error) { return r, r.check() }

func (r L1L2) check() error {
	if err := notNegative("L1L2.L1", r.L1); err != nil {
		return err
	}
	return notNegative("L1L2.L2", r.L2)
}

// Penalty computes the penalty.
func (r L1L2) Penalty(x graph.Value) graph.Value {
	x.Scope().Fail(r.check())
	return x.Abs().Sum().Scale(r.L1).Add(x.Square().Sum().Scale(r.L2))
}
