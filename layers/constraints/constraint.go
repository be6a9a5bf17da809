// Package constraints has the constraints of Keras, which are applied to parameters
// after every training step, as values for the config of a layer. A user's constraint is
// a type with the method Constrain of graph.Constraint.
//
// A norm is the length √Σw² of the vector of elements along the axes that a
// constraint names, one vector for every index of the other axes. The norm along
// axis 0, the default, is that of all weights that go into one unit of a kernel
// [in, units].
package constraints

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
)

// Resolver is a constraint that replaces the zero fields of its config by their
// defaults and checks all of them. Resolve must return a value of the constraint's
// type: a type that embeds a constraint with this method must define its own.
type Resolver interface {
	Resolve() (graph.Constraint, error)
}

// Resolve returns the constraint with every default filled in; nil, which is
// none, stays nil. A layer calls it to check its config before anything is built.
func Resolve(c graph.Constraint) (graph.Constraint, error) {
	return resolve.Of("a constraint", c)
}

// All lists every constraint of this package with zero fields. A registry of
// saved configs starts from it.
func All() []any { return []any{MaxNorm{}, MinMaxNorm{}, NonNeg{}, UnitNorm{}} }

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

// fillAxes replaces nil by axis 0 and refuses what names no axis, or one twice.
func fillAxes(field string, axes *[]int) error {
	if len(*axes) == 0 {
		*axes = []int{0}
	}
	*axes = slices.Clone(*axes) // a copy, which the caller cannot change
	for i, a := range *axes {
		if slices.Contains((*axes)[:i], a) {
			return graph.Error{Field: field, Rule: "must name an axis once", Value: a}
		}
		if a < 0 {
			return graph.Error{Field: field, Rule: "must not be negative", Value: a}
		}
	}
	return nil
}

// epsilon keeps a division by the norm of a vector of zeros finite, as in Keras.
const epsilon = 1e-7

// scale multiplies every vector along the axes by factor(its norm).
func scale(field string, shape graph.Shape, elements []float64, axes []int, factor func(norm float64) float64) error {
	along := make([]bool, shape.Rank())
	for _, a := range axes {
		if a >= shape.Rank() {
			return graph.Error{Field: field, Rule: fmt.Sprintf("must lie within the shape %v", shape), Value: a}
		}
		along[a] = true
	}
	step := 1 // from the vector of an element to that of the next on the last axis
	if along[len(along)-1] {
		step = 0
	}
	factors := make([]float64, len(elements)) // at the index of the first element of each vector; before that the sums of squares
	rows(shape, along, func(from, end, vector int) {
		for _, x := range elements[from:end] {
			factors[vector] += x * x
			vector += step
		}
	})
	done := make([]bool, len(elements))
	rows(shape, along, func(from, end, vector int) {
		for i := range elements[from:end] {
			if !done[vector] {
				done[vector] = true
				factors[vector] = factor(math.Sqrt(factors[vector]))
			}
			elements[from+i] *= factors[vector]
			vector += step
		}
	})
	return nil
}

// rows visits the elements by rows of the last axis; vector is the index of the first
// element of the vector that contains the first element of the row.
func rows(shape graph.Shape, along []bool, visit func(from, end, vector int)) {
	n := shape[len(shape)-1]
	for from := 0; from < shape.Size(); from += n {
		vector, rest, stride := 0, from, 1
		for a := len(shape) - 1; a >= 0; a-- {
			if !along[a] {
				vector += rest % shape[a] * stride
			}
			rest /= shape[a]
			stride *= shape[a]
		}
		visit(from, from+n, vector)
	}
}

// NonNeg sets negative elements to 0:
//
//	w ← max(w, 0)
type NonNeg struct{}

// Constrain changes the elements.
func (NonNeg) Constrain(_ graph.Shape, elements []float64) error {
	for i, x := range elements {
		elements[i] = max(x, 0)
	}
	return nil
}

// MaxNorm limits the norm of every vector (Srivastava et al. 2014, "Dropout:
// A Simple Way to Prevent Neural Networks from Overfitting"):
//
//	w ← w · min(norm, MaxValue) / (norm + 1e-7)
type MaxNorm struct {
	MaxValue float64 // largest norm, positive; 0 means 2
	Axes     []int   // along which a norm is taken; nil means axis 0
}

// Resolve fills in the defaults.
func (c MaxNorm) Resolve() (graph.Constraint, error) {
	err := c.fill()
	return c, err
}

func (c *MaxNorm) fill() error {
	if err := fillAxes("MaxNorm.Axes", &c.Axes); err != nil {
		return err
	}
	return fillPositive("MaxNorm.MaxValue", &c.MaxValue, 2)
}

// Constrain changes the elements.
func (c MaxNorm) Constrain(shape graph.Shape, elements []float64) error {
	if err := c.fill(); err != nil {
		return err
	}
	return scale("MaxNorm.Axes", shape, elements, c.Axes, func(norm float64) float64 {
		return min(norm, c.MaxValue) / (norm + epsilon)
	})
}

// UnitNorm scales every vector to norm 1:
//
//	w ← w / (norm + 1e-7)
type UnitNorm struct {
	Axes []int // along which a norm is taken; nil means axis 0
}

// Resolve fills in the default.
func (c UnitNorm) Resolve() (graph.Constraint, error) {
	err := c.fill()
	return c, err
}

func (c *UnitNorm) fill() error { return fillAxes("UnitNorm.Axes", &c.Axes) }

// Constrain changes the elements.
func (c UnitNorm) Constrain(shape graph.Shape, elements []float64) error {
	if err := c.fill(); err != nil {
		return err
	}
	return scale("UnitNorm.Axes", shape, elements, c.Axes, func(norm float64) float64 {
		return 1 / (norm + epsilon)
	})
}

// MinMaxNorm moves the norm of every vector between two bounds, at once or gradually:
//
//	w ← w · (Rate · clip(norm, MinValue, MaxValue) + (1 − Rate) · norm) / (norm + 1e-7)
type MinMaxNorm struct {
	MinValue float64 // smallest norm, not negative
	MaxValue float64 // largest norm, at least MinValue; 0 means 1
	Rate     float64 // fraction of the distance to the bounds that is moved in each step, 0 < Rate ≤ 1; 0 means 1
	Axes     []int   // along which a norm is taken; nil means axis 0
}

// Resolve fills in the defaults.
func (c MinMaxNorm) Resolve() (graph.Constraint, error) {
	err := c.fill()
	return c, err
}

func (c *MinMaxNorm) fill() error {
	for _, err := range []error{
		fillAxes("MinMaxNorm.Axes", &c.Axes),
		fillPositive("MinMaxNorm.MaxValue", &c.MaxValue, 1),
		fillPositive("MinMaxNorm.Rate", &c.Rate, 1),
	} {
		if err != nil {
			return err
		}
	}
	if c.Rate > 1 {
		return graph.Error{Field: "MinMaxNorm.Rate", Rule: "must be at most 1", Value: c.Rate}
	}
	if !(c.MinValue >= 0 && c.MinValue <= c.MaxValue) {
		return graph.Error{
			Field: "MinMaxNorm.MinValue", Rule: fmt.Sprintf("must lie between 0 and the MaxValue of %g", c.MaxValue), Value: c.MinValue,
		}
	}
	return nil
}

// Constrain changes the elements.
func (c MinMaxNorm) Constrain(shape graph.Shape, elements []float64) error {
	if err := c.fill(); err != nil {
		return err
	}
	return scale("MinMaxNorm.Axes", shape, elements, c.Axes, func(norm float64) float64 {
		clipped := min(max(norm, c.MinValue), c.MaxValue)
		return (c.Rate*clipped + (1-c.Rate)*norm) / (norm + epsilon)
	})
}
