package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// Einsum computes a sum of products of two values, like numpy.einsum. The equation
// has one letter per axis. In
//
//	Einsum("btd,dhk->bthk", x, kernel)
//
// the sum runs over d. A letter must not repeat within a term and must occur in at
// least two of the three terms. All axes of a letter have the same size. Operands are
// not copied, unless the sum runs over several axes that are not adjacent in both.
func Einsum(equation string, a, b Value) Value { return einsum(equation, a, b) }

// EinsumAdd is Einsum plus c, such as a bias, whose axes are the last axes of the
// result. It is faster than Einsum and Add.
func EinsumAdd(equation string, a, b, c Value) Value { return einsum(equation, a, b, c) }

// einsum adds at most one term.
func einsum(equation string, a, b Value, plus ...Value) Value {
	l, ok := ops.ParseEinsum(equation)
	if !ok {
		a.s.Failf("einsum", `must have an equation such as "ij,jk->ik", each letter at most once in a term and in at least two terms`, fmt.Sprintf("%q", equation))
		return a.s.poison(deeper(a.shape, b.shape))
	}
	if len(l.A) != len(a.shape) || len(l.B) != len(b.shape) {
		a.s.Failf("einsum "+equation, fmt.Sprintf("must have a letter for every axis of %v and", a.shape), b.shape)
		return a.s.poison(make(Shape, len(l.Out)))
	}
	return contract("einsum "+equation, l, a, b, plus...)
}

// contract computes the product that the letters describe, plus an optional term. Its
// gradients are products of the same kind, because every letter of an operand occurs
// in another term.
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
	sp := spec{name: name, shape: shape, lift: liftProduct(name, l)}
	if a.shape.Known() && b.shape.Known() {
		p, ok := ops.PlanProduct(l, a.shape, b.shape, shape)
		if !ok {
			return contract(name, l.InOrder(), a.Transpose(l.Order(true)...), b.Transpose(l.Order(false)...), plus...)
		}
		sp.compute = p
	}
	sp.diff = func(in []Value, _, dy Value, want []bool) []Value {
		return contractGradients(name, l, in, dy, want)
	}
	return a.s.apply(sp, append([]Value{a, b}, plus...)...)
}

// liftProduct is the lifting of contract: the steps are one more axis. A term to add that
// differs from step to step must have all axes of the result.
func liftProduct(name string, l ops.Letters) lifting {
	return func(in []Value, steps []bool) Value {
		time := rune(-1) // a letter that is not used; an outer scan may use the first
		for slices.Contains(l.Out, time) {
			time--
		}
		add := func(letters []rune, varies bool) []rune {
			if !varies {
				return letters
			}
			return slices.Insert(slices.Clone(letters), 0, time)
		}
		if !steps[0] && !steps[1] || len(in) > 2 && steps[2] && len(in[2].shape) <= len(l.Out) {
			return Value{}
		}
		all := ops.Letters{A: add(l.A, steps[0]), B: add(l.B, steps[1]), Out: add(l.Out, true)}
		return contract(name, all, in[0], in[1], in[2:]...)
	}
}

// contractGradients are the gradients of a product, and perhaps of the term that is added.
func contractGradients(name string, l ops.Letters, in []Value, dy Value, want []bool) []Value {
	grads := pair(want,
		func() Value { return contract(name, ops.Letters{A: l.Out, B: l.B, Out: l.A}, dy, in[1]) },
		func() Value { return contract(name, ops.Letters{A: l.A, B: l.Out, Out: l.B}, in[0], dy) })
	for i, term := range in[2:] {
		var g Value
		if want[2+i] {
			g = dy.sumTo(term.shape)
		}
		grads = append(grads, g)
	}
	return grads
}

// MatMul is the matrix product over the last axis of v and the second to last axis of
// w. If w is a matrix, v may have any number of leading axes. Otherwise both have the
// same leading axes, and each pair of matrices is multiplied.
func (v Value) MatMul(w Value) Value { return v.matMul(w) }

// MatMulAdd is v.MatMul(w) plus a bias, whose axes are the last axes of the result. It
// is faster than MatMul and Add.
func (v Value) MatMulAdd(w, bias Value) Value { return v.matMul(w, bias) }

// matMul adds at most one term.
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
