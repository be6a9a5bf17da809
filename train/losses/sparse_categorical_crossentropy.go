package losses

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

var (
	_ Loss         = SparseCategoricalCrossentropy{}
	_ TargetShaper = SparseCategoricalCrossentropy{}
)

// SparseCategoricalCrossentropy is CategoricalCrossentropy with the number of
// the class k as the target, from 0:
//
//	−log p_k
//
// Targets are floats like all data; one that is not the number of a class is an
// error of the run, also at a masked step.
type SparseCategoricalCrossentropy struct {
	// FromLogits says that the model ends without a softmax: p = softmax(output).
	// Behind a softmax or a sigmoid it is an error of Compile.
	FromLogits bool
}

// TargetShape is that of the output without its classes.
func (SparseCategoricalCrossentropy) TargetShape(output graph.Shape) graph.Shape {
	return output[:max(len(output)-1, 0)].Clone()
}

// Loss maps an output [batch, ..., classes] and a target [batch, ...], or
// [batch, ..., 1], to [batch, ...].
func (c SparseCategoricalCrossentropy) Loss(target, output graph.Value) graph.Value {
	s, n := output.Scope(), classes(output)
	if target.Rank() == output.Rank() && target.Rank() > 1 && target.Dim(-1) == 1 {
		target = target.At(-1, 0) // [batch, ...]
	}
	want := c.TargetShape(output.Shape())
	if !target.Shape().Matches(want) {
		s.Failf("target", fmt.Sprintf("must be numbers of classes in the shape %v", want), target.Shape())
		return output
	}
	class := target.Require("target", classRule(n), whole(n))
	return logProbabilities("SparseCategoricalCrossentropy", output, c.FromLogits).Pick(class).Neg()
}
