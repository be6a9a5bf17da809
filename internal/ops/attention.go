package ops

import "github.com/engram-go/engram/internal/kernels"

// Attention is softmax(Scale · query·keyᵀ) · value for every sample and head, from query
// [batch, steps, heads, k], key [batch, values, heads, k], value [batch, values, heads, n]
// and the masks that are there: of queries [batch, steps], of values [batch, values], and
// allowed, whose axes Strides tells. A weight that is not allowed is exactly 0. The scores
// are computed in tiles and not kept. See kernels.Attention.
//
// AttentionGradient takes the operands of Attention, the output and its gradient, and gives
// the gradients of query, key and value, one after the other.
type (
	Attention struct {
		kernels.Attention
		QueryMask, ValueMask, Allowed bool
		Strides                       [3]int // of a sample, a step and a value in allowed

		Training bool // whether there is a backward pass

		kernel any // an *attention[T], shared by both passes
	}
	AttentionGradient struct{ *Attention }
)

// attention is the kernel.
type attention[T Float] struct {
	*Attention
	set        *kernels.Set[T]
	statistics []T // of the last run
	forward    kernels.AttentionMemory[T]
	backward   kernels.AttentionMemory[T]
}

func attentionOf[T Float](o *Attention) *attention[T] {
	a, ok := o.kernel.(*attention[T])
	if !ok {
		a = &attention[T]{Attention: o, set: kernels.For[T]()}
		a.backward.Backward = true
		o.kernel = a
	}
	return a
}

// ScratchSize is that of the statistics in training.
func (a *attention[T]) ScratchSize() int {
	if !a.Training {
		return 0
	}
	return a.StatisticsSize()
}

// SetScratch keeps the statistics there.
func (a *attention[T]) SetScratch(memory []T) { a.statistics = memory }

// inputs gives the operands their names, and returns those that are left.
func (a *attention[T]) inputs(in [][]T) (named kernels.AttentionIn[T], rest [][]T) {
	rest = in[3:]
	next := func(given bool) (x []T) {
		if given {
			x, rest = rest[0], rest[1:]
		}
		return x
	}
	named = kernels.AttentionIn[T]{Query: in[0], Key: in[1], Value: in[2]}
	named.QueryMask, named.ValueMask, named.Allowed = next(a.QueryMask), next(a.ValueMask), next(a.Attention.Allowed)
	named.Strides = a.Strides
	return named, rest
}

// Run is the forward pass.
func (a *attention[T]) Run(out []T, in [][]T) error {
	named, _ := a.inputs(in)
	kernels.AttentionForward(&a.Attention.Attention, a.set, &a.forward, named, out, a.statistics)
	return nil
}

func (a *attention[T]) gradient(out []T, in [][]T) error {
	named, rest := a.inputs(in)
	query, key := len(named.Query), len(named.Key)
	kernels.AttentionBackward(&a.Attention.Attention, a.set, &a.backward, named, rest[0], rest[1], a.statistics, kernels.AttentionGrad[T]{
		Query: out[:query], Key: out[query:][:key], Value: out[query+key:],
	})
	return nil
}
