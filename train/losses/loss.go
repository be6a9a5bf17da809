package losses

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Loss measures how far an output is from its target: one number for each
// sample, and for each step where there are steps.
//
// Target and output have one shape, [batch, ..., features], unless the loss is
// a TargetShaper; the result is the mean over the features, [batch, ...].
// Without an axis of features, [batch], every element is a sample's number
// already. What is wrong is reported through the scope of output. Masks and
// weights are not the loss's part: they are the trainer's.
type Loss interface {
	Loss(target, output graph.Value) graph.Value
}

// TargetShaper is a loss whose targets have not the shape of the output. Axes
// may be open.
type TargetShaper interface {
	TargetShape(output graph.Shape) graph.Shape
}

// difference is output − target.
func difference(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	return output.Sub(target)
}

// fits tells whether the shapes of target and output are equal, and reports it
// where they are not, for [batch] against [batch, 1] would broadcast to every
// sample against every other and train without an error to a wrong model.
func fits(target, output graph.Value) bool {
	s, want := output.Scope(), output.Shape()
	switch {
	case len(want) == 0:
		s.Failf("output", "must have an axis of samples", want)
	case !target.Shape().Matches(want):
		s.Failf("target", fmt.Sprintf("must have the shape of the output, %v", want), target.Shape())
	default:
		return true
	}
	return false
}

// mean averages over the features.
func mean(v graph.Value) graph.Value {
	if v.Rank() < 2 {
		return v
	}
	return v.Mean(-1)
}
