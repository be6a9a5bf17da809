package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/exec"
)

// Carrying tells whether what is being built carries states from run to run,
// see Config.States.
func (s *Scope) Carrying() bool { return s.cfg.States != nil && !s.alone }

// Stepping tells whether what is being built sees one step of a sequence at a
// time, see Config.Stepping.
func (s *Scope) Stepping() bool { return s.cfg.Stepping && !s.alone }

// Memory is how many steps a layer keeps that looks back on all of them, see
// Config.Memory; 0 where that is not known.
func (s *Scope) Memory() int { return s.cfg.Memory }

// Alone runs build without Carrying and Stepping: for a sequence that is given
// as a whole, such as each of those that TimeDistributed gets.
func (s *Scope) Alone(build func()) {
	outer := s.alone
	s.alone = true
	defer func() { s.alone = outer }()
	build()
}

// Carry is a state [batch, ...] of the current layer that is carried from run to
// run: what keep was given in the run before, and initial where a sample is
// fresh, see States. No gradient flows into the state of an earlier run, so
// training is truncated back-propagation through time; that of initial flows
// where a sample is fresh. A name that was used before gets "_1", "_2" and
// so on.
//
// Where nothing is carried it is initial, and keep does nothing.
func (s *Scope) Carry(name string, initial Value) (state Value, keep func(next Value)) {
	if !s.Carrying() || s.err != nil {
		return initial, func(Value) {}
	}
	if s.inStep() {
		s.Failf("state "+name, "must not be carried by a step of a scan", nil)
		return initial, func(Value) {}
	}
	c, state := s.carry(name, initial, 0)
	if c == nil {
		return initial, func(Value) {}
	}
	return state, func(next Value) {
		if !next.shape.Equal(initial.shape) {
			s.Failf("state "+name, fmt.Sprintf("must keep its shape %v", initial.shape), next.shape)
			return
		}
		if next, ok := s.take("state "+name, next); ok {
			c.next = next.readable()
		}
	}
}

// Count is how many steps each sample has had before this one, [batch], for a
// layer that can serve a limited number of them: a step beyond the limit is an
// error of the run. It is for layers that see one step at a time.
func (s *Scope) Count(batch, limit int) Value {
	switch {
	case limit <= 0 || limit > MaxMemory:
		s.Failf("count of steps", fmt.Sprintf("must have a limit from 1 to %d", MaxMemory), limit)
	case !s.Stepping():
		s.Failf("count of steps", "must be asked for one step at a time", nil)
	}
	c, count := s.carry("count", s.Const(0, Shape{batch}), limit)
	if c != nil {
		c.next = count.AddConst(1).readable()
	}
	return count
}

// carry declares a state, which keeps its value unless next is set; nil where
// that failed, or only shapes are followed.
func (s *Scope) carry(name string, initial Value, limit int) (*carried, Value) {
	if s.err != nil || !initial.shape.Known() {
		return nil, initial
	}
	held, err := s.cfg.States.declare(s.unique(name), initial.shape, limit)
	if err != nil {
		s.Fail(err)
		return nil, initial
	}
	if s.level == nil {
		return nil, initial
	}
	if s.fresh.node == nil {
		s.fresh = s.leaf("fresh", Shape{s.cfg.States.batch})
		s.bind(s.fresh, s.cfg.States.fresh.ShallowClone())
	}
	leaf := s.leaf("state "+name, initial.shape)
	s.bind(leaf, held.now.ShallowClone())
	state := Where(s.fresh.over(initial), initial, leaf)
	c := &carried{s.path, held, state.readable()}
	s.carried = append(s.carried, c)
	return c, state
}

// checkCounts refuses a step after the last that a layer can serve.
func (p *Program) checkCounts() error {
	states := p.scope.cfg.States
	for _, c := range p.scope.carried {
		if h := c.state; h.limit > 0 {
			for i := range states.batch {
				if n := dense.At(h.now, i); dense.At(states.fresh, i) == 0 && n >= float64(h.limit) {
					return Error{Path: c.path, Field: "steps", Rule: fmt.Sprintf("must be at most %d before sample %d is reset", h.limit, i), Value: n + 1}
				}
			}
		}
	}
	return nil
}

// Advance makes what the last run left the states of the next, and no sample
// fresh. It is called after every run from which states are to go on.
func (p *Program) Advance() {
	states := p.scope.cfg.States
	if states == nil {
		return
	}
	for _, c := range p.scope.carried {
		dense.Copy(c.state.now, exec.Result(c.next.node))
	}
	for i := range states.batch {
		setRow(states.fresh, i, 1, 0)
	}
}
