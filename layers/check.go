package layers

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
)

// first returns the first error of a layer's checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// positive checks a size that has no default. The upper bound keeps products of sizes
// from overflowing.
func positive(field string, n int) error {
	switch {
	case n <= 0:
		return graph.Error{Field: field, Rule: "must be positive", Value: n}
	case n > shapes.MaxElements:
		return graph.Error{Field: field, Rule: fmt.Sprintf("must be at most %d", shapes.MaxElements), Value: n}
	}
	return nil
}

// units checks the size n of a state, whose recurrent kernel is [n, columns·n], before
// that kernel is drawn.
func units(field string, n, columns int) error {
	err := positive(field, n)
	if err == nil && n > shapes.MaxElements/columns/n {
		err = graph.Error{Field: field, Rule: fmt.Sprintf("must leave the recurrent kernel at most %d elements", shapes.MaxElements), Value: n}
	}
	return err
}

const mostAxes = 32 // in a shape of a config

// bounded checks that a shape of a config is not too large.
func bounded(field string, shape graph.Shape, axes int) error {
	switch {
	case len(shape) > axes:
		return graph.Error{Field: field, Rule: fmt.Sprintf("must have at most %d axes", axes), Value: len(shape)}
	case known(shape) > shapes.MaxElements:
		return graph.Error{Field: field, Rule: fmt.Sprintf("must have at most %d elements", shapes.MaxElements), Value: shape}
	}
	return nil
}

// known is the number of elements without the open axes.
func known(shape graph.Shape) int {
	return slices.DeleteFunc(shape.Clone(), func(d int) bool { return d == graph.Any }).Size()
}

// notNegative checks a count that may be 0.
func notNegative(field string, n int) error {
	if n < 0 {
		return graph.Error{Field: field, Rule: "must not be negative", Value: n}
	}
	return nil
}

// rate checks a probability below 1.
func rate(field string, p float64) error {
	if !(p >= 0 && p < 1) {
		return graph.Error{Field: field, Rule: "must be at least 0 and less than 1", Value: p}
	}
	return nil
}

// activation fills in a field of a layer.
func activation(field string, a *activations.Activation, fallback activations.Activation) (err error) {
	*a, err = activations.Resolve(*a, fallback)
	return errs.At(err, "", field)
}

// initializer fills in a field of a layer.
func initializer(field string, i *graph.Initializer, fallback graph.Initializer) (err error) {
	*i, err = initializers.Resolve(*i, fallback)
	return errs.At(err, "", field)
}

// regularizer fills in a field of a layer, which may be nil for none.
func regularizer(field string, r *graph.Regularizer) (err error) {
	*r, err = regularizers.Resolve(*r)
	return errs.At(err, "", field)
}

// constraint fills in a field of a layer, which may be nil for none.
func constraint(field string, c *graph.Constraint) (err error) {
	*c, err = constraints.Resolve(*c)
	return errs.At(err, "", field)
}

// weightFields fills in the fields of a layer that belong to one of its weights, such
// as KernelInitializer, KernelRegularizer and KernelConstraint.
func weightFields(class, name string, i *graph.Initializer, fallback graph.Initializer, r *graph.Regularizer, c *graph.Constraint) error {
	return first(
		initializer(class+"."+name+"Initializer", i, fallback),
		regularizer(class+"."+name+"Regularizer", r),
		constraint(class+"."+name+"Constraint", c),
	)
}

// one returns the only input of a layer, of at least the given rank.
func one(s *graph.Scope, class string, inputs []graph.Value, rank int) (graph.Value, bool) {
	if len(inputs) != 1 {
		s.Failf(class, "must have one input", len(inputs))
		return graph.Value{}, false
	}
	x := inputs[0]
	if x.Rank() < rank {
		s.Failf(class, fmt.Sprintf("must have an input of at least %d axes, the batch first", rank), x.Shape())
		return graph.Value{}, false
	}
	return x, true
}

// sequenceInput returns the only input of a layer that needs a sequence.
func sequenceInput(s *graph.Scope, class string, inputs []graph.Value) (graph.Value, bool) {
	x, ok := one(s, class, inputs, 1)
	if ok && x.Rank() != 3 {
		s.Failf(class, "must have an input of the shape [batch, steps, features]", x.Shape())
		return x, false
	}
	return x, ok
}

// features is the size of the last axis, which weights depend on.
func features(s *graph.Scope, class string, x graph.Value) (int, bool) {
	d := x.Dim(-1)
	if d == graph.Any {
		s.Failf(class, "must have an input whose last axis is known", x.Shape())
		return 0, false
	}
	return d, true
}

// sampleAxis is the index of an axis of x that a field names, and that may be negative.
// It must not be the batch.
func sampleAxis(s *graph.Scope, field string, x graph.Value, axis int) (int, bool) {
	a := axis
	if a < 0 {
		a += x.Rank()
	}
	if a < 1 || a >= x.Rank() {
		s.Failf(field, fmt.Sprintf("must be an axis after the batch of %v", x.Shape()), axis)
		return 0, false
	}
	return a, true
}

// same reports whether two axes may have equal sizes; an open one may have any.
func same(a, b int) bool { return a == b || a == graph.Any || b == graph.Any }

// gate applies an activation that must keep the shape of x: an output of half the size
// could broadcast in later operations without an error.
func gate(field string, a activations.Activation, x graph.Value) graph.Value {
	y := a.Apply(x)
	if !y.Shape().Equal(x.Shape()) {
		x.Scope().Failf(field, fmt.Sprintf("must keep the shape %v", x.Shape()), y.Shape())
	}
	return y
}

// weight declares a weight of the layer with a regularizer and a constraint, which are
// nil for none.
func weight(s *graph.Scope, name string, shape graph.Shape, init graph.Initializer, r graph.Regularizer, c graph.Constraint) graph.Value {
	w := s.Param(name, shape, init)
	s.Regularize(name, r)
	s.Constrain(name, c)
	return w
}

// addActivityPenalty adds each output's penalty divided by the batch size to the
// losses, as Keras does.
func addActivityPenalty(s *graph.Scope, r graph.Regularizer, outputs ...graph.Value) []graph.Value {
	for _, y := range outputs {
		if r != nil && s.Err() == nil {
			s.AddLoss(r.Penalty(y).Scale(1 / float64(y.Dim(0))))
		}
	}
	return outputs
}

// epsilon fills in the ε that keeps a division finite.
func epsilon(field string, e *float64, fallback float64) error {
	if *e == 0 {
		*e = fallback
	}
	if !(*e > 0) || math.IsInf(*e, 0) {
		return graph.Error{Field: field, Rule: "must be positive and finite", Value: *e}
	}
	return nil
}

// inner resolves a layer in a field of another.
func inner(field string, l *Layer) error {
	if *l == nil {
		return graph.Error{Field: field, Rule: "must be set"}
	}
	if reflect.TypeOf(*l).Name() == "" {
		return graph.Error{
			Field: field,
			Rule:  "must be a value of a named type, such as layers.Dense{Units: 1}, and not a pointer or a model",
			Value: fmt.Sprintf("%T", *l),
		}
	}
	if name := layername.Given(*l); name != "" {
		if err := layername.Check(field+".Name", name); err != nil {
			return err
		}
	}
	resolved, err := Resolve(*l)
	if err != nil {
		return errs.At(err, "", field)
	}
	*l = resolved
	return nil
}

// innerName is the name of a layer in another, without a number.
func innerName(l Layer) string {
	if name := layername.Given(l); name != "" {
		return name
	}
	return layername.Default(l)
}
