package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// Einsum multiplies two values and adds up, as the equation says with one
// letter an axis, like NumPy's function of that name. In
//
//	Einsum("btd,dhk->bthk", x, kernel)
//
// the axis d of both is summed over, and the others stay. A letter stands once
// in a term, and in two of the three terms at least; an axis has one size
// wherever its letter stands. No operand is copied for the order of its axes,
// unless two axes are summed over that do not follow each other in both.
func Einsum(equation string, a, b Value) Value { return einsum(equation, a, b) }

// EinsumAdd is Einsum plus c, whose axes are the last ones of the result: a
// bias, for example. It takes one pass less over the result than Add does.
func EinsumAdd(equation string, a, b, c Value) Value { return einsum(equation, a, b, c) }

// einsum takes at most one term to add.
func einsum(equation string, a, b Value, plus ...Value) Value {
	l, ok := ops.ParseEinsum(equation)
	if !ok {
		a.s.Failf("einsum", `must have an equation such as "ij,jk->ik", each letter once in a term, and in two of them`, fmt.Sprintf("%q", equation))
		return a.s.poison(deeper(a.shape, b.shape))
	}
	if len(l.A) != len(a.shape) || len(l.B) != len(b.shape) {
		a.s.Failf("einsum "+equation, fmt.Sprintf("must have a letter for every axis of %v and", a.shape), b.shape)
		return a.s.poison(make(Shape, len(l.Out)))
	}
	return contract("einsum "+equation, l, a, b, plus...)
}

// contract is the product that the letters say, plus a term if one is given. Its
// gradients are such products too, since every letter of an operand stands in
// one of the other terms.
func contract(name string, l ops.Letters, a, b Value, plus ...Value) Value {
	sizes := map[rune]int{}
	for i, r := range l.A {
		sizes[r] = a.shape[i]
	}
	fits := true
	for i, r := range l.B {
		before, ok := sizes[r]
		fits = fits && (!ok || before == Any || b.shape[i] == Any || before == b.shape[i])
		if !ok || before == Any {
			sizes[r] = b.shape[i]
		}
	}
	shape := make(Shape, len(l.Out))
	for i, r := range l.Out {
		shape[i] = sizes[r]
	}
	if !fits {
		a.s.Failf(name, fmt.Sprintf("must have an operand that fits %v", a.shape), b.shape)
		return a.s.poison(shape)
	}
	for _, c := range plus {
		if n := len(shape) - len(c.shape); n < 0 || !c.shape.Matches(shape[n:]) {
			a.s.Failf(name, fmt.Sprintf("must have a term to add whose axes are the last ones of %v", shape), c.shape)
			return a.s.poison(shape)
		}
	}
	sp := spec{name: name, shape: shape}
	if a.shape.Known() && b.shape.Known() {
		p, ok := ops.PlanProduct(l, a.shape, b.shape, shape)
		if !ok {
			return contract(name, l.InOrder(), a.Transpose(l.Order(true)...), b.Transpose(l.Order(false)...), plus...)
		}
		sp.compute = p
	}
	sp.diff = func(in []Value, _, dy Value, want []bool) []Value {
		grads := pair(want,
			func() Value { return contract(name, ops.Letters{A: l.Out, B: l.B, Out: l.A}, dy, in[1]) },
			func() Value { return contract(name, ops.Letters{A: l.A, B: l.Out, Out: l.B}, in[0], dy) })
		for i := range plus {
			var g Value
			if want[2+i] {
				g = dy.sumTo(in[2+i].shape)
			}
			grads = append(grads, g)
		}
		return grads
	}
	return a.s.apply(sp, append([]Value{a, b}, plus...)...)
}

// MatMul is the matrix product over the last axis of v and the last but one of
// w. With w a matrix, v may have any number of axes before the last; otherwise
// both have the same axes before the last two, and every pair of matrices is
// multiplied.
func (v Value) MatMul(w Value) Value { return v.matMul(w) }

// MatMulAdd is v.MatMul(w) plus a bias, whose axes are the last ones of the
// result. It takes one pass less over the result than Add does.
func (v Value) MatMulAdd(w, bias Value) Value { return v.matMul(w, bias) }

// matMul takes at most one term to add.
func (v Value) matMul(w Value, plus ...Value) Value {
	n := len(v.shape)
	if n < 2 || len(w.shape) != n && len(w.shape) != 2 {
		v.s.Failf("matmul", fmt.Sprintf("must have an operand that fits %v", v.shape), w.shape)
		return v.s.poison(v.shape)
	}
	axes := make([]rune, n+1) // all of v, and the last of w
	for i := range axes {
		axes[i] = rune(i)
	}
	l := ops.Letters{A: axes[:n], B: axes[n-1:], Out: append(slices.Clone(axes[:n-1]), axes[n])}
	if len(w.shape) > 2 {
		l.B = append(slices.Clone(axes[:n-2]), axes[n-1:]...)
	}
	return contract("matmul", l, v, w, plus...)
}
