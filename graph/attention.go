package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// DotAttention is dot-product attention with several heads. It runs as one
// operation, and so does its gradient. For every sample and head it computes
//
//	softmax(Scale · Query·Keyᵀ) · Value
//
// The masks say where a query may attend to a value: where one of them is 0, the score is
// excluded from the softmax, whatever it is, and the weight is exactly 0. A query with no
// allowed value has weights of 0 and a result of 0. Masks have no gradients.
//
// Einsum and Softmax can express the same. DotAttention computes the scores part by part,
// each in the cache, and keeps none of them. So its memory grows with the number of steps
// only, and training computes the scores twice (Dao et al. 2022, "FlashAttention: Fast and
// Memory-Efficient Exact Attention with IO-Awareness").
type DotAttention struct {
	Query Value // [batch, steps, heads, k]
	Key   Value // [batch, values, heads, k]
	Value Value // [batch, values, heads, n]
	Scale float64

	Causal    bool   // a query does not attend to values after its step
	QueryMask *Value // [batch, steps]; nil for none
	ValueMask *Value // [batch, values]; nil for none
	Allowed   *Value // broadcasts to [batch, steps, values]; nil for none
}

// Run adds the operation to the graph. The result is [batch, steps, heads, n]. All shapes
// must be known when a graph is built.
func (a DotAttention) Run() Value {
	s, q, k, v := a.Query.s, a.Query.shape, a.Key.shape, a.Value.shape
	if len(q) != 4 || len(k) != 4 || len(v) != 4 || !k.Matches(Shape{q[0], Any, q[2], q[3]}) || !v.Matches(Shape{q[0], k[1], q[2], Any}) {
		s.Failf("attention", "must have query, key and value of matching shapes", fmt.Sprintf("%v, %v and %v", q, k, v))
		return s.poison(q)
	}
	s.note("one operation for all heads")
	sp := spec{name: "attention", shape: Shape{q[0], q[1], q[2], v[3]}}
	in := []Value{a.Query, a.Key, a.Value}
	for _, m := range []struct {
		name  string
		value *Value
		shape Shape
	}{{"attention query mask", a.QueryMask, q[:2]}, {"attention value mask", a.ValueMask, k[:2]}} {
		if m.value == nil {
			continue
		}
		if !m.value.shape.Matches(m.shape) {
			s.Failf(m.name, fmt.Sprintf("must have the shape %v", m.shape), m.value.shape)
			return s.poison(sp.shape)
		}
		in = append(in, *m.value)
	}
	var strides [3]int
	if a.Allowed != nil {
		var ok bool
		if strides, ok = a.strides(Shape{q[0], q[1], k[1]}); !ok {
			return s.poison(sp.shape)
		}
		in = append(in, *a.Allowed)
	}
	if s.Symbolic() {
		return s.apply(sp, in...)
	}
	att := &ops.Attention{
		Attention: kernels.Attention{Batch: q[0], Steps: q[1], Heads: q[2], K: q[3], Values: k[1], N: v[3], Scale: a.Scale, Causal: a.Causal},
		QueryMask: a.QueryMask != nil, ValueMask: a.ValueMask != nil, Allowed: a.Allowed != nil, Strides: strides,
	}
	sp.compute = att
	sp.diff = func(in []Value, y, dy Value, _ []bool) []Value {
		att.Training = true
		all := make([]bool, len(in))
		copy(all, []bool{true, true, true}) // masks have no gradient
		return s.packed("attention gradient", in, all, func([]int) ops.Op {
			return ops.AttentionGradient{Attention: att}
		}, append(slices.Clone(in), y, dy)...)
	}
	return s.apply(sp, in...)
}

// strides are the distances of elements of Allowed along the axes of the shape that it
// broadcasts to: 0 where it has one element for all.
func (a DotAttention) strides(shape Shape) (strides [3]int, ok bool) {
	allowed := a.Allowed.shape
	if !shapes.ExpandsTo(allowed, shape) {
		a.Query.s.Failf("attention allowed", fmt.Sprintf("must broadcast to %v", shape), allowed)
		return strides, false
	}
	size := 1
	for i := len(allowed) - 1; i >= 0; i-- {
		if allowed[i] != 1 {
			strides[i+len(shape)-len(allowed)] = size
		}
		size *= allowed[i]
	}
	return strides, true
}
