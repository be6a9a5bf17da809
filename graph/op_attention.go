package graph

import (
	"fmt"
	"math"
	"sync"

	"github.com/engram-go/engram/internal/kernels"
)

// DotAttention is attention by dot products with several heads, as one
// operation, and its gradient is one operation, too. For every sample and head
// it is
//
//	softmax(scale · query·keyᵀ) · value
//
// with query [batch, steps, heads, k], key [batch, values, heads, k] and value
// [batch, values, heads, n], all known when a graph is built; the result is
// [batch, steps, heads, n]. Allowed, where it is not nil, broadcasts to [batch,
// steps, values]: where it is 0, the score is left out of the softmax and the
// weight is exactly 0, whatever the score. A step that is allowed no value has
// weights of 0 and the result 0. Allowed has no gradient.
//
// The same can be written with Einsum and Softmax. Here the scores of one sample
// and head stay in the cache from the first product to the last, and only the
// weights are kept for the way back.
func DotAttention(query, key, value Value, allowed *Value, scale float64) Value {
	s, q, k, v := query.s, query.shape, key.shape, value.shape
	if len(q) != 4 || len(k) != 4 || len(v) != 4 || !k.Matches(Shape{q[0], Any, q[2], q[3]}) || !v.Matches(Shape{q[0], k[1], q[2], Any}) {
		s.Failf("attention", fmt.Sprintf("must have query, key and value that fit, beside %v and %v", q, k), v)
		return s.poison(q)
	}
	s.note("one operation for all heads")
	sp := spec{name: "attention", shape: Shape{q[0], q[1], q[2], v[3]}}
	in := []Value{query, key, value}
	if allowed != nil {
		in = append(in, allowed.BroadcastTo(q[0], q[1], k[1]))
	}
	if s.Symbolic() {
		return s.apply(sp, in...)
	}
	p := attention{batch: q[0], steps: q[1], heads: q[2], k: q[3], values: k[1], n: v[3], scale: scale}
	f32 := &attending[float32]{attention: p, set: s.f32}
	f64 := &attending[float64]{attention: p, set: s.f64}
	sp.f32, sp.f64 = f32.forward, f64.forward
	sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
		f32.kept, f64.kept = true, true
		// y is an operand only so that the run forward comes first.
		packed := s.apply(spec{
			name: "attention gradient", shape: Shape{q.Size() + k.Size() + v.Size()}, f32: f32.backward, f64: f64.backward,
		}, in[0], in[1], in[2], y, dy)
		grads := make([]Value, len(in)) // none for allowed
		for i, at := 0, 0; i < 3; i++ {
			grads[i] = packed.part(at, in[i].shape)
			at += in[i].shape.Size()
		}
		return grads
	}
	return s.apply(sp, in...)
}

// attention are the sizes of the operation.
type attention struct {
	batch, steps, heads, k, values, n int
	scale                             float64
}

// attending is the operation for one type of element.
type attending[T float] struct {
	attention
	set     *kernels.Set[T]
	kept    bool      // whether there is a way back
	weights []T       // [batch, heads, steps, values], of the last run
	rooms   sync.Pool // of *[]T: working memory
}

// each runs f for every sample and head, with working memory of the given size.
// The cores share them; no sum is split.
func (a *attending[T]) each(size int, f func(sample, head int, room []T)) {
	n := a.batch * a.heads
	kernels.Share(n*a.steps*a.values*(a.k+a.n), n, 1, func(from, end int) {
		room, ok := a.rooms.Get().(*[]T)
		if !ok || len(*room) < size {
			room = new(make([]T, size))
		}
		defer a.rooms.Put(room)
		for i := from; i < end; i++ {
			f(i/a.heads, i%a.heads, (*room)[:size])
		}
	})
}

// matrix is what one sample and head have in a value of the given steps and
// size of a head.
func (a *attending[T]) matrix(data []T, sample, head, steps, size int) kernels.Matrix[T] {
	row := a.heads * size
	return kernels.Matrix[T]{Data: data[sample*steps*row+head*size:], Row: row, Col: 1}
}

// scaled copies the query of a sample and head, times scale.
func (a *attending[T]) scaled(to, query []T, sample, head int) kernels.Matrix[T] {
	from, scale := a.matrix(query, sample, head, a.steps, a.k), T(a.scale)
	for i := range a.steps {
		row := to[i*a.k:][:a.k]
		for j, x := range from.Data[i*from.Row:][:a.k] {
			row[j] = scale * x
		}
	}
	return kernels.RowMajor(to, a.k)
}

func (a *attending[T]) forward(out []T, in [][]T) error {
	size, room := a.steps*a.values, a.steps*a.k
	if a.kept && a.weights == nil {
		a.weights = make([]T, a.batch*a.heads*size)
	}
	if !a.kept {
		room += size
	}
	a.each(room, func(sample, head int, room []T) {
		query, key := a.scaled(room[:a.steps*a.k], in[0], sample, head), a.matrix(in[1], sample, head, a.values, a.k)
		value, y := a.matrix(in[2], sample, head, a.values, a.n), a.matrix(out, sample, head, a.steps, a.n)
		w := room[a.steps*a.k:] // [steps, values]
		if a.kept {
			w = a.weights[(sample*a.heads+head)*size:][:size]
		}
		var allowed []T
		if len(in) > 3 {
			allowed = in[3][sample*size:][:size]
		}
		a.set.Mul(a.steps, a.k, query, key.T(), kernels.RowMajor(w, a.values), 0, a.values)
		for i, ok := range allowed {
			if ok == 0 {
				w[i] = T(math.Inf(-1))
			}
		}
		a.set.Softmax(a.values, w, w)
		for i, ok := range allowed { // a row of −∞ alone has become NaN
			if ok == 0 {
				w[i] = 0
			}
		}
		a.set.Mul(a.steps, a.values, kernels.RowMajor(w, a.values), value, y, 0, a.n)
	})
	return nil
}

// backward fills out with the gradients of query, key and value, one after the
// other.
func (a *attending[T]) backward(out []T, in [][]T) error {
	query, key, value, dy := in[0], in[1], in[2], in[4]
	dquery, dkey, dvalue := out[:len(query)], out[len(query):][:len(key)], out[len(query)+len(key):]
	size := a.steps * a.values
	gradient := softmaxRows(a.set).backward
	a.each(a.steps*a.k+size, func(sample, head int, room []T) {
		q, k := a.scaled(room[:a.steps*a.k], query, sample, head), a.matrix(key, sample, head, a.values, a.k)
		v, d := a.matrix(value, sample, head, a.values, a.n), a.matrix(dy, sample, head, a.steps, a.n)
		dq, dk := a.matrix(dquery, sample, head, a.steps, a.k), a.matrix(dkey, sample, head, a.values, a.k)
		w := a.weights[(sample*a.heads+head)*size:][:size] // [steps, values]
		dw := room[a.steps*a.k:]                           // [steps, values]
		weights, scores := kernels.RowMajor(w, a.values), kernels.RowMajor(dw, a.values)

		a.set.Mul(a.values, a.steps, weights.T(), d, a.matrix(dvalue, sample, head, a.values, a.n), 0, a.n)
		a.set.Mul(a.steps, a.n, d, v.T(), scores, 0, a.values)
		gradient(a.values, w, dw, dw)
		a.set.Mul(a.values, a.steps, scores.T(), q, dk, 0, a.k)
		a.set.Mul(a.steps, a.values, scores, k, dq, 0, a.k)
		for i := range a.steps {
			for j := range dq.Data[i*dq.Row:][:a.k] {
				dq.Data[i*dq.Row+j] *= T(a.scale)
			}
		}
	})
	return nil
}
