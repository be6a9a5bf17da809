package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Concatenate joins its inputs along an axis; all other axes must have equal sizes.
//
//	in:  one or more values [batch, ...]
//	out: the same with the sizes of the axis added up; open where one of them is
//
// Along the steps, axis 1, the masks are joined too if any input has one; all steps of
// an input without a mask count. Along another axis the output has a mask if all
// inputs have one: a step counts if it counts in any of them.
type Concatenate struct {
	Axis int    // axis to join along, not the batch; a negative one counts from the end; −1 where 0
	Name string // "concatenate", numbered, where empty
}

var _ Resolver = Concatenate{}

// Resolve fills in the axis.
func (l Concatenate) Resolve() (Layer, error) {
	if l.Axis == 0 {
		l.Axis = -1
	}
	return l, nil
}

// Call computes the layer.
func (l Concatenate) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) == 0 {
		s.Failf("Concatenate", "must have at least one input", 0)
		return inputs
	}
	x := inputs[0]
	axis, ok := sampleAxis(s, "Concatenate.Axis", x, l.Axis)
	if !ok {
		return inputs
	}
	for _, y := range inputs[1:] {
		if !joins(x.Shape(), y.Shape(), axis) {
			s.Failf("Concatenate", fmt.Sprintf("must have inputs of equal sizes in all axes but %d, and the first is %v", axis, x.Shape()), y.Shape())
			return inputs
		}
	}
	y := graph.Concat(axis, x, inputs[1:]...)
	if axis != 1 {
		return []graph.Value{keepAnyMask(inputs, y)}
	}
	return []graph.Value{keepJoinedMask(s, inputs, y)}
}

// joins reports whether two shapes differ in one axis at most.
func joins(a, b graph.Shape, axis int) bool {
	return len(a) == len(b) && a.With(axis, 1).Matches(b.With(axis, 1))
}

// keepJoinedMask returns y with the masks of all xs joined along the steps, with ones
// for an x that has none.
func keepJoinedMask(s *graph.Scope, xs []graph.Value, y graph.Value) graph.Value {
	masks := make([]graph.Value, len(xs))
	some := false
	for i, x := range xs {
		m, ok := x.Mask()
		if ok && m.Rank() == 1 { // inside of TimeDistributed axis 1 has no steps
			return keepAnyMask(xs, y)
		}
		if some = some || ok; !ok {
			m = s.Const(1, x.Shape()[:2])
		}
		masks[i] = m
	}
	if !some {
		return y
	}
	return y.WithMask(graph.Concat(1, masks[0], masks[1:]...)) // [batch, steps]
}

// Stepwise allows all axes but that of the steps.
func (l Concatenate) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	for _, x := range in {
		if x.Pace() != graph.Stepped {
			return nil, notStepwise(l, "an input is a sequence, and another is not")
		}
	}
	return stepByStep(l, in, l.Axis)
}
