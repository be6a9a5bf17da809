package layers

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
)

// merge returns the inputs of a layer that combines them element by element, all with
// the same number of axes: inputs with fewer get axes of size 1 after the batch, and
// lose their masks, since the axis of their steps changes. Axes of size 1 broadcast,
// except the batch.
func merge(s *graph.Scope, class string, inputs []graph.Value) ([]graph.Value, bool) {
	if len(inputs) == 0 {
		s.Failf(class, "must have at least one input", 0)
		return nil, false
	}
	deepest := 1
	for _, x := range inputs {
		deepest = max(deepest, x.Rank())
	}
	out := make([]graph.Value, len(inputs))
	for i, x := range inputs {
		if x.Rank() < 1 {
			s.Failf(class, "must have inputs of at least 1 axis, the batch", x.Shape())
			return nil, false
		}
		for out[i] = x; out[i].Rank() < deepest; {
			out[i] = out[i].Unsqueeze(1)
		}
		for k := range i {
			if !fits(out[k].Shape(), out[i].Shape()) {
				s.Failf(class, fmt.Sprintf("must have inputs that broadcast to each other, and another is %v", inputs[k].Shape()), x.Shape())
				return nil, false
			}
		}
	}
	return out, true
}

// fits reports whether two shapes of one rank have the same batch, and broadcast
// to each other on all other axes.
func fits(a, b graph.Shape) bool {
	for i, n := range a {
		if !same(n, b[i]) && (i == 0 || n != 1 && b[i] != 1) {
			return false
		}
	}
	return true
}

// fold combines the inputs of a layer one after the other. The output has a mask if
// all inputs have one: a step counts if it counts in any of them.
func fold(s *graph.Scope, class string, inputs []graph.Value, f func(a, b graph.Value) graph.Value) []graph.Value {
	xs, ok := merge(s, class, inputs)
	if !ok {
		return inputs
	}
	y := xs[0]
	for _, x := range xs[1:] {
		y = f(y, x)
	}
	return []graph.Value{keepAnyMask(xs, y)}
}

// foldCounted is fold for an operation without a neutral element: elements of masked
// steps are ignored where another input has an element that counts.
func foldCounted(s *graph.Scope, class string, inputs []graph.Value, f func(a, b graph.Value) graph.Value) []graph.Value {
	xs, ok := merge(s, class, inputs)
	if !ok {
		return inputs
	}
	y := xs[0]
	counts, masked := broadcastMask(s, class, y) // where y has an element that counts
	for _, x := range xs[1:] {
		m, ok := broadcastMask(s, class, x)
		if ok {
			x = graph.Where(m, x, y)
		}
		if masked {
			y = graph.Where(counts, y, x)
		}
		if masked = masked && ok; masked {
			counts = counts.Maximum(m)
		}
		y = f(y, x)
	}
	return []graph.Value{keepAnyMask(xs, y)}
}

// mergedSteps is Stepwise of a layer that combines its inputs with merge. All must have
// their steps on the same axis, and no value that changes from step to step may be
// combined with earlier steps.
func mergedSteps(l Layer, in []graph.Value) ([]graph.Pace, error) {
	deepest := 0
	for _, x := range in {
		deepest = max(deepest, x.Rank())
	}
	for _, x := range in {
		switch {
		case x.Pace() == graph.Latest:
			return nil, notStepwise(l, "an input that is not a sequence changes from step to step, and would change earlier steps of the others")
		case x.Pace() == graph.Stepped && x.Rank() < deepest:
			return nil, notStepwise(l, "an input has more axes than one that is a sequence")
		case x.Pace() == graph.Still && x.Rank() == deepest && x.Dim(1) != 1:
			return nil, notStepwise(l, "an input has all steps at once")
		}
	}
	return []graph.Pace{graph.Stepped}, nil
}

// Add adds its inputs, element by element.
//
//	in:  one or more values of one shape
//	out: that shape
//
// Axes of size 1 broadcast, except the batch; an input with fewer axes gets axes of
// size 1 after the batch. The output has a mask if all inputs have one: a step counts
// if it counts in any of them.
type Add struct {
	Name string // "add", numbered, where empty
}

// Call computes the layer.
func (l Add) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return fold(s, "Add", inputs, graph.Value.Add)
}

// Stepwise combines step by step.
func (l Add) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }

// Subtract subtracts its second input from the first, element by element. For shapes
// and masks see Add.
//
//	in:  two values of one shape
//	out: that shape
type Subtract struct {
	Name string // "subtract", numbered, where empty
}

// Call computes the layer.
func (l Subtract) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) != 2 {
		s.Failf("Subtract", "must have two inputs", len(inputs))
		return inputs
	}
	return fold(s, "Subtract", inputs, graph.Value.Sub)
}

// Stepwise combines step by step.
func (l Subtract) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }

// Multiply multiplies its inputs, element by element. For shapes see Add.
//
//	in:  one or more values of one shape
//	out: that shape
//
// Elements of a masked step of an input are taken as 1. If all inputs have a mask, the
// output has one: a step counts if it counts in any of them, and is 0 otherwise.
type Multiply struct {
	Name string // "multiply", numbered, where empty
}

// Call computes the layer.
func (l Multiply) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	xs, ok := merge(s, "Multiply", inputs)
	if !ok {
		return inputs
	}
	one, zero := s.Const(1, graph.Shape{1}), s.Const(0, graph.Shape{1})
	var y, counts graph.Value // the product, and where an input counts
	masks := 0
	for i, x := range xs {
		if m, ok := broadcastMask(s, "Multiply", x); ok {
			x = graph.Where(m, x, one)
			if masks++; masks > 1 {
				m = counts.Maximum(m)
			}
			counts = m
		}
		if i > 0 {
			x = y.Times(x)
		}
		y = x
	}
	if masks == len(xs) {
		y = graph.Where(counts, y, zero)
	}
	return []graph.Value{keepAnyMask(xs, y)}
}

// Stepwise combines step by step.
func (l Multiply) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }

// Average is the mean of its inputs, element by element. For shapes and masks see Add;
// masked steps count in the mean, as in Keras.
//
//	in:  one or more values of one shape
//	out: that shape
type Average struct {
	Weights []float64 // of the inputs in a weighted mean, not negative, with a sum of 1; all equal where empty
	Name    string    // "average", numbered, where empty
}

var _ Resolver = Average{}

// Resolve checks the weights.
func (l Average) Resolve() (Layer, error) {
	sum := 0.0
	for _, w := range l.Weights {
		if !(w >= 0 && w <= 1) {
			return nil, graph.Error{Field: "Average.Weights", Rule: "must be from 0 to 1", Value: w}
		}
		sum += w
	}
	if len(l.Weights) > 0 && math.Abs(sum-1) > 1e-9 { // sums of fractions are rounded
		return nil, graph.Error{Field: "Average.Weights", Rule: "must have the sum 1; divide them by their sum", Value: sum}
	}
	l.Weights = slices.Clone(l.Weights) // a copy, which the caller cannot change
	return l, nil
}

// Call computes the layer.
func (l Average) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(l.Weights) == 0 {
		out := fold(s, "Average", inputs, graph.Value.Add)
		if s.Err() != nil {
			return inputs
		}
		return []graph.Value{keepMask(out[0], out[0].Scale(1/float64(len(inputs))))}
	}
	if len(inputs) != len(l.Weights) {
		s.Failf("Average.Weights", fmt.Sprintf("must be one for each of the %d inputs", len(inputs)), len(l.Weights))
		return inputs
	}
	weighted := make([]graph.Value, len(inputs))
	for i, x := range inputs {
		weighted[i] = keepMask(x, x.Scale(l.Weights[i]))
	}
	return fold(s, "Average", weighted, graph.Value.Add)
}

// Stepwise combines step by step.
func (l Average) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }

// Maximum is the largest of its inputs, element by element; equal ones share the
// gradient. For shapes see Add.
//
//	in:  one or more values of one shape
//	out: that shape
//
// Masked steps of an input are ignored where another input has a step that counts. The
// output has a mask if all inputs have one: a step counts if it counts in any of them.
type Maximum struct {
	Name string // "maximum", numbered, where empty
}

// Call computes the layer.
func (l Maximum) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return foldCounted(s, "Maximum", inputs, graph.Value.Maximum)
}

// Stepwise combines step by step.
func (l Maximum) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }

// Minimum is the smallest of its inputs, element by element; equal ones share the
// gradient. For shapes see Add.
//
//	in:  one or more values of one shape
//	out: that shape
//
// Masked steps of an input are ignored where another input has a step that counts. The
// output has a mask if all inputs have one: a step counts if it counts in any of them.
type Minimum struct {
	Name string // "minimum", numbered, where empty
}

// Call computes the layer.
func (l Minimum) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return foldCounted(s, "Minimum", inputs, graph.Value.Minimum)
}

// Stepwise combines step by step.
func (l Minimum) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }
