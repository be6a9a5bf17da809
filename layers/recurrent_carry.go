package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// carry lets the states go on from run to run, where the scope says so. keep is
// given the last ones.
func (r rnn) carry(s *graph.Scope, initial []graph.Value) (states []graph.Value, keep func(last []graph.Value)) {
	if !s.Carrying() {
		return initial, func([]graph.Value) {}
	}
	if r.backwards {
		s.Failf(r.class+".GoBackwards", "must not be set where states go on from one piece of a sequence to the next", true)
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

// repeat gives the steps that are masked before any that counts the last output
// of the run before, where states go on from there. y is [batch, steps, ...], or
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

// seenSoFar is 1 from the first step on that counts.
func seenSoFar(mask, seen []float64) {
	last := 0.0
	for i, m := range mask {
		last = max(last, m)
		seen[i] = last
	}
}

// noSlope is the gradient of what has none.
func noSlope(_, _, _, dx []float64) { clear(dx) }

// stepwise is what a recurrent layer does step by step: the first of the inputs
// is its sequence, others it must know from the beginning.
func (d direction) stepwise(l Layer, outputs int, in []graph.Value) ([]graph.Pace, error) {
	if d.backwards {
		return nil, notStepwise(l, "it reads a sequence from its end")
	}
	if in[0].Pace() != graph.Stepped {
		return nil, notStepwise(l, "its sequence is there as a whole, while its other inputs are not")
	}
	for _, v := range in[1:] {
		if v.Pace() != graph.Still {
			return nil, notStepwise(l, "its initial states and constants must not change from step to step")
		}
	}
	out := []graph.Pace{graph.Latest}
	if d.sequences {
		out[0] = graph.Stepped
	}
	for d.states && len(out) < 1+outputs {
		out = append(out, graph.Latest)
	}
	return out, nil
}

// Stepwise carries the states.
func (l LSTM) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.direction().stepwise(l, l.stateCount(), in)
}

// Stepwise carries the state.
func (l GRU) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.direction().stepwise(l, l.stateCount(), in)
}

// Stepwise carries the state.
func (l SimpleRNN) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.direction().stepwise(l, l.stateCount(), in)
}

// Stepwise carries the states of the cell.
func (l RNN) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.direction().stepwise(l, l.stateCount(), in)
}
