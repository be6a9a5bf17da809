package ops

import "github.com/engram-go/engram/internal/kernels"

// ScanGradient is the backward pass. It takes the operands of the scan, the whole values
// that only the gradient reads, the scan's output and its gradient. It returns the
// gradients of the operands one after the other: that of operand i begins at At[i],
// which is −1 if it is not wanted.
type ScanGradient struct {
	*Scan
	At    []int
	Terms []Term
}

// Term is a term of the gradient of a whole value, operand Whole of the scan: the sum
// over the steps of a result of the step's gradient. If the result is a product, the step
// gives its operands, of the sizes A and B, and one product is computed for several
// steps. It is faster than one for each step, and there are fewer sums to add up.
type Term struct {
	Whole   int
	Product *Product // of one step; nil if the step gives the result
	A, B    int
}

// scanGradient is its kernel.
type scanGradient[T Float] struct {
	ScanGradient
	forward *ScanKernel[T]
	step    Step[T]
	terms   []term[T]
	dy, row []T // for the current step: the gradient of y, and those of the carries
}

// NewScanGradient makes the kernel from that of the forward pass and the
// gradient of the step.
func NewScanGradient[T Float](o ScanGradient, forward *ScanKernel[T], step Step[T]) Kernel[T] {
	k := &scanGradient[T]{ScanGradient: o, forward: forward, step: step}
	for _, t := range o.Terms {
		k.terms = append(k.terms, newTerm[T](t, o.Steps))
	}
	return k
}

// ScratchSize is that of the gradients of one step and of the operands of products.
func (k *scanGradient[T]) ScratchSize() int {
	n := k.Y.Size + k.carried()
	for _, t := range k.terms {
		n += t.rows * (t.A + t.B)
	}
	return n
}

// SetScratch assigns their memory.
func (k *scanGradient[T]) SetScratch(memory []T) {
	take := func(n int) (part []T) {
		part, memory = memory[:n:n], memory[n:]
		return part
	}
	k.dy, k.row = take(k.Y.Size), take(k.carried())
	for i := range k.terms {
		t := &k.terms[i]
		t.a, t.b = take(t.rows*t.A), take(t.rows*t.B)
	}
}

// Forget drops the operands of the last step.
func (k *scanGradient[T]) Forget() { k.step.Forget() }

// Run is the backward pass.
func (k *scanGradient[T]) Run(out []T, in [][]T) error {
	firstState, _, _, _ := k.layout()
	dout := in[len(in)-1] // packed as the outputs are
	in = in[:len(in)-2]
	first := len(k.Cuts) + k.Initial // of the whole values
	k.forward.bind(k.step, in[first:])
	k.begin(dout, len(k.Cuts)+len(k.Carries)+len(in)-first)
	clear(out)
	for i := k.Steps - 1; i >= 0; i-- {
		k.forward.begin(k.step, in, i)
		if k.Sequence {
			fromSteps(k.dy, dout[:firstState], k.Y.Samples, k.Steps, i)
		} else if i < k.Steps-1 {
			clear(k.dy)
		}
		if err := k.step.Run(); err != nil {
			return err
		}
		row, result := k.row, 0
		for range k.Carries {
			row = row[copy(row, k.step.Result(result)):]
			result++
		}
		for c, p := range k.Cuts {
			if at := k.At[c]; at >= 0 {
				copy(out[at+k.time(i)*p.Size:][:p.Size], k.step.Result(result))
				result++
			}
		}
		for j := range k.terms {
			t := &k.terms[j]
			result += t.add(out[k.At[t.Whole]:], k.step, result, i == 0)
		}
	}
	row := k.row
	for i, n := range k.Carries[:k.Initial] {
		if at := k.At[len(k.Cuts)+i]; at >= 0 {
			copy(out[at:at+n], row)
		}
		row = row[n:]
	}
	return nil
}

// begin sets the gradients after the last step and their leaves, of which leaf is the
// first.
func (k *scanGradient[T]) begin(dout []T, leaf int) {
	firstState, firstLoss, _, _ := k.layout()
	k.step.Set(leaf, k.dy)
	leaf++
	if !k.Sequence {
		copy(k.dy, dout)
	}
	clear(k.row)
	copy(k.row, dout[firstState:firstLoss])
	row := k.row
	for _, n := range k.Carries {
		k.step.Set(leaf, row[:n])
		row = row[n:]
		leaf++
	}
	for i := range k.Losses {
		k.step.Set(leaf, dout[firstLoss+i:][:1])
		leaf++
	}
}

// termsOfProducts is about how many terms a product over several steps adds up. The
// operands of so many stay in the second-level cache.
const termsOfProducts = 512

// term is a Term with the operands of products that are not computed yet.
type term[T Float] struct {
	Term
	set  *kernels.Set[T]
	rows int // steps for each product; 0 without one
	used int // steps that have been stored
	a, b []T // operands of these steps
}

func newTerm[T Float](o Term, steps int) term[T] {
	t := term[T]{Term: o, set: kernels.For[T]()}
	if o.Product != nil {
		t.rows = min(steps, max(1, termsOfProducts/max(1, o.Product.k)))
	}
	return t
}

// add adds the term of a step, from the given result on, and returns the number of
// results that it read.
func (t *term[T]) add(out []T, step Step[T], result int, last bool) int {
	if t.Product == nil {
		g := step.Result(result)
		t.set.Plus(out[:len(g)], g, out[:len(g)])
		return 1
	}
	copy(t.a[t.used*t.A:], step.Result(result))
	copy(t.b[t.used*t.B:], step.Result(result+1))
	t.used++
	if last || t.used == t.rows {
		addProducts(t.Product.over(t.used, t.A, t.B), t.set, out, t.a, t.b)
		t.used = 0
	}
	return 2
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
