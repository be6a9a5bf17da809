package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/ops"
)

// DotAttention is dot-product attention with several heads. It runs as one
// operation, and so does its gradient. For every sample and head it computes
//
//	softmax(scale · query·keyᵀ) · value
//
// with query [batch, steps, heads, k], key [batch, values, heads, k] and value
// [batch, values, heads, n], all known when a graph is built; the result is
// [batch, steps, heads, n]. Allowed, unless it is nil, broadcasts to [batch, steps,
// values]. Where it is 0, the score is excluded from the softmax and the weight is
// exactly 0 for any score. A step with no allowed value has weights of 0 and a
// result of 0. Allowed has no gradient.
//
// Einsum and Softmax can express the same. DotAttention is faster because the scores
// of one sample and head stay in the cache, and it needs less memory because only
// the weights are kept for the backward pass.
func DotAttention(query, key, value Value, allowed *Value, scale float64) Value {
	s, q, k, v := query.s, query.shape, key.shape, value.shape
	if len(q) != 4 || len(k) != 4 || len(v) != 4 || !k.Matches(Shape{q[0], Any, q[2], q[3]}) || !v.Matches(Shape{q[0], k[1], q[2], Any}) {
		s.Failf("attention", "must have query, key and value of matching shapes", fmt.Sprintf("%v, %v and %v", q, k, v))
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
	att := &ops.Attention{Batch: q[0], Steps: q[1], Heads: q[2], K: q[3], Values: k[1], N: v[3], Scale: scale}
	sp.compute = att
	sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
		att.Training = true
		packed := s.apply(spec{
			name: "attention gradient", shape: Shape{q.Size() + k.Size() + v.Size()}, compute: ops.AttentionGradient{Attention: att},
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
