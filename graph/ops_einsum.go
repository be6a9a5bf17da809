package graph

import (
	"fmt"
	"slices"
	"strings"
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
	l, ok := parseEinsum(equation)
	if !ok {
		a.s.Failf("einsum", `must have an equation such as "ij,jk->ik", each letter once in a term, and in two of them`, fmt.Sprintf("%q", equation))
		return a.s.poison(deeper(a.shape, b.shape))
	}
	if len(l.a) != len(a.shape) || len(l.b) != len(b.shape) {
		a.s.Failf("einsum "+equation, fmt.Sprintf("must have a letter for every axis of %v and", a.shape), b.shape)
		return a.s.poison(make(Shape, len(l.out)))
	}
	return contract("einsum "+equation, l, a, b, plus...)
}

// letters name the axes of the operands and the result of a product.
type letters struct{ a, b, out []rune }

func parseEinsum(equation string) (letters, bool) {
	in, out, arrow := strings.Cut(equation, "->")
	first, second, comma := strings.Cut(in, ",")
	l := letters{[]rune(first), []rune(second), []rune(out)}
	count := map[rune]int{}
	for _, term := range [][]rune{l.a, l.b, l.out} {
		for i, r := range term {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') || slices.Contains(term[:i], r) {
				return l, false
			}
			count[r]++
		}
	}
	for _, n := range count {
		if n < 2 {
			return l, false
		}
	}
	return l, arrow && comma
}

// contract is the product that the letters say, plus a term if one is given. Its
// gradients are such products too, since every letter of an operand stands in
// one of the other terms.
func contract(name string, l letters, a, b Value, plus ...Value) Value {
	sizes := map[rune]int{}
	for i, r := range l.a {
		sizes[r] = a.shape[i]
	}
	fits := true
	for i, r := range l.b {
		before, ok := sizes[r]
		fits = fits && (!ok || before == Any || b.shape[i] == Any || before == b.shape[i])
		if !ok || before == Any {
			sizes[r] = b.shape[i]
		}
	}
	shape := make(Shape, len(l.out))
	for i, r := range l.out {
		shape[i] = sizes[r]
	}
	if !fits {
		a.s.Failf(name, fmt.Sprintf("must have operands that fit, beside %v", a.shape), b.shape)
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
		p, ok := planProduct(l, a.shape, b.shape, shape)
		if !ok {
			return contract(name, l.inOrder(), a.Transpose(l.order(true)...), b.Transpose(l.order(false)...), plus...)
		}
		sp.f32, sp.f64 = productKernel(p, a.s.f32), productKernel(p, a.s.f64)
	}
	sp.diff = func(in []Value, _, dy Value, want []bool) []Value {
		grads := pair(want,
			func() Value { return contract(name, letters{l.out, l.b, l.a}, dy, in[1]) },
			func() Value { return contract(name, letters{l.a, l.out, l.b}, in[0], dy) })
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

// inOrder are the letters after the summed axes were moved to the end of the
// first operand and to the front of the second.
func (l letters) inOrder() letters {
	pick := func(term []rune, order []int) []rune {
		out := make([]rune, len(order))
		for i, k := range order {
			out[i] = term[k]
		}
		return out
	}
	return letters{pick(l.a, l.order(true)), pick(l.b, l.order(false)), l.out}
}

// order is that of the axes of an operand which inOrder asks for.
func (l letters) order(first bool) []int {
	term, rest := l.b, []int{}
	if first {
		term = l.a
	}
	var summed []int
	for _, r := range l.a { // in the order of the first operand in both
		if !slices.Contains(l.out, r) {
			summed = append(summed, slices.Index(term, r))
		}
	}
	for i, r := range term {
		if slices.Contains(l.out, r) {
			rest = append(rest, i)
		}
	}
	if first {
		return append(rest, summed...)
	}
	return append(summed, rest...)
}
