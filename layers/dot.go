package layers

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
)

// Dot is the product of two inputs summed over one axis of each, sample by
// sample.
//
//	in:  x and y, [batch, ...], with one size on the axes that Axes names
//	out: [batch, the other axes of x..., the other axes of y...];
//	     [batch, 1] where there are none
//
// Normalize first divides both by their Euclidean length along the axis, or 1e-7 if that
// is larger, so that the result is the cosine of their angle. The masks of the inputs
// end here; Summary says so.
type Dot struct {
	Axes      [2]int // axis of each input, not the batch; a negative one counts from the end; required
	Normalize bool   // compute cosines
	Name      string // "dot", numbered, where empty
}

var _ Resolver = Dot{}

// Resolve checks the axes.
func (l Dot) Resolve() (Layer, error) {
	if l.Axes[0] == 0 || l.Axes[1] == 0 {
		return nil, graph.Error{Field: "Dot.Axes", Rule: "must name an axis after the batch (0) for each input", Value: l.Axes}
	}
	return l, nil
}

// Call computes the layer.
func (l Dot) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) != 2 {
		s.Failf("Dot", "must have two inputs", len(inputs))
		return inputs
	}
	x, y := inputs[0], inputs[1]
	a, ok := sampleAxis(s, "Dot.Axes", x, l.Axes[0])
	if !ok {
		return inputs
	}
	b, ok := sampleAxis(s, "Dot.Axes", y, l.Axes[1])
	if !ok {
		return inputs
	}
	if !same(x.Dim(0), y.Dim(0)) || !same(x.Dim(a), y.Dim(b)) {
		s.Failf("Dot", fmt.Sprintf("must have inputs of equal sizes in the batch and in the axes %v, and the first is %v", l.Axes, x.Shape()), y.Shape())
		return inputs
	}
	if l.Normalize {
		x, y = unit(x, a), unit(y, b)
	}
	batch, terms := x.Dim(0), x.Dim(a)
	left, right := move(x, a, x.Rank()-1), move(y, b, 1) // [batch, ..., terms], [batch, terms, ...]
	m, n := left.Shape()[1:x.Rank()-1], right.Shape()[2:]
	product := left.Reshape(batch, m.Size(), terms).MatMul(right.Reshape(y.Dim(0), y.Dim(b), n.Size())) // [batch, m, n]
	shape := slices.Concat(graph.Shape{batch}, m, n)
	if len(shape) == 1 {
		shape = append(shape, 1)
	}
	return []graph.Value{product.Reshape(shape...)}
}

// unit divides by the length along an axis.
func unit(x graph.Value, axis int) graph.Value {
	const least = 1e-7 * 1e-7
	square := x.Square().Sum(axis).Unsqueeze(axis)
	return x.Times(square.Clip(least, math.Inf(1)).Pow(-0.5))
}

// move moves an axis to another index; the others keep their order.
func move(x graph.Value, axis, to int) graph.Value {
	if axis == to {
		return x
	}
	order := make([]int, x.Rank())
	for i := range order {
		order[i] = i
	}
	return x.Transpose(slices.Insert(slices.Delete(order, axis, axis+1), to, axis)...)
}
