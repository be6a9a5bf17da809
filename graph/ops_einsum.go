package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph/internal/kernels"
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
func Einsum(equation string, a, b Value) Value {
	l, ok := parseEinsum(equation)
	if !ok {
		a.s.Failf("einsum", `must have an equation such as "ij,jk->ik", each letter once in a term, and in two of them`, fmt.Sprintf("%q", equation))
		return a.s.poison(deeper(a.shape, b.shape))
	}
	if len(l.a) != len(a.shape) || len(l.b) != len(b.shape) {
		a.s.Failf("einsum "+equation, fmt.Sprintf("must have a letter for every axis of %v and", a.shape), b.shape)
		return a.s.poison(make(Shape, len(l.out)))
	}
	return contract("einsum "+equation, l, a, b)
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

// contract is the product that the letters say. Its gradients are such products
// too, since every letter of an operand stands in one of the other terms.
func contract(name string, l letters, a, b Value) Value {
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
	sp := spec{name: name, shape: shape}
	if a.shape.Known() && b.shape.Known() {
		p, ok := planProduct(l, a.shape, b.shape, shape)
		if !ok {
			return contract(name, l.inOrder(), a.Transpose(l.order(true)...), b.Transpose(l.order(false)...))
		}
		sp.f32, sp.f64 = productKernel(p, a.s.f32), productKernel(p, a.s.f64)
	}
	sp.diff = func(in []Value, _, dy Value, want []bool) []Value {
		return pair(want,
			func() Value { return contract(name, letters{l.out, l.b, l.a}, dy, in[1]) },
			func() Value { return contract(name, letters{l.a, l.out, l.b}, in[0], dy) })
	}
	return a.s.apply(sp, a, b)
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

// product is a plan: for every place of the loops a product of an m×k with a
// k×n matrix, given by strides in the memory of the operands.
type product struct {
	swap                   bool // whether the second operand is on the left
	loops                  []span
	m, n, k                int
	aRow, aCol, bRow, bCol int
	cRow                   int
}

// span is an axis, or several that lie in all terms as one: its size and its
// strides in both operands and the result, 0 where it does not stand.
type span struct{ n, a, b, c int }

// planProduct finds the plan. It fails where the summed axes are no single span.
func planProduct(l letters, a, b, out Shape) (product, bool) {
	stride := func(term []rune, s Shape, r rune) int {
		if i := slices.Index(term, r); i >= 0 {
			return s[i+1:].Size()
		}
		return 0
	}
	spans := func(term []rune, s Shape, skip []rune) []span {
		var all []span
		for i, r := range term {
			if s[i] != 1 && !slices.Contains(skip, r) {
				all = append(all, span{s[i], stride(l.a, a, r), stride(l.b, b, r), stride(l.out, out, r)})
			}
		}
		return merge(all)
	}
	kept, summed := spans(l.out, out, nil), spans(l.a, a, l.out)
	p := product{m: 1, n: 1, k: 1}
	if len(summed) > 1 {
		return p, false
	}
	// The columns must lie together in the result. What has them goes right.
	if k := len(l.out) - 1; k >= 0 && !slices.Contains(l.b, l.out[k]) {
		p.swap = true
		for _, s := range [][]span{kept, summed} {
			for i := range s {
				s[i].a, s[i].b = s[i].b, s[i].a
			}
		}
	}
	if len(summed) > 0 {
		p.k, p.aCol, p.bRow = summed[0].n, summed[0].a, summed[0].b
	}
	if k := len(kept) - 1; k >= 0 && kept[k].a == 0 {
		p.n, p.bCol, kept = kept[k].n, kept[k].b, kept[:k]
	}
	rows := -1
	for i, s := range kept {
		if s.b == 0 && (rows < 0 || s.n > kept[rows].n) {
			rows = i
		}
	}
	if rows >= 0 {
		p.m, p.aRow, p.cRow = kept[rows].n, kept[rows].a, kept[rows].c
		kept = slices.Delete(kept, rows, rows+1)
	}
	p.loops = kept
	return p, true
}

// merge makes one span of neighbours that lie in every term as one axis would.
func merge(spans []span) []span {
	var out []span
	for _, s := range spans {
		if k := len(out) - 1; k >= 0 && out[k].a == s.a*s.n && out[k].b == s.b*s.n && out[k].c == s.c*s.n {
			s.n *= out[k].n
			out[k] = s
			continue
		}
		out = append(out, s)
	}
	return out
}

// count is the number of matrix products.
func (p product) count() int {
	n := 1
	for _, s := range p.loops {
		n *= s.n
	}
	return n
}

// at is where the matrices of product i begin.
func (p product) at(i int) (a, b, c int) {
	for _, s := range slices.Backward(p.loops) {
		k := i % s.n
		i /= s.n
		a, b, c = a+k*s.a, b+k*s.b, c+k*s.c
	}
	return a, b, c
}

// sharedProducts is how many products of two elements are worth a second core.
const sharedProducts = 1 << 18

// productKernel computes the products in blocks of columns, which the cores
// share; no element's sum is split.
func productKernel[T float](p product, set *kernels.Set[T]) func([]T, [][]T) error {
	items := p.count() * p.blocks()
	many := p.count()*p.m*p.n*p.k >= sharedProducts
	return func(out []T, in [][]T) error {
		left, right := in[0], in[1]
		if p.swap {
			left, right = right, left
		}
		if !many {
			multiply(p, set, out, left, right, 0, items)
			return nil
		}
		kernels.Parallel(items, 1, func(from, end int) { multiply(p, set, out, left, right, from, end) })
		return nil
	}
}

// blocks is the number of blocks of columns of a product.
func (p product) blocks() int { return (p.n + kernels.MulUnit - 1) / kernels.MulUnit }

// multiply computes the blocks from..end of all products.
func multiply[T float](p product, set *kernels.Set[T], out, left, right []T, from, end int) {
	blocks := p.blocks()
	for from < end {
		block := from % blocks
		last := min(blocks, block+end-from) // of this product
		i, j, k := p.at(from / blocks)
		set.Mul(p.m, p.k,
			kernels.Matrix[T]{Data: left[i:], Row: p.aRow, Col: p.aCol},
			kernels.Matrix[T]{Data: right[j:], Row: p.bRow, Col: p.bCol},
			kernels.Matrix[T]{Data: out[k:], Row: p.cRow, Col: 1},
			block*kernels.MulUnit, min(last*kernels.MulUnit, p.n))
		from += last - block
	}
}
