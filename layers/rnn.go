package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
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

// rnn is what recurrent layers have in common: a cell, and how it goes through
// time.
type rnn struct {
	class     string
	cell      Cell
	dropout   float64
	initial   InitialState
	backwards bool   // from the last step to the first
	sequences bool   // gives the outputs of all steps
	states    bool   // gives the last states too
	whole     *whole // runs as one operation; otherwise the steps are written out
}

// whole is what a layer runs as where one operation computes its whole
// sequence.
type whole struct {
	cell    graph.RecurrentCell
	weights func(s *graph.Scope, features int) recurrentWeights
}

// recurrentWeights are the weights of a cell; bias is nil where it has none.
type recurrentWeights struct {
	kernel, recurrent graph.Value
	bias              *graph.Value
}

// call computes the layer.
func (r rnn) call(s *graph.Scope, inputs []graph.Value) []graph.Value {
	q, ok := r.sequence(s, inputs)
	if !ok {
		return inputs
	}
	if r.whole != nil {
		return r.runWhole(s, q)
	}
	ys, states := unroll(s, r.cell, q)
	y := ys[len(ys)-1] // [batch, units]
	if r.sequences {
		y = wholeSequence(s, q, ys) // [batch, steps, units]
	}
	if r.states {
		return append([]graph.Value{y}, states...)
	}
	return []graph.Value{y}
}

// usual tells whether a cell has the activations that one operation can compute.
func usual(activation, recurrent activations.Activation) bool {
	return activation == activations.Tanh && recurrent == activations.Sigmoid
}

// runWhole computes the layer as one operation.
func (r rnn) runWhole(s *graph.Scope, q sequence) []graph.Value {
	w := r.whole.weights(s, q.x.Dim(2))
	y, states := graph.Recurrent{
		Cell: r.whole.cell, X: q.x, Initial: q.states,
		Kernel: w.kernel, Recurrent: w.recurrent, Bias: w.bias,
		Backwards: q.backwards, Sequence: r.sequences, States: r.states,
	}.Run()
	if r.sequences {
		y = q.rideMask(y)
	}
	return append([]graph.Value{y}, states...)
}

// sequence is what a recurrent layer runs its cell over.
type sequence struct {
	x         graph.Value // [batch, steps, features], perhaps with a mask
	states    []graph.Value
	backwards bool
}

// sequence checks the inputs of the layer: x, and perhaps one initial state for
// each of the cell's; otherwise r.initial gives them. Dropout is applied to x.
func (r rnn) sequence(s *graph.Scope, inputs []graph.Value) (sequence, bool) {
	sizes := r.cell.States()
	if len(inputs) != 1 && len(inputs) != 1+len(sizes) {
		s.Failf(r.class, fmt.Sprintf("must have one input, or that and %d initial states", len(sizes)), len(inputs))
		return sequence{}, false
	}
	x := inputs[0]
	if x.Rank() != 3 {
		s.Failf(r.class, "must have an input of the shape [batch, steps, features]", x.Shape())
		return sequence{}, false
	}
	d, ok := features(s, r.class, x)
	if !ok {
		return sequence{}, false
	}
	if mask, ok := x.Mask(); ok && !mask.Shape().Accepts(x.Shape()[:2]) {
		s.Failf(r.class+" mask", fmt.Sprintf("must have the shape %v", x.Shape()[:2]), mask.Shape())
		return sequence{}, false
	}
	states, ok := r.start(s, x.Dim(0), sizes, inputs[1:])
	if !ok {
		return sequence{}, false
	}
	x = ride(x, drop(s, "dropout", x, graph.Shape{x.Dim(0), 1, d}, r.dropout)) // [batch, steps, features]
	return sequence{x, states, r.backwards}, true
}

// start gives the states before the first step: those that are given, if any.
func (r rnn) start(s *graph.Scope, batch int, sizes []int, given []graph.Value) ([]graph.Value, bool) {
	states := given
	if len(states) == 0 {
		states = r.initial.States(s, batch, sizes)
	}
	if len(states) != len(sizes) {
		s.Failf(r.class+".InitialState", fmt.Sprintf("must give %d states", len(sizes)), len(states))
		return nil, false
	}
	for i, v := range states {
		if want := (graph.Shape{batch, sizes[i]}); s.Err() == nil && !v.Shape().Equal(want) {
			s.Failf(fmt.Sprintf("%s initial state %d", r.class, i), fmt.Sprintf("must have the shape %v", want), v.Shape())
		}
	}
	return states, s.Err() == nil
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
		x, m := xs[t], graph.Value{}
		if masked {
			m = mask.Slice(1, t, t+1)                        // [batch, 1]
			x = graph.Where(m, x, s.Const(0, graph.Shape{})) // whatever is there, NaN too, must not reach a gradient
		}
		y, next := c.Step(s, x, states, nil) // [batch, units]
		if !sameShapes(s, next, states) || s.Err() != nil {
			return []graph.Value{y}, states
		}
		if masked {
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

// wholeSequence stacks the outputs of all steps to [batch, steps, units].
func wholeSequence(s *graph.Scope, q sequence, ys []graph.Value) graph.Value {
	var y graph.Value
	if s.Symbolic() {
		y = ys[0].Unsqueeze(1).BroadcastTo(ys[0].Dim(0), q.x.Dim(1), ys[0].Dim(1))
	} else {
		y = graph.Stack(1, ys[0], ys[1:]...)
	}
	return q.rideMask(y)
}

// rideMask lets the mask of x ride on the outputs of all steps, in their order.
func (q sequence) rideMask(y graph.Value) graph.Value {
	mask, ok := q.x.Mask()
	if !ok {
		return y
	}
	if q.backwards {
		mask = mask.Reverse(1)
	}
	return y.WithMask(mask)
}
