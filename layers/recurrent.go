package layers

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
)

// recurrent is a layer that runs a step over time: LSTM, GRU, SimpleRNN or RNN.
type recurrent interface {
	Layer
	describe() rnn
	// withDirection is the layer with another direction, and with or without zeros
	// for masked steps.
	withDirection(backwards, zeroMask bool) Layer
}

// rnn describes a recurrent layer: its step, and how it is run over time.
type rnn struct {
	class     string
	sizes     []int // of the states
	step      func(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value)
	constants int               // number of the last inputs, which are inputs of every step
	activity  graph.Regularizer // of the outputs; nil for none
	dropout   dropouts
	initial   InitialState
	backwards bool   // from the last step to the first
	zeroMask  bool   // returns zeros at masked steps
	sequences bool   // returns the outputs of all steps
	states    bool   // returns the last states too
	whole     *whole // the operation that computes all steps, if there is one; otherwise it is a scan
	unrolled  bool   // writes the steps into the graph
}

// whole is the operation that computes all steps of a layer, and its weights.
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
	n := len(inputs) - r.constants
	if n < 1 && r.constants > 0 {
		s.Failf(r.class+".Constants", fmt.Sprintf("must leave an input of the %d that there are", len(inputs)), r.constants)
		return inputs
	}
	constants := inputs[n:]
	q, ok := r.sequence(s, inputs[:n])
	if !ok {
		return inputs
	}
	if r.whole != nil && !r.unrolled {
		return r.runWhole(s, q)
	}
	y, states := graph.Scan{
		X: q.x, Initial: q.states, Backwards: q.backwards, Sequence: r.sequences, ZeroMask: r.zeroMask, Unrolled: r.unrolled,
		Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
			var y graph.Value
			s.Alone(func() { y, states = r.step(s, x, states, constants) })
			return y, states
		},
	}.Run()
	return r.outputs(s, q, y, states)
}

// outputs are the outputs of the layer, from those of its steps and the last states.
func (r rnn) outputs(s *graph.Scope, q sequence, y graph.Value, states []graph.Value) []graph.Value {
	q.keep(states)
	y = r.repeat(s, q.x, y)
	if r.sequences {
		y = q.keepMask(y)
	}
	out := []graph.Value{y}
	if r.states {
		out = append(out, states...)
	}
	return addActivityPenalty(s, r.activity, out...)
}

// fusedActivations reports whether the operation for all steps has these activations.
func fusedActivations(activation, recurrent activations.Activation) bool {
	return activation == activations.Tanh && recurrent == activations.Sigmoid
}

// runWhole computes the layer as one operation.
func (r rnn) runWhole(s *graph.Scope, q sequence) []graph.Value {
	w := r.whole.weights(s, q.x.Dim(2))
	units := w.recurrent.Dim(0)
	dropX, dropH := r.dropout.gates(s, w.recurrent.Dim(1)/units, q.x.Dim(0), q.x.Dim(2), units)
	y, states := graph.Recurrent{
		Cell: r.whole.cell, X: q.x, Initial: q.states,
		Kernel: w.kernel, Recurrent: w.recurrent, Bias: w.bias, DropX: dropX.all, DropH: dropH.all,
		Backwards: q.backwards, Sequence: r.sequences, ZeroMask: r.zeroMask, States: r.states || s.Carrying(),
	}.Run()
	return r.outputs(s, q, y, states)
}

// sequence is the input of a recurrent layer.
type sequence struct {
	x         graph.Value // [batch, steps, features], possibly with a mask
	states    []graph.Value
	backwards bool
	keep      func(last []graph.Value) // see rnn.carry
}

// sequence checks the inputs of the layer: x, and optionally the initial states, which
// r.initial makes otherwise. Dropout is applied to x.
func (r rnn) sequence(s *graph.Scope, inputs []graph.Value) (sequence, bool) {
	sizes := r.sizes
	if len(inputs) != 1 && len(inputs) != 1+len(sizes) {
		s.Failf(r.class, fmt.Sprintf("must have one input, or that and %d initial states", len(sizes)), len(inputs))
		return sequence{}, false
	}
	x := inputs[0]
	if x.Rank() != 3 {
		rule := "must have an input of the shape [batch, steps, features]"
		if x.Rank() == 2 {
			rule += ", which a recurrent layer returns with ReturnSequences"
		}
		s.Failf(r.class, rule, x.Shape())
		return sequence{}, false
	}
	if _, ok := features(s, r.class, x); !ok {
		return sequence{}, false
	}
	if !checkStepMask(s, r.class, x) {
		return sequence{}, false
	}
	states, ok := r.start(s, x.Dim(0), sizes, inputs[1:])
	if !ok {
		return sequence{}, false
	}
	states, keep := r.carry(s, states)
	return sequence{r.dropout.whole(s, x), states, r.backwards, keep}, s.Err() == nil
}

// start returns the states before the first step: those that are given, if any.
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

// keepMask returns the outputs of all steps with the mask of x, in their order.
func (q sequence) keepMask(y graph.Value) graph.Value {
	mask, ok := q.x.Mask()
	if !ok {
		return y
	}
	if q.backwards {
		mask = mask.Reverse(1)
	}
	return y.WithMask(mask)
}

// carry takes the states from the previous run, if the scope carries states. keep
// stores the last ones.
func (r rnn) carry(s *graph.Scope, initial []graph.Value) (states []graph.Value, keep func(last []graph.Value)) {
	if !s.Carrying() {
		return initial, func([]graph.Value) {}
	}
	if r.backwards {
		s.Failf(r.class+".GoBackwards", "must not be set where states are carried from one piece of a sequence to the next", true)
	}
	states = make([]graph.Value, len(initial))
	keeps := make([]func(graph.Value), len(initial))
	for i, v := range initial {
		states[i], keeps[i] = s.Carry(fmt.Sprintf("state_%d", i), v)
	}
	return states, func(last []graph.Value) {
		for i, keep := range keeps {
			keep(last[i])
		}
	}
}

// repeat sets the masked steps at the beginning of a sequence to the last output of the
// previous run, if states are carried from there. y is [batch, steps, ...], or
// [batch, ...] of the last step.
func (r rnn) repeat(s *graph.Scope, x, y graph.Value) graph.Value {
	mask, masked := x.Mask() // [batch, steps]
	if !masked || !s.Carrying() || s.Symbolic() || r.zeroMask || s.Err() != nil {
		return y
	}
	final := func() graph.Value { return y } // [batch, ...]
	if r.sequences {
		final = func() graph.Value { return y.At(1, y.Dim(1)-1) }
	}
	before, keep := s.Carry("output", s.Const(0, final().Shape()))
	seen := mask.Max(1) // [batch]
	if r.sequences {
		seen, before = mask.MapAxis("seen", 1, seenSoFar, noSlope), before.Unsqueeze(1) // [batch, steps], [batch, 1, ...]
	}
	for seen.Rank() < y.Rank() {
		seen = seen.Unsqueeze(-1)
	}
	y = graph.Where(seen, y, before)
	keep(final())
	return y
}

// seenSoFar is 1 from the first step that counts on.
func seenSoFar(mask, seen []float64) {
	last := 0.0
	for i, m := range mask {
		last = max(last, m)
		seen[i] = last
	}
}

// noSlope is a gradient of 0.
func noSlope(_, _, _, dx []float64) { clear(dx) }

// stepwise is Stepwise of a recurrent layer: the first of the inputs is its
// sequence, the others must be the same at every step.
func (r rnn) stepwise(l Layer, in []graph.Value) ([]graph.Pace, error) {
	if r.backwards {
		return nil, notStepwise(l, "it reads a sequence from its end")
	}
	if in[0].Pace() != graph.Stepped {
		return nil, notStepwise(l, "its sequence has all steps at once, but another input does not")
	}
	for _, v := range in[1:] {
		if v.Pace() != graph.Still {
			return nil, notStepwise(l, "its initial states and constants must not change from step to step")
		}
	}
	out := []graph.Pace{graph.Latest}
	if r.sequences {
		out[0] = graph.Stepped
	}
	if r.states {
		out = append(out, slices.Repeat([]graph.Pace{graph.Latest}, len(r.sizes))...)
	}
	return out, nil
}
