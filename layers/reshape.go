package layers

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
)

// Reshape changes the shape of a sample; its elements stay in row-major order.
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
			rule = "must have positive axes, or graph.Any for at most one of them"
		}
	}
	switch n := len(l.TargetShape); {
	case n < 1 || n > mostAxes:
		return nil, graph.Error{Field: "Reshape.TargetShape", Rule: fmt.Sprintf("must have 1 to %d axes", mostAxes), Value: n}
	case open > 1:
		rule = "must leave at most one axis open"
	}
	if rule != "" {
		return nil, graph.Error{Field: "Reshape.TargetShape", Rule: rule, Value: l.TargetShape}
	}
	if err := bounded("Reshape.TargetShape", l.TargetShape, mostAxes); err != nil {
		return nil, err
	}
	l.TargetShape = l.TargetShape.Clone() // a copy, which the caller cannot change
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
	case n == graph.Any: // then sizes are checked with the data
	case n%part != 0 || open < 0 && n != part:
		s.Failf("Reshape.TargetShape", fmt.Sprintf("must keep the %d elements of a sample of the shape %v", n, sample), l.TargetShape)
		return inputs
	case open >= 0:
		target[open] = n / part
	}
	y := x.Reshape(slices.Insert(target.Clone(), 0, x.Dim(0))...) // [batch, target shape...]
	if keepsSteps(sample, target) {
		y = keepMask(x, y)
	}
	return []graph.Value{y}
}

// keepsSteps tells whether the first axis of a sample is also that of the target: both
// have the same number of elements at each index of it.
func keepsSteps(sample, target graph.Shape) bool {
	if len(sample) == 0 {
		return false
	}
	n := sample[1:].Size()
	return n != graph.Any && n == target[1:].Size()
}

// Permute reorders the axes of a sample: axis i of the output is axis Dims[i−1]
// of the input, both counted from 1, as 0 is the batch.
//
//	in:  [batch, ...], with as many axes after the batch as Dims has elements
//	out: the same axes in the order of Dims
//
// If the steps stay the first axis after the batch, the output has the mask of the
// input. Otherwise the mask ends here, and Summary says so. (In Keras it always
// ends here, with a warning.)
type Permute struct {
	Dims []int  // 1 to the number of axes, each once; required, at most 32
	Name string // "permute", numbered, where empty
}

var _ Resolver = Permute{}

// Resolve checks the axes.
func (l Permute) Resolve() (Layer, error) {
	n := len(l.Dims)
	if n < 1 || n > mostAxes {
		return nil, graph.Error{Field: "Permute.Dims", Rule: fmt.Sprintf("must name 1 to %d axes", mostAxes), Value: n}
	}
	var seen [mostAxes + 1]bool
	for _, d := range l.Dims {
		if d < 1 || d > n || seen[d] {
			return nil, graph.Error{Field: "Permute.Dims", Rule: fmt.Sprintf("must name each axis from 1 to %d once", n), Value: l.Dims}
		}
		seen[d] = true
	}
	l.Dims = append([]int{}, l.Dims...) // a copy, which the caller cannot change
	return l, nil
}

// Call computes the layer.
func (l Permute) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Permute", inputs, 1)
	if !ok {
		return inputs
	}
	if x.Rank() != len(l.Dims)+1 {
		s.Failf("Permute.Dims", fmt.Sprintf("must name each axis after the batch of %v", x.Shape()), l.Dims)
		return inputs
	}
	y := x.Transpose(append([]int{0}, l.Dims...)...)
	if l.Dims[0] == 1 {
		y = keepMask(x, y)
	}
	return []graph.Value{y}
}

// Flatten joins all axes but the batch, in row-major order.
//
//	in:  [batch, a, b, ...]
//	out: [batch, a·b·...]; open where one of the axes is
//
// The mask of the input ends here, as the output has no steps, and padded steps
// count as data; Summary says so.
type Flatten struct {
	Name string // "flatten", numbered, where empty
}

// Call computes the layer.
func (l Flatten) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Flatten", inputs, 1)
	if !ok {
		return inputs
	}
	return []graph.Value{x.Reshape(x.Dim(0), x.Shape()[1:].Size())}
}

// RepeatVector makes a sequence by repeating a vector, such as the input of a decoder.
//
//	in:  [batch, features]
//	out: [batch, n, features]
type RepeatVector struct {
	N    int    // number of steps; required
	Name string // "repeat_vector", numbered, where empty
}

var _ Resolver = RepeatVector{}

// Resolve checks the number.
func (l RepeatVector) Resolve() (Layer, error) { return l, positive("RepeatVector.N", l.N) }

// Call computes the layer.
func (l RepeatVector) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "RepeatVector", inputs, 1)
	if !ok {
		return inputs
	}
	if x.Rank() != 2 {
		s.Failf("RepeatVector", "must have an input of the shape [batch, features]", x.Shape())
		return inputs
	}
	return []graph.Value{x.Unsqueeze(1).BroadcastTo(x.Dim(0), l.N, x.Dim(1))} // [batch, n, features]
}
