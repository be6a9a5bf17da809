package ops

import "github.com/engram-go/engram/internal/kernels"

// Stacks reports whether the sum of the products of several steps is one product over
// the operands of all steps, one after the other: the summed axis must be the outermost
// of both. The operands of one step have the given numbers of elements.
func (p Product) Stacks(a, b int) bool {
	if p.swap {
		a, b = b, a
	}
	return p.k == 1 || p.k*p.aCol == a && p.k*p.bRow == b
}

// over is the product over several steps.
func (p Product) over(steps, a, b int) Product {
	if p.swap {
		a, b = b, a
	}
	if p.k == 1 {
		p.aCol, p.bRow = a, b
	}
	p.k *= steps
	return p
}

// addProducts adds products to out.
func addProducts[T Float](p Product, set *kernels.Set[T], out, left, right []T) {
	if p.swap {
		left, right = right, left
	}
	items := p.count() * p.blocks()
	if p.count()*p.m*p.n*p.k < kernels.Worth { // like Share, without allocating a function
		multiply(p, set, out, left, right, nil, 0, items, true)
		return
	}
	kernels.Parallel(items, 1, func(from, end int) { multiply(p, set, out, left, right, nil, from, end, true) })
}
