package graph

import (
	"maps"
	"slices"

	"gorgonia.org/tensor"
)

// body is the graph of a scan's step, with all that goes in and out. The
// operands of the operation are, in this order: what is cut into steps, the
// initial states, and what the step captured.
type body struct {
	scope               *Scope
	level               *level
	backwards, sequence bool

	initial  int // number of initial states
	captures int // number of captures of the step; its gradient may add some
	carries  []carry
	y        Value
	traces   []string // names of the level's outputs
}

// carry is a value that goes from step to step: next is what leaf will be.
type carry struct{ leaf, next Value }

// compile adds the scan to the graph as one operation.
func (c Scan) compile() (Value, []Value) {
	s := c.X.s
	b := &body{scope: s, level: s.deepen(), backwards: c.Backwards, sequence: c.Sequence, initial: len(c.Initial)}
	b.level.steps = c.X.shape[1]
	s.inside(b.level, func() { b.build(c) })
	if s.err != nil {
		return s.poison(c.X.shape), c.Initial
	}
	var in []Value
	for _, cut := range b.level.cuts {
		in = append(in, cut.from)
	}
	in = append(in, c.Initial...)
	for _, captured := range b.level.captures {
		in = append(in, captured.from)
	}
	var sp spec
	if s.Dtype() == tensor.Float32 {
		sp = newScan(b, func(sp *spec) *func([]float32, [][]float32) error { return &sp.f32 })
	} else {
		sp = newScan(b, func(sp *spec) *func([]float64, [][]float64) error { return &sp.f64 })
	}
	return b.unpack(s.apply(sp, in...))
}

// build runs the caller's step on leaves.
func (b *body) build(c Scan) {
	s := b.scope
	x := s.cut(c.X, 1)
	var m *Value
	if mask, ok := c.X.Mask(); ok {
		at := s.cut(mask, 1) // [batch]
		m = &at
	}
	for _, v := range c.Initial {
		b.carries = append(b.carries, carry{leaf: s.leaf("state", v.shape)})
	}
	states := make([]Value, len(b.carries))
	for i, k := range b.carries {
		states[i] = k.leaf
	}
	var before Value // the output of the step before; at first it is zero
	y, next, ok := c.step(x, m, states, func(y Value) Value {
		before = s.leaf("previous output", y.shape)
		return before
	})
	if !ok {
		return
	}
	b.y = b.result(y)
	for i, v := range next {
		b.carries[i].next = b.result(v)
	}
	if before.node != nil {
		b.carries = append(b.carries, carry{before, b.y})
	}
	b.captures = len(b.level.captures)
	b.traces = slices.Sorted(maps.Keys(b.level.outputs))
	b.check(b.outputs())
}

// result makes a value readable after a run of the step.
func (b *body) result(v Value) Value {
	v, _ = b.scope.take("step", v)
	return v.own()
}

// outputs are what a step computes: y, the states, losses, and what is traced.
func (b *body) outputs() []Value {
	out := []Value{b.y}
	for _, c := range b.carries {
		out = append(out, c.next)
	}
	out = append(out, b.level.losses...)
	for _, name := range b.traces {
		out = append(out, b.level.outputs[name])
	}
	return out
}

// check refuses what the direct executor cannot run.
func (b *body) check(outputs []Value) {
	if b.scope.err == nil && newDirect(outputs) == nil {
		b.scope.Failf("step", "must have none of Gorgonia's own operations, unless the steps are written out", nil)
	}
}

// layout is where things lie in the packed output: y, the states, losses, and
// what is traced.
type layout struct {
	states, losses, traces, size int // y begins at 0
}

func (b *body) layout() layout {
	l := layout{states: b.y.shape.Size()}
	if b.sequence {
		l.states *= b.level.steps
	}
	l.losses = l.states
	for _, c := range b.carries[:b.initial] {
		l.losses += c.leaf.shape.Size()
	}
	l.traces = l.losses + len(b.level.losses)
	l.size = l.traces
	for _, name := range b.traces {
		l.size += b.level.steps * b.level.outputs[name].shape.Size()
	}
	return l
}

// unpack takes the packed output apart.
func (b *body) unpack(packed Value) (y Value, states []Value) {
	s, at, steps := b.scope, 0, b.level.steps
	next := func(shape Shape) Value {
		v := packed.part(at, shape)
		at += shape.Size()
		return v
	}
	if b.sequence {
		y = next(slices.Insert(b.y.shape.Clone(), 1, steps))
	} else {
		y = next(b.y.shape)
	}
	for _, c := range b.carries[:b.initial] {
		states = append(states, next(c.leaf.shape))
	}
	for range b.level.losses {
		s.AddLoss(next(Shape{}))
	}
	for _, name := range b.traces {
		shape := b.level.outputs[name].shape.Clone()
		s.Output(name, next(slices.Insert(shape, min(1, len(shape)), steps)))
	}
	return y, states
}
