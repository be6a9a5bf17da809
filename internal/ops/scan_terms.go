package ops

import (
	"slices"

	"github.com/engram-go/engram/internal/kernels"
)

// Term is a term of the gradient of a whole value, operand Whole of the scan: the sum
// over the steps of a result of the step's gradient. If the result is a product or a sum,
// the step gives its operands, which are stored, and one product or sum is computed for
// several steps. It is faster than one for each step, and there are fewer numbers to add
// up.
type Term struct {
	Whole   int
	Product *Product // of one step; nil if the result is none
	Sum     *Reduce  // of one step; nil if the result is none
	A, B    int      // the operands, or the result itself: which of the results that terms read
}

// stackedTerm adds a term of so many stored steps to out.
type stackedTerm[T Float] interface {
	add(out []T, stored [][]T, steps int) error
}

// stackTerm is nil for a term that is no product or sum. The sizes are those of stored
// results of a step. The numbers of steps are steps and, unless it is 0, rest.
func stackTerm[T Float](t Term, sizes []int, steps, rest int) stackedTerm[T] {
	switch {
	case t.Product != nil:
		p := &productTerm[T]{Term: t, a: sizes[t.A], b: sizes[t.B], set: kernels.For[T]()}
		p.work = p.multiply
		return p
	case t.Sum != nil:
		s := &sumTerm[T]{Term: t, one: make([]T, t.Sum.Size), sums: map[int]*reduce[T]{}}
		for _, n := range []int{steps, rest} {
			if n > 0 {
				s.sums[n] = reduceOf[T](t.Sum.over(n))
			}
		}
		return s
	}
	return nil
}

// Stacked reports whether all terms are products or sums.
func (o *ScanGradient) Stacked() bool {
	return !slices.ContainsFunc(o.Terms, func(t Term) bool { return t.Product == nil && t.Sum == nil })
}

// termsOfProducts is about how many terms a product over several steps adds up. The
// operands of so many stay in the second-level cache.
const termsOfProducts = 512

// stackedSteps is the number of steps whose products and sums are computed at once.
func (o *ScanGradient) stackedSteps() int {
	k := max(1, o.Y.Samples)
	for _, t := range o.Terms {
		if t.Product != nil {
			k = max(k, t.Product.k)
		}
	}
	return min(o.Steps, max(1, termsOfProducts/k))
}

// productTerm is a product.
type productTerm[T Float] struct {
	Term
	a, b int // sizes of the operands
	set  *kernels.Set[T]

	// Of the current product.
	product          Product
	out, left, right []T
	work             func(from, end int) // allocated once
}

func (t *productTerm[T]) add(out []T, stored [][]T, steps int) error {
	p := t.Product.over(steps, t.a, t.b)
	t.product, t.out, t.left, t.right = p, out, stored[t.A], stored[t.B]
	if p.swap {
		t.left, t.right = t.right, t.left
	}
	items := p.count() * p.blocks()
	kernels.Share(p.count()*p.m*p.n*p.k, items, 1, t.work)
	t.out, t.left, t.right = nil, nil, nil // they must not keep the memory of a program alive
	return nil
}

func (t *productTerm[T]) multiply(from, end int) {
	multiply(t.product, t.set, t.out, t.left, t.right, nil, from, end, true)
}

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

// sumTerm is a sum.
type sumTerm[T Float] struct {
	Term
	sums map[int]*reduce[T] // by the number of steps
	one  []T                // the result of one of them
}

func (t *sumTerm[T]) add(out []T, stored [][]T, steps int) error {
	sum := t.sums[steps]
	if err := sum.Run(t.one, [][]T{stored[t.A][:sum.total()]}); err != nil {
		return err
	}
	sum.set.Plus(out[:len(t.one)], t.one, out[:len(t.one)])
	return nil
}

// Stacks reports whether the sum of the sums of several steps is one sum over the operands
// of all steps, one after the other: the outermost axis must be a summed one.
func (r Reduce) Stacks() bool {
	if len(r.Plan.dims) == 0 {
		return r.Plan.stepB == 0
	}
	return r.Plan.b[0] == 0
}

// over is the sum over several steps.
func (r Reduce) over(steps int) Reduce {
	if len(r.Plan.dims) == 0 {
		r.Plan.n *= steps
		return r
	}
	r.Plan.dims = slices.Clone(r.Plan.dims)
	r.Plan.dims[0] *= steps
	return r
}
