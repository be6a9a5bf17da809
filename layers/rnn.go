package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Cell is one step of a recurrent layer.
type Cell interface {
	// States are the sizes of the states that the cell carries from step to
	// step: a state of size n has the shape [batch, n].
	States() []int
	// Step computes one step from x [batch, features] and the states: the
	// output y [batch, units], and the states that follow. Constants are outer
	// values that every step sees, with gradients.
	Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (y graph.Value, next []graph.Value)
}

// sequence is what a recurrent layer runs its cell over.
type sequence struct {
	x         graph.Value // [batch, steps, features], perhaps with a mask
	states    []graph.Value
	backwards bool // from the last step to the first
}

// recurrent checks the inputs of a recurrent layer: the sequence, and perhaps
// one initial state for each size; otherwise initial gives them.
func recurrent(s *graph.Scope, class string, sizes []int, inputs []graph.Value, initial InitialState) (sequence, bool) {
	if len(inputs) != 1 && len(inputs) != 1+len(sizes) {
		s.Failf(class, fmt.Sprintf("must have one input, or that and %d initial states", len(sizes)), len(inputs))
		return sequence{}, false
	}
	x := inputs[0]
	if x.Rank() != 3 {
		s.Failf(class, "must have an input of the shape [batch, steps, features]", x.Shape())
		return sequence{}, false
	}
	if _, ok := features(s, class, x); !ok {
		return sequence{}, false
	}
	if mask, ok := x.Mask(); ok && !mask.Shape().Accepts(x.Shape()[:2]) {
		s.Failf(class+" mask", fmt.Sprintf("must have the shape %v", x.Shape()[:2]), mask.Shape())
		return sequence{}, false
	}
	q := sequence{x: x, states: inputs[1:]}
	if len(q.states) == 0 {
		q.states = initial.States(s, x.Dim(0), sizes)
	}
	if len(q.states) != len(sizes) {
		s.Failf(class+".InitialState", fmt.Sprintf("must give %d states", len(sizes)), len(q.states))
		return sequence{}, false
	}
	for i, v := range q.states {
		if want := (graph.Shape{x.Dim(0), sizes[i]}); s.Err() == nil && !v.Shape().Equal(want) {
			s.Failf(fmt.Sprintf("%s initial state %d", class, i), fmt.Sprintf("must have the shape %v", want), v.Shape())
		}
	}
	return q, s.Err() == nil
}

// unroll writes the cell's formulas out for every step. It returns the outputs
// in the order in which they were computed, and the last states. Where only
// shapes are followed, one step stands for all.
//
// At a masked step the states stay as they were.
func unroll(s *graph.Scope, c Cell, q sequence) (ys, states []graph.Value) {
	xs := []graph.Value{q.x.At(1, 0)} // [batch, features] each
	if !s.Symbolic() {
		xs = split(q.x)
	}
	mask, masked := q.x.Mask() // [batch, steps]
	states = q.states
	for i := range xs {
		t := i
		if q.backwards {
			t = len(xs) - 1 - i
		}
		y, next := c.Step(s, xs[t], states, nil) // [batch, units]
		if !sameShapes(s, next, states) || s.Err() != nil {
			return []graph.Value{y}, states
		}
		if masked {
			m := mask.Slice(1, t, t+1) // [batch, 1]
			y, next = hold(m, y, next, ys, states)
		}
		ys, states = append(ys, y), next
	}
	return ys, states
}

// split gives x at every step. It cuts long sequences in halves first: the
// gradient of a cut is as large as what was cut, so that of cutting each step
// from the whole would grow with the square of the steps.
func split(x graph.Value) []graph.Value {
	n := x.Dim(1)
	if n > 16 {
		return append(split(x.Slice(1, 0, n/2)), split(x.Slice(1, n/2, n))...)
	}
	xs := make([]graph.Value, n)
	for t := range xs {
		xs[t] = x.At(1, t)
	}
	return xs
}

// hold keeps the previous output and states where the mask m is 0. Before the
// first step the output is zero there.
func hold(m, y graph.Value, next, ys, states []graph.Value) (graph.Value, []graph.Value) {
	var previous graph.Value
	if len(ys) > 0 {
		previous = ys[len(ys)-1]
	} else {
		previous = y.Scope().Const(0, y.Shape())
	}
	held := make([]graph.Value, len(next))
	for k := range next {
		held[k] = graph.Where(m, next[k], states[k])
	}
	return graph.Where(m, y, previous), held
}

func sameShapes(s *graph.Scope, next, states []graph.Value) bool {
	if len(next) != len(states) {
		s.Failf("cell", fmt.Sprintf("must return %d states", len(states)), len(next))
		return false
	}
	for i := range next {
		if !next[i].Shape().Equal(states[i].Shape()) {
			s.Failf(fmt.Sprintf("cell state %d", i), fmt.Sprintf("must keep its shape %v", states[i].Shape()), next[i].Shape())
			return false
		}
	}
	return true
}

// wholeSequence stacks the outputs of all steps to [batch, steps, units]; the
// mask of x rides on it, in the order of the outputs.
func wholeSequence(s *graph.Scope, q sequence, ys []graph.Value) graph.Value {
	var y graph.Value
	if s.Symbolic() {
		y = ys[0].Unsqueeze(1).BroadcastTo(ys[0].Dim(0), q.x.Dim(1), ys[0].Dim(1))
	} else {
		y = graph.Stack(1, ys[0], ys[1:]...)
	}
	mask, ok := q.x.Mask()
	if !ok {
		return y
	}
	if q.backwards {
		mask = mask.Reverse(1)
	}
	return y.WithMask(mask)
}
