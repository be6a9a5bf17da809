package ops

import (
	"slices"
	"strings"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

// Letters name the axes of the operands and the result of a product.
type Letters struct{ A, B, Out []rune }

// ParseEinsum reads an equation such as "ij,jk->ik".
func ParseEinsum(equation string) (Letters, bool) {
	in, out, arrow := strings.Cut(equation, "->")
	first, second, comma := strings.Cut(in, ",")
	l := Letters{[]rune(first), []rune(second), []rune(out)}
	count := map[rune]int{}
	for _, term := range [][]rune{l.A, l.B, l.Out} {
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

// InOrder returns the letters with the summed axes at the end of the first operand and
// at the front of the second.
func (l Letters) InOrder() Letters {
	pick := func(term []rune, order []int) []rune {
		out := make([]rune, len(order))
		for i, k := range order {
			out[i] = term[k]
		}
		return out
	}
	return Letters{pick(l.A, l.Order(true)), pick(l.B, l.Order(false)), l.Out}
}

// Order is the order of the axes of an operand in InOrder.
func (l Letters) Order(first bool) []int {
	term, rest := l.B, []int{}
	if first {
		term = l.A
	}
	var summed []int
	for _, r := range l.A { // in the order of the first operand in both
		if !slices.Contains(l.Out, r) {
			summed = append(summed, slices.Index(term, r))
		}
	}
	for i, r := range term {
		if slices.Contains(l.Out, r) {
			rest = append(rest, i)
		}
	}
	if first {
		return append(rest, summed...)
	}
	return append(summed, rest...)
}

// Product is a plan: for every place of the loops a product of an m×k with a
// k×n matrix, given by strides in the memory of the operands.
type Product struct {
	swap                   bool // whether the second operand is on the left
	loops                  []span
	m, n, k                int
	aRow, aCol, bRow, bCol int
	cRow                   int
}

// span is an axis, or several that are contiguous in all terms: its size and its strides
// in both operands and the result, 0 if it is absent.
type span struct{ n, a, b, c int }

// PlanProduct finds the plan. It fails where the summed axes are no single span.
func PlanProduct(l Letters, a, b, out shapes.Shape) (Product, bool) {
	stride := func(term []rune, s shapes.Shape, r rune) int {
		if i := slices.Index(term, r); i >= 0 {
			return s[i+1:].Size()
		}
		return 0
	}
	spans := func(term []rune, s shapes.Shape, skip []rune) []span {
		var all []span
		for i, r := range term {
			if s[i] != 1 && !slices.Contains(skip, r) {
				all = append(all, span{s[i], stride(l.A, a, r), stride(l.B, b, r), stride(l.Out, out, r)})
			}
		}
		return mergeSpans(all)
	}
	kept, summed := spans(l.Out, out, nil), spans(l.A, a, l.Out)
	p := Product{m: 1, n: 1, k: 1}
	if len(summed) > 1 {
		return p, false
	}
	// The operand with the last axis of the result, its columns, must be the right one.
	if k := len(l.Out) - 1; k >= 0 && !slices.Contains(l.B, l.Out[k]) {
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

// mergeSpans merges neighbours that are contiguous in all terms.
func mergeSpans(spans []span) []span {
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
func (p Product) count() int {
	n := 1
	for _, s := range p.loops {
		n *= s.n
	}
	return n
}

// at is where the matrices of product i begin.
func (p Product) at(i int) (a, b, c int) {
	for _, s := range slices.Backward(p.loops) {
		k := i % s.n
		i /= s.n
		a, b, c = a+k*s.a, b+k*s.b, c+k*s.c
	}
	return a, b, c
}

// productKernel computes the products in blocks, which it distributes over the cores. No
// sum is split. A third operand is the initial value of the sums.
type productKernel[T Float] struct {
	Product
	set   *kernels.Set[T]
	items int // blocks of all products
	many  bool

	out, left, right []T // of this run
	plus             [][]T
	work             func(from, end int) // allocated once

	// Of a right operand that stays the same for many runs.
	fixed, fresh bool
	packed       kernels.Packed[T]
}

func product[T Float](p Product) *productKernel[T] {
	k := &productKernel[T]{
		Product: p, set: kernels.For[T](), items: p.count() * p.blocks(),
		many: p.count()*p.m*p.n*p.k >= kernels.Worth,
	}
	k.work = k.some
	return k
}

// Fix announces that an operand stays the same from one call of Renew to the next, which
// comes before every such run. If it is the right one, it is packed once for all of them.
func (p *productKernel[T]) Fix(operand int) bool {
	right := 1
	if p.swap {
		right = 0
	}
	p.fixed = p.fixed || operand == right && p.count() == 1 && p.aCol == 1 && p.bRow*p.bCol > 0
	return operand == right && p.fixed
}

// Renew says that the operand is another one.
func (p *productKernel[T]) Renew() { p.fresh = false }

// PrivateSize is the number of elements of the packed operand.
func (p *productKernel[T]) PrivateSize() int {
	if !p.fixed {
		return 0
	}
	return kernels.PackedSize(p.k, p.n)
}

// Run computes the products.
func (p *productKernel[T]) Run(out []T, in [][]T) error {
	p.out, p.left, p.right, p.plus = out, in[0], in[1], in[2:]
	if p.swap {
		p.left, p.right = p.right, p.left
	}
	if p.fixed {
		p.pack(p.right)
	}
	if p.many {
		kernels.Parallel(p.items, 1, p.work)
	} else {
		p.some(0, p.items)
	}
	p.out, p.left, p.right, p.plus = nil, nil, nil, nil // they must not keep the memory of a program alive
	return nil
}

// some computes the blocks from..end.
func (p *productKernel[T]) some(from, end int) {
	if !p.fixed {
		multiply(p.Product, p.set, p.out, p.left, p.right, p.plus, from, end, false)
		return
	}
	if p.byRows() {
		p.rows(p.out, p.left, p.plus, from*unit, min(end*unit, p.m), 0, p.n)
	} else {
		p.rows(p.out, p.left, p.plus, 0, p.m, from*unit, min(end*unit, p.n))
	}
}

// pack packs the fixed operand if it has changed.
func (p *productKernel[T]) pack(right []T) {
	if !p.fresh {
		p.packed.Pack(p.set, kernels.Matrix[T]{Data: right, Row: p.bRow, Col: p.bCol}, p.k, p.n)
		p.fresh = true
	}
}

// rows computes the rows from..end and the columns first..after with the packed operand.
func (p *productKernel[T]) rows(out, left []T, plus [][]T, from, end, first, after int) {
	initialize(p.Product, out, plus, from*p.cRow, end-from, first, after)
	left = left[from*p.aRow:]
	c, start := sumsOf(p.Product, out[from*p.cRow:], len(plus) > 0)
	p.packed.Mul(p.set, end-from, kernels.Matrix[T]{Data: left, Row: p.aRow, Col: p.aCol}, c, start, first, after)
}

// unit is the size of a block, in rows or columns.
const unit = kernels.MulUnit

// byRows reports whether blocks are rows, and not columns. What all blocks read is
// packed for each core, so it should be the smaller operand.
func (p Product) byRows() bool { return p.m >= p.n }

// blocks is the number of blocks of a product.
func (p Product) blocks() int {
	n := p.n
	if p.byRows() {
		n = p.m
	}
	return (n + unit - 1) / unit
}

// multiply computes the blocks from..end of all products, plus a term if one is
// given. With add it adds them to out instead.
func multiply[T Float](p Product, set *kernels.Set[T], out, left, right []T, plus [][]T, from, end int, add bool) {
	blocks := p.blocks()
	for from < end {
		block := from % blocks
		last := min(blocks, block+end-from) // of this product
		i, j, k := p.at(from / blocks)
		rows, first, after := p.m, block*unit, min(last*unit, p.n) // rows and columns
		if p.byRows() {
			i, k, rows = i+first*p.aRow, k+first*p.cRow, min(last*unit, p.m)-first
			first, after = 0, p.n
		}
		initialize(p, out, plus, k, rows, first, after)
		c, start := sumsOf(p, out[k:], add || len(plus) > 0)
		set.AddMul(rows, p.k,
			kernels.Matrix[T]{Data: left[i:], Row: p.aRow, Col: p.aCol},
			kernels.Matrix[T]{Data: right[j:], Row: p.bRow, Col: p.bCol},
			c, start, first, after)
		from += last - block
	}
}

// sumsOf is the result of a product from an element on, and what its sums begin with.
func sumsOf[T Float](p Product, out []T, add bool) (c, start kernels.Matrix[T]) {
	c = kernels.Matrix[T]{Data: out, Row: p.cRow, Col: 1}
	if add {
		start = c
	}
	return c, start
}

// initialize fills the columns first..after of some rows, which begin at an element of
// out, with a term, if one is given.
func initialize[T Float](p Product, out []T, plus [][]T, from, rows, first, after int) {
	for _, term := range plus {
		for row := range rows {
			at := from + row*p.cRow
			repeatTerm(out[at+first:at+after], term, (at+first)%len(term))
		}
	}
}

// repeatTerm fills out with copies of a term, from one of its elements on.
func repeatTerm[T Float](out, term []T, from int) {
	for len(out) > 0 {
		n := copy(out, term[from:])
		out, from = out[n:], 0
	}
}
