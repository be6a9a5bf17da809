package constraints

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// MaxNorm shortens vectors that are too long (Srivastava et al. 2014, "Dropout:
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

// UnitNorm gives every vector the norm 1:
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

// MinMaxNorm brings the norm of every vector between two bounds, at once or by
// and by:
//
//	w ← w · (Rate · clip(norm, MinValue, MaxValue) + (1 − Rate) · norm) / (norm + 1e-7)
type MinMaxNorm struct {
	MinValue float64 // smallest norm, not negative
	MaxValue float64 // largest norm, at least MinValue; 0 means 1
	Rate     float64 // part of the way that a step goes, 0 < Rate ≤ 1; 0 means 1
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
