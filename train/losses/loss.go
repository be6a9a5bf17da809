package losses

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Loss measures how far an output is from its target: one number for each
// sample, and for each step where there are steps.
//
// Target and output have one shape, [batch, ..., features]; the result is the
// mean over the features, [batch, ...]. Without an axis of features, [batch],
// every element is a sample's number already. What is wrong is reported
// through the scope of output. A mask does not change the numbers.
type Loss interface {
	Loss(target, output graph.Value) graph.Value
}

// difference is output − target. Their shapes must be equal, for [batch]
// against [batch, 1] would broadcast to every sample against every other and
// train without an error to a wrong model.
func difference(target, output graph.Value) graph.Value {
	s, want := output.Scope(), output.Shape()
	switch {
	case len(want) == 0:
		s.Failf("output", "must have an axis of samples", want)
	case !alike(target.Shape(), want):
		s.Failf("target", fmt.Sprintf("must have the shape of the output, %v", want), target.Shape())
	default:
		return output.Sub(target)
	}
	return output
}

// alike tells whether two shapes may be equal: axes that are still open, where
// only shapes are followed, are compared when the graph is built.
func alike(a, b graph.Shape) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && a[i] != graph.Any && b[i] != graph.Any {
			return false
		}
	}
	return true
}

// mean averages over the features.
func mean(v graph.Value) graph.Value {
	if v.Rank() < 2 {
		return v
	}
	return v.Mean(-1)
}
