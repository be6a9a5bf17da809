package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/exec"
	"github.com/engram-go/engram/internal/ops"
)

// Carrying reports whether the current part of the graph carries states from run to
// run. See Config.States.
func (s *Scope) Carrying() bool { return s.cfg.States != nil && !s.alone }

// Stepping reports whether the current part of the graph processes one step of a
// sequence per run. See Config.Stepping.
func (s *Scope) Stepping() bool { return s.cfg.Stepping && !s.alone }

// Memory is the number of steps that a layer must keep if it needs all earlier
// steps, such as attention. It is 0 if it is not known. See Config.Memory.
func (s *Scope) Memory() int { return s.cfg.Memory }

// Alone runs build with Carrying and Stepping off. It is for complete sequences, such
// as the ones inside TimeDistributed.
func (s *Scope) Alone(build func()) {
	outer := s.alone
	s.alone = true
	defer func() { s.alone = outer }()
	build()
}

// Carry declares a state [batch, ...] of the current layer that is carried from run
// to run. Its value is what keep received in the previous run, or initial for fresh
// samples (see States). No gradient flows into an earlier run, so training is
// truncated backpropagation through time. Initial gets the gradient of fresh samples.
// A repeated name gets the suffix "_1", "_2" and so on.
//
// If the graph carries no states, Carry returns initial, and keep does nothing.
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

// Count is the number of steps that each sample has had before this one, [batch]. It
// is for layers that support a limited number of steps while Stepping. A step beyond
// the limit is an error of Program.Run.
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

// Remember keeps x [batch, 1, ...] of every step while Stepping, and returns those of all
// steps so far: [batch, limit, ...], in their order, with x at the count of each sample.
// What comes after it has no meaning. A step takes the time to write x, whatever the limit.
// Count must be that of Scope.Count with the same limit.
func (s *Scope) Remember(name string, x, count Value, limit int) Value {
	if len(x.shape) < 2 || x.shape[1] != 1 || !count.shape.Matches(x.shape[:1]) {
		s.Failf("state "+name, "must have the shape [batch, 1, ...] and a count [batch]", fmt.Sprint(x.shape, " and ", count.shape))
		return s.poison(x.shape)
	}
	shape := x.shape.With(1, limit)
	switch {
	case !s.Stepping():
		s.Failf("state "+name, "must be remembered one step at a time", nil)
	case s.inStep():
		s.Failf("state "+name, "must not be remembered by a step of a scan", nil)
	}
	if s.err != nil {
		return s.poison(shape)
	}
	sp := spec{name: "remember", shape: shape}
	if shape.Known() {
		held, err := s.cfg.States.declare(s.unique(name), shape, 0)
		if err != nil {
			s.Fail(err)
			return s.poison(shape)
		}
		// The step at the count may be written several times, until Advance; those before
		// it stay. So a run changes nothing that another one reads.
		sp.memory, sp.compute = held.now, ops.Remember{Limit: limit}
	}
	return s.apply(sp, x, count)
}

// carry declares a state. The state keeps its value unless the caller sets next. The
// result is nil after an error and in a scope that only follows shapes.
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

// checkCounts returns an error if a layer does not support another step.
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

// Advance makes the states after the last run those before the next one. No sample
// is fresh then. Call it after every run that the next one continues.
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
