package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Input is the shape of one sample, without the batch axis; graph.Any leaves an axis
// open, such as the number of steps. A model begins with it. It computes nothing.
//
//	in, out: [batch, shape...]
type Input struct {
	Shape graph.Shape // of one sample, such as [30, 1] for 30 steps of 1 feature; graph.Shape{} for one number; required
	Name  string      // "input", numbered, where empty
}

var _ Resolver = Input{}

// Resolve checks the shape.
func (l Input) Resolve() (Layer, error) {
	if l.Shape == nil {
		return nil, graph.Error{Field: "Input.Shape", Rule: "must be given, as graph.Shape{} where a sample is one number"}
	}
	for _, d := range l.Shape {
		if d < graph.Any || d == 0 {
			return nil, graph.Error{Field: "Input.Shape", Rule: "must have positive or open axes", Value: l.Shape}
		}
	}
	if err := bounded("Input.Shape", l.Shape, mostAxes); err != nil {
		return nil, err
	}
	l.Shape = l.Shape.Clone() // a copy, which the caller cannot change
	return l, nil
}

// Call returns its input.
func (l Input) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Input", inputs, 1)
	shape := l.Shape
	if s.Stepping() && x.Pace() == graph.Stepped {
		shape = shape.With(0, 1)
	}
	if ok && !shape.Accepts(x.Shape()[1:]) {
		s.Failf("Input", fmt.Sprintf("must have samples of shape %v", shape), x.Shape()[1:])
	}
	return inputs
}

// Stepwise returns the step.
func (l Input) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
