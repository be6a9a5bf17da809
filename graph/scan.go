package graph

import (
	"fmt"
	"slices"
)

// Scan runs a step, which is the caller's formula, over the steps of a sequence,
// as one operation. The graph of the step, and that of its gradient, are built and
// compiled once and run for every step, so building costs the same for any
// number of steps, and time and memory grow linearly with it.
//
// The step may use any value from outside, such as parameters and the outputs of
// an encoder; they get gradients.
// Random draws once for all steps, StepRandom for each. Losses of AddLoss are
// those of all steps together; AddUpdate is refused, and so are Gorgonia's own
// operations, unless the steps are written out. A step may contain a scan.
type Scan struct {
	X       Value   // [batch, steps, ...]; its mask, [batch, steps], is respected
	Initial []Value // the states before the first step, [batch, ...] each

	// Step computes a step from x [batch, ...] and the states: y [batch, ...] and
	// the states that follow, which keep their shapes.
	Step func(x Value, states []Value) (y Value, next []Value)

	Backwards bool // from the last step to the first
	Sequence  bool // y is that of all steps, [batch, steps, ...], in the order in which they are computed; otherwise the last
	ZeroMask  bool // y of masked steps is 0, and otherwise as it was before
	Unrolled  bool // writes every step out in the graph: a reference, which takes seconds to compile for some hundred steps
}

// fits checks all that is given.
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

// step computes a step with all that a mask does to it; m is [batch], nil for
// none. previous makes the output of the step before, of y's shape.
func (c Scan) step(x Value, m *Value, states []Value, previous func(y Value) Value) (y Value, next []Value, ok bool) {
	s := c.X.s
	if m != nil { // whatever is in a masked step, NaN too, must not reach a gradient
		x = Where(m.over(x), x, s.Const(0, Shape{}))
	}
	y, next = c.Step(x, slices.Clone(states))
	if !c.kept(y, next) {
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

// over gives a mask of samples the rank of v.
func (v Value) over(w Value) Value {
	shape := w.shape.Clone()
	for i := range shape[1:] {
		shape[1+i] = 1
	}
	return v.Reshape(shape...)
}

// kept tells whether a step returned what it must.
func (c Scan) kept(y Value, next []Value) bool {
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
