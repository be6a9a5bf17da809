package ops

import (
	"math"
	"sync"

	"github.com/engram-go/engram/internal/kernels"
)

// Attention is softmax(Scale · query·keyᵀ) · value for every sample and head,
// from query [batch, steps, heads, k], key [batch, values, heads, k], value
// [batch, values, heads, n] and perhaps allowed [batch, steps, values]; a weight
// that is not allowed is exactly 0. The scores of one sample and head stay in
// the cache from the first product to the last, and only the weights are kept
// for the backward pass.
//
// AttentionGradient takes query, key, value, the output and its gradient, and
// gives the gradients of query, key and value, one after the other. The output
// is not read, but the dependency makes the forward pass run first.
type (
	Attention struct {
		Batch, Steps, Heads, K, Values, N int

		Scale    float64
		Training bool // whether there is a backward pass

		kernel any // an *attention[T], shared by both passes
	}
	AttentionGradient struct{ *Attention }
)

// attention is the kernel.
type attention[T Float] struct {
	*Attention
	set     *kernels.Set[T]
	weights []T       // [batch, heads, steps, values], of the last run
	spare   sync.Pool // of *[]T: working memory of one sample and head
}

func attentionOf[T Float](o *Attention) *attention[T] {
	a, ok := o.kernel.(*attention[T])
	if !ok {
		a = &attention[T]{Attention: o, set: kernels.For[T]()}
		o.kernel = a
	}
	return a
}

// ScratchSize is that of the weights in training.
func (a *attention[T]) ScratchSize() int {
	if !a.Training {
		return 0
	}
	return a.Batch * a.Heads * a.Steps * a.Values
}

// SetScratch keeps the weights there.
func (a *attention[T]) SetScratch(memory []T) { a.weights = memory }

// each runs f for every sample and head, with working memory of the given size.
// The cores share them; no sum is split.
func (a *attention[T]) each(size int, f func(sample, head int, memory []T)) {
	n := a.Batch * a.Heads
	kernels.Share(n*a.Steps*a.Values*(a.K+a.N), n, 1, func(from, end int) {
		memory, ok := a.spare.Get().(*[]T)
		if !ok || len(*memory) < size {
			memory = new(make([]T, size))
		}
		defer a.spare.Put(memory)
		for i := from; i < end; i++ {
			f(i/a.Heads, i%a.Heads, (*memory)[:size])
		}
	})
}

// matrix is the part of one sample and head of a value with the given steps and
// size of a head.
func (a *attention[T]) matrix(data []T, sample, head, steps, size int) kernels.Matrix[T] {
	row := a.Heads * size
	return kernels.Matrix[T]{Data: data[sample*steps*row+head*size:], Row: row, Col: 1}
}

// scaled copies the query of a sample and head, times Scale.
func (a *attention[T]) scaled(to, query []T, sample, head int) kernels.Matrix[T] {
	from, scale := a.matrix(query, sample, head, a.Steps, a.K), T(a.Scale)
	for i := range a.Steps {
		row := to[i*a.K:][:a.K]
		for j, x := range from.Data[i*from.Row:][:a.K] {
			row[j] = scale * x
		}
	}
	return kernels.RowMajor(to, a.K)
}

// Run is the forward pass.
func (a *attention[T]) Run(out []T, in [][]T) error {
	size, need := a.Steps*a.Values, a.Steps*a.K
	if !a.Training {
		need += size
	}
	a.each(need, func(sample, head int, memory []T) {
		query, key := a.scaled(memory[:a.Steps*a.K], in[0], sample, head), a.matrix(in[1], sample, head, a.Values, a.K)
		value, y := a.matrix(in[2], sample, head, a.Values, a.N), a.matrix(out, sample, head, a.Steps, a.N)
		w := memory[a.Steps*a.K:] // [steps, values]
		if a.Training {
			w = a.weights[(sample*a.Heads+head)*size:][:size]
		}
		var allowed []T
		if len(in) > 3 {
			allowed = in[3][sample*size:][:size]
		}
		a.set.Mul(a.Steps, a.K, query, key.T(), kernels.RowMajor(w, a.Values), 0, a.Values)
		for i, ok := range allowed {
			if ok == 0 {
				w[i] = T(math.Inf(-1))
			}
		}
		a.set.Softmax(a.Values, w, w)
		for i, ok := range allowed { // a row of −∞ alone has become NaN
			if ok == 0 {
				w[i] = 0
			}
		}
		a.set.Mul(a.Steps, a.Values, kernels.RowMajor(w, a.Values), value, y, 0, a.N)
	})
	return nil
}

func (a *attention[T]) backward(out []T, in [][]T) error {
	query, key, value, dy := in[0], in[1], in[2], in[4]
	dquery, dkey, dvalue := out[:len(query)], out[len(query):][:len(key)], out[len(query)+len(key):]
	size := a.Steps * a.Values
	a.each(a.Steps*a.K+size, func(sample, head int, memory []T) {
		q, k := a.scaled(memory[:a.Steps*a.K], query, sample, head), a.matrix(key, sample, head, a.Values, a.K)
		v, d := a.matrix(value, sample, head, a.Values, a.N), a.matrix(dy, sample, head, a.Steps, a.N)
		dq, dk := a.matrix(dquery, sample, head, a.Steps, a.K), a.matrix(dkey, sample, head, a.Values, a.K)
		w := a.weights[(sample*a.Heads+head)*size:][:size] // [steps, values]
		dw := memory[a.Steps*a.K:]                         // [steps, values]
		weights, scores := kernels.RowMajor(w, a.Values), kernels.RowMajor(dw, a.Values)

		a.set.Mul(a.Values, a.Steps, weights.T(), d, a.matrix(dvalue, sample, head, a.Values, a.N), 0, a.N)
		a.set.Mul(a.Steps, a.N, d, v.T(), scores, 0, a.Values)
		softmaxGradientRows(a.set, a.Values, w, dw, dw)
		a.set.Mul(a.Values, a.Steps, scores.T(), q, dk, 0, a.K)
		a.set.Mul(a.Steps, a.Values, scores, k, dq, 0, a.K)
		for i := range a.Steps {
			for j := range dq.Data[i*dq.Row:][:a.K] {
				dq.Data[i*dq.Row+j] *= T(a.Scale)
			}
		}
	})
	return nil
}
