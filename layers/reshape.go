package layers

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
)

// Reshape gives the elements of a sample, in row-major order, another shape.
//
//	in:  [batch, ...]
//	out: [batch, target shape...]
//
// One axis of the target may be graph.Any (−1): it takes what the others leave,
// and stays open where an axis of the input is.
//
// If the first axis of the target is that of the steps, as when features alone are
// split or joined, the output has the mask of the input; this is known from the
// sizes of the other axes. Otherwise the mask ends here, and Summary says so. (In
// Keras it always ends here, with a warning.)
type Reshape struct {
	TargetShape graph.Shape // of one sample; required, at most 32 axes
	Name        string      // "reshape", numbered, where empty
}

var _ Resolver = Reshape{}

// Resolve checks the shape.
func (l Reshape) Resolve() (Layer, error) {
	rule := ""
	open := 0
	for _, d := range l.TargetShape {
		if d == graph.Any {
			open++
		} else if d < 1 {
			rule = "must have positive axes, and graph.Any for one of them at most"
		}
	}
	switch n := len(l.TargetShape); {
	case n < 1 || n > mostAxes:
		return nil, graph.Error{Field: "Reshape.TargetShape", Rule: fmt.Sprintf("must have 1 to %d axes", mostAxes), Value: n}
	case open > 1:
		rule = "must leave one axis open at most"
	}
	if rule != "" {
		return nil, graph.Error{Field: "Reshape.TargetShape", Rule: rule, Value: l.TargetShape}
	}
	if err := bounded("Reshape.TargetShape", l.TargetShape, mostAxes); err != nil {
		return nil, err
	}
	l.TargetShape = l.TargetShape.Clone() // a config does not change with what it was made of
	return l, nil
}

// Call computes the layer.
func (l Reshape) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Reshape", inputs, 1)
	if !ok {
		return inputs
	}
	sample, target := x.Shape()[1:], l.TargetShape.Clone()
	n, part := sample.Size(), known(target)
	open := slices.Index(target, graph.Any)
	switch {
	case n == graph.Any: // then the sizes show with the data
	case n%part != 0 || open < 0 && n != part:
		s.Failf("Reshape.TargetShape", fmt.Sprintf("must keep the %d elements of a sample of the shape %v", n, sample), l.TargetShape)
		return inputs
	case open >= 0:
		target[open] = n / part
	}
	y := x.Reshape(slices.Insert(target.Clone(), 0, x.Dim(0))...) // [batch, target shape...]
	if keepsSteps(sample, target) {
		y = ride(x, y)
	}
	return []graph.Value{y}
}

// keepsSteps tells whether the first axis of a sample is that of the target too:
// the elements at each of its places are as many.
func keepsSteps(sample, target graph.Shape) bool {
	if len(sample) == 0 {
		return false
	}
	n := sample[1:].Size()
	return n != graph.Any && n == target[1:].Size()
}
