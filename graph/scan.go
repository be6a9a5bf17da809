package graph

import (
	"fmt"
	"slices"
)

// Scan runs a user-defined step over a sequence as one operation. The graphs of the
// step and of its gradient are built once and run for every step, so the time to build
// does not depend on the number of steps, and time and memory of a run grow linearly
// with it.
//
// The step may use any outside value, such as parameters and the outputs of an encoder.
// They get gradients. Random draws once for all steps, StepRandom for each. AddLoss
// adds the sum over all steps. AddUpdate and, unless the scan is unrolled, Gorgonia's
// own operations are errors. A step may contain another scan.
type Scan struct {
	X       Value   // [batch, steps, ...]; steps that its mask [batch, steps] excludes keep the states
	Initial []Value // the states before the first step, each [batch, ...]

	// Step computes the output y [batch, ...] and the next states, of unchanged shapes,
	// from x [batch, ...] and the states.
	Step func(x Value, states []Value) (y Value, next []Value)

	Backwards bool // from the last step to the first
	Sequence  bool // y has all steps, [batch, steps, ...], in the order of computation, not only the last
	ZeroMask  bool // the output of masked steps is 0, not that of the previous step
	Unrolled  bool // add every step to the graph; a reference that takes seconds to compile for hundreds of steps
}

// fits checks the fields.
func (c Scan) fits() bool {
	s := c.X.s
	if s.err != nil {
		return false
	}
	if c.Step == nil {
		s.Failf("scan step", "must not be nil", nil)
		return false
	}
	if len(c.X.shape) < 2 {
		s.Failf("scan x", "must have the shape [batch, steps, ...]", c.X.shape)
		return false
	}
	for i, v := range c.Initial {
		if len(v.shape) == 0 || !v.shape[:1].Matches(c.X.shape[:1]) {
			s.Failf(fmt.Sprintf("scan state %d", i), fmt.Sprintf("must have the first axis of %v", c.X.shape), v.shape)
			return false
		}
	}
	if m, ok := c.X.Mask(); ok && !m.shape.Matches(c.X.shape[:2]) {
		s.Failf("scan mask", fmt.Sprintf("must have the shape %v", c.X.shape[:2]), m.shape)
		return false
	}
	return true
}

// step computes a step of hidden x and applies the mask m [batch], or none if m is nil.
// previous
// returns the output of the previous step, which has the shape of y.
func (c Scan) step(x Value, m *Value, states []Value, previous func(y Value) Value) (y Value, next []Value, ok bool) {
	s := c.X.s
	y, next = c.Step(x, slices.Clone(states))
	if !c.valid(y, next) {
		return y, states, false
	}
	if m == nil {
		return y, next, true
	}
	for k := range next {
		next[k] = Where(m.over(next[k]), next[k], states[k])
	}
	if c.ZeroMask {
		return Where(m.over(y), y, s.Const(0, Shape{})), next, s.err == nil
	}
	return Where(m.over(y), y, previous(y)), next, s.err == nil
}

// hidden is x with zeros where the mask m is 0, if there is one: elements of masked
// steps, such as NaN, must not reach a gradient.
func hidden(x Value, m *Value) Value {
	if m == nil {
		return x
	}
	return Where(m.over(x), x, x.s.Const(0, Shape{}))
}

// over reshapes a mask, whose axes are the first of w, so that it broadcasts to w.
func (v Value) over(w Value) Value {
	shape := w.shape.Clone()
	for i := len(v.shape); i < len(shape); i++ {
		shape[i] = 1
	}
	return v.Reshape(shape...)
}

// valid checks what a step returned.
func (c Scan) valid(y Value, next []Value) bool {
	s := c.X.s
	if s.err != nil {
		return false
	}
	if len(next) != len(c.Initial) {
		s.Failf("step", fmt.Sprintf("must return %d states", len(c.Initial)), len(next))
		return false
	}
	for i, v := range next {
		if want := c.Initial[i].shape; !v.shape.Equal(want) {
			s.Failf(fmt.Sprintf("step's state %d", i), fmt.Sprintf("must keep its shape %v", want), v.shape)
			return false
		}
	}
	if len(y.shape) == 0 || !y.shape[:1].Matches(c.X.shape[:1]) {
		s.Failf("step's output", fmt.Sprintf("must have the first axis of %v", c.X.shape), y.shape)
		return false
	}
	for _, v := range append([]Value{y}, next...) {
		if _, ok := s.take("step", v); !ok {
			return false
		}
	}
	return true
}
