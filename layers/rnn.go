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
	zeroMask  bool // masked steps give zeros, and not the previous output
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
	q := sequence{x: x, states: inputs[1:]}
	if len(q.states) == 0 {
		q.states = initial.States(s, x.Dim(0), sizes)
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
	steps := q.x.Dim(1)
	if s.Symbolic() {
		steps = 1
	}
	mask, masked := q.x.Mask() // [batch, steps]
	states = q.states
	for i := range steps {
		t := i
		if q.backwards {
			t = steps - 1 - i
		}
		y, next := c.Step(s, q.x.At(1, t), states, nil) // [batch, units]
		if !sameShapes(s, next, states) || s.Err() != nil {
			return []graph.Value{y}, states
		}
		if masked {
			m := mask.Slice(1, t, t+1) // [batch, 1]
			y, next = hold(m, y, next, ys, states, q.zeroMask)
		}
		ys, states = append(ys, y), next
	}
	return ys, states
}

// hold keeps the previous output and states where the mask m is 0; before the
// first step, and with zeroMask, the output is zero there.
func hold(m, y graph.Value, next, ys, states []graph.Value, zeroMask bool) (graph.Value, []graph.Value) {
	previous := y.Scope().Const(0, y.Shape())
	if len(ys) > 0 && !zeroMask {
		previous = ys[len(ys)-1]
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
