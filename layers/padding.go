package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/shapes"
)

// Padding is what a layer with windows over the steps does at the ends of a sequence.
// The number of output steps depends on it.
type Padding string

const (
	// Valid adds nothing: every window lies within the input, which gives
	// ⌊(steps − span)/strides⌋ + 1 steps for windows that span that many steps. It
	// is the default.
	Valid Padding = "valid"
	// Same pads both ends equally, the last by one step more where the number is
	// odd, which gives ⌈steps/strides⌉ steps.
	Same Padding = "same"
	// Causal pads the beginning only: an output depends on its step and earlier
	// ones, and there are ⌈steps/strides⌉. Only Conv1D has it.
	Causal Padding = "causal"
)

// padding fills in a field of a layer.
func padding(field string, p *Padding, allowed ...Padding) error {
	if *p == "" {
		*p = Valid
	}
	for _, a := range allowed {
		if *p == a {
			return nil
		}
	}
	return graph.Error{Field: field, Rule: fmt.Sprintf("must be one of %v", allowed), Value: *p}
}

// extent fills in a field that counts steps.
func extent(field string, n *int, fallback int) error {
	if *n == 0 {
		*n = fallback
	}
	if *n < 1 || *n > shapes.MaxElements {
		return graph.Error{Field: field, Rule: fmt.Sprintf("must be positive and at most %d", shapes.MaxElements), Value: *n}
	}
	return nil
}

// windows returns the only input of a layer over the steps of a sequence, and its
// windows.
func (p Padding) windows(s *graph.Scope, class string, inputs []graph.Value, w graph.Window) (graph.Value, graph.Window, bool) {
	x, ok := sequenceInput(s, class, inputs)
	if !ok {
		return x, w, false
	}
	n := x.Dim(1)
	if n == graph.Any { // then padding does not change what is known
		return x, w, true
	}
	switch p {
	case Causal:
		w.Before = w.Span() - 1
	case Same:
		missing := max((n-1)/w.Stride*w.Stride+w.Span()-n, 0)
		w.Before = missing / 2
		w.After = missing - w.Before
	}
	if n+w.Before+w.After < w.Span() {
		s.Failf(class, fmt.Sprintf("must have an input of at least %d steps, which its window spans", w.Span()), x.Shape())
		return x, w, false
	}
	return x, w, true
}
