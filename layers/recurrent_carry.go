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

// repeat gives a masked step the output of the step before, where one step is
// all that the layer sees. y is [batch, units], or [batch, 1, units].
func (r rnn) repeat(s *graph.Scope, x, y graph.Value) graph.Value {
	mask, masked := x.Mask() // [batch, 1]
	if !masked || !s.Stepping() || r.zeroMask || s.Err() != nil {
		return y
	}
	before, keep := s.Carry("output", s.Const(0, y.Shape()))
	shape := y.Shape()
	for i := range shape[1:] {
		shape[1+i] = 1
	}
	y = graph.Where(mask.Reshape(shape...), y, before)
	keep(y)
	return y
}

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
	return l.direction().stepwise(l, len(lstmCell{l}.States()), in)
}

// Stepwise carries the state.
func (l GRU) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.direction().stepwise(l, len(gruCell{l}.States()), in)
}

// Stepwise carries the state.
func (l SimpleRNN) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.direction().stepwise(l, len(simpleCell{l}.States()), in)
}

// Stepwise carries the states of the cell.
func (l RNN) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.direction().stepwise(l, len(l.Cell.States()), in)
}
