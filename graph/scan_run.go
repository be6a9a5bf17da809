package graph

import "slices"

// Run adds the operation to the graph and returns y and the states after the last
// step. Masked steps do not change the states.
func (c Scan) Run() (y Value, states []Value) {
	s := c.X.s
	if !c.fits() {
		return s.poison(c.X.shape), c.Initial
	}
	if c.Unrolled {
		s.note("every step written out")
	} else {
		s.note("a scan over the steps")
	}
	switch {
	case s.level == nil:
		return c.follow()
	case c.Unrolled:
		return c.unroll()
	}
	return c.compile()
}

func zerosLike(y Value) Value { return y.s.Const(0, y.shape) }

// follow determines the shapes with a single step.
func (c Scan) follow() (Value, []Value) {
	var m *Value
	if mask, ok := c.X.Mask(); ok {
		at := mask.At(1, 0) // [batch]
		m = &at
	}
	y, next, ok := c.step(hidden(c.X.At(1, 0), m), m, c.Initial, zerosLike)
	if ok && c.Sequence {
		y = y.Unsqueeze(1).BroadcastTo(slices.Insert(y.shape.Clone(), 1, c.X.shape[1])...) // [batch, steps, ...]
	}
	return y, next
}

// unroll adds the formula of every step to the graph.
func (c Scan) unroll() (Value, []Value) {
	s := c.X.s
	xs, states := splitSteps(c.X), c.Initial
	mask, masked := c.X.Mask()
	ys := make([]Value, 0, len(xs))
	draws := &draws{outer: s.draws, steps: len(xs)}
	s.draws = draws
	defer func() { s.draws = draws.outer }()
	for i := range xs {
		draws.begin(i)
		t := i
		if c.Backwards {
			t = len(xs) - 1 - i
		}
		var m *Value
		if masked {
			at := mask.At(1, t) // [batch]
			m = &at
		}
		previous := zerosLike
		if i > 0 {
			previous = func(Value) Value { return ys[i-1] }
		}
		y, next, ok := c.step(hidden(xs[t], m), m, states, previous)
		if !ok {
			return y, states
		}
		ys, states = append(ys, y), next
	}
	if !c.Sequence {
		return ys[len(ys)-1], states
	}
	return Stack(1, ys[0], ys[1:]...), states // [batch, steps, ...]
}

// splitSteps returns v at every step. It halves long sequences first: the gradient of a
// slice is as large as its operand, so slicing each step from the whole sequence would
// take quadratic time.
func splitSteps(v Value) []Value {
	n := v.shape[1]
	if n > 16 {
		return append(splitSteps(v.Slice(1, 0, n/2)), splitSteps(v.Slice(1, n/2, n))...)
	}
	out := make([]Value, n)
	for t := range out {
		out[t] = v.At(1, t)
	}
	return out
}
