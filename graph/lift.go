package graph

import (
	"slices"

	"github.com/engram-go/engram/internal/exec"
)

// An operation in the step of a scan whose operands do not depend on the states is
// computed outside, once for all steps: x·W becomes one large product, whose weights are
// read once. Its result is cut into steps as x is. An operation on captured values alone,
// such as a function of a weight, is computed once.

// lifting applies an operation outside the step. Operands that differ from step to step,
// for which steps is true, have the number of steps as an additional first axis, and so
// has the result. It returns a value without a node if that is not possible.
type lifting func(in []Value, steps []bool) Value

// lift applies an operation outside the step that is being built, if possible.
func (s *Scope) lift(sp spec, in []Value) (Value, bool) {
	l := s.level
	if sp.lift == nil || s.err != nil || l == nil || l.outer == nil || l.closed {
		return Value{}, false
	}
	outside, steps := make([]Value, len(in)), make([]bool, len(in))
	for i, v := range in {
		var ok bool
		if outside[i], steps[i], ok = s.outside(v); !ok {
			return Value{}, false
		}
	}
	varies := slices.Contains(steps, true)
	if varies && l.steps*sp.shape.Size() > maxLifted {
		return Value{}, false
	}
	var all Value
	s.inside(l.outer, func() {
		if varies {
			all = sp.lift(outside, steps)
		} else {
			all = s.apply(sp, outside...)
		}
	})
	if !varies || s.err != nil {
		return all, true
	}
	if all.node == nil || !all.shape.Equal(slices.Insert(sp.shape.Clone(), 0, l.steps)) {
		return Value{}, false
	}
	return s.cut(cut{from: all, smooth: true}), true
}

// maxLifted is the largest number of elements, of all steps, that is computed outside.
const maxLifted = exec.MaxKept / 8

// outside returns the value outside the step that a value of the step, or of an
// enclosing graph, stands for. steps reports whether it is [steps, ...], and ok whether
// there is one.
func (s *Scope) outside(v Value) (out Value, steps, ok bool) {
	l := s.level
	if v.s != s || v.node == nil {
		return v, false, false
	}
	if !l.g.Has(v.node) {
		out, ok = s.reach(l.outer, v)
		return out, false, ok
	}
	for _, c := range l.cuts {
		if c.leaf.node == v.node {
			return c.from, true, !c.drawn
		}
	}
	for _, c := range l.captures {
		if c.leaf.node == v.node {
			return c.from, false, true
		}
	}
	return v, false, false
}

// liftOne is the lifting of an operation that treats every element alike.
func liftOne(f func(v Value) Value) lifting {
	return func(in []Value, _ []bool) Value { return f(in[0]) }
}

// liftTwo is the lifting of an operation on two values that broadcast to the given rank.
func liftTwo(rank int, f func(v, w Value) Value) lifting {
	return func(in []Value, steps []bool) Value {
		v, w := in[0], in[1]
		if steps[0] {
			v = v.raised(rank)
		}
		if steps[1] {
			w = w.raised(rank)
		}
		return f(v, w)
	}
}

// raised inserts axes of size 1 after the first, so that a value of all steps broadcasts
// as that of one step does.
func (v Value) raised(rank int) Value {
	n := rank + 1 - len(v.shape)
	if n <= 0 {
		return v
	}
	return v.Reshape(slices.Insert(v.shape.Clone(), 1, slices.Repeat([]int{1}, n)...)...)
}
