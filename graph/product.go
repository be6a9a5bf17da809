package graph

import (
	"slices"

	"github.com/engram-go/engram/internal/kernels"
)

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

// productKernel computes the products in blocks of columns, which the cores
// share; no element's sum is split. A third operand is what the sums begin with.
func productKernel[T float](p product, set *kernels.Set[T]) func([]T, [][]T) error {
	items := p.count() * p.blocks()
	many := p.count()*p.m*p.n*p.k >= kernels.Worth
	return func(out []T, in [][]T) error {
		left, right := in[0], in[1]
		if p.swap {
			left, right = right, left
		}
		if !many { // Share would do, but to hand it a function takes memory
			multiply(p, set, out, left, right, in[2:], 0, items)
			return nil
		}
		kernels.Parallel(items, 1, func(from, end int) { multiply(p, set, out, left, right, in[2:], from, end) })
		return nil
	}
}

// blocks is the number of blocks of columns of a product.
func (p product) blocks() int { return (p.n + kernels.MulUnit - 1) / kernels.MulUnit }

// multiply computes the blocks from..end of all products, plus a term if one is
// given.
func multiply[T float](p product, set *kernels.Set[T], out, left, right []T, plus [][]T, from, end int) {
	blocks := p.blocks()
	mul := set.Mul
	if len(plus) > 0 {
		mul = set.AddMul
	}
	for from < end {
		block := from % blocks
		last := min(blocks, block+end-from) // of this product
		i, j, k := p.at(from / blocks)
		first, after := block*kernels.MulUnit, min(last*kernels.MulUnit, p.n) // columns
		for _, term := range plus {
			for row := range p.m {
				at := k + row*p.cRow
				repeat(out[at+first:at+after], term, (at+first)%len(term))
			}
		}
		mul(p.m, p.k,
			kernels.Matrix[T]{Data: left[i:], Row: p.aRow, Col: p.aCol},
			kernels.Matrix[T]{Data: right[j:], Row: p.bRow, Col: p.bCol},
			kernels.Matrix[T]{Data: out[k:], Row: p.cRow, Col: 1},
			first, after)
		from += last - block
	}
}

// repeat fills out with a term again and again, from one of its elements on.
func repeat[T float](out, term []T, from int) {
	for len(out) > 0 {
		n := copy(out, term[from:])
		out, from = out[n:], 0
	}
}
