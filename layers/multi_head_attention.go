package layers

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// MultiHeadAttention computes attention with several heads in parallel, each with its
// own projections (Vaswani et al. 2017, "Attention Is All You Need"). For each head,
//
//	q = query·W_q + b_q    k = key·W_k + b_k    v = value·W_v + b_v
//	weights = softmax(q·kᵀ / √key_dim)
//	y = Σ over heads of weights·v·W_o, + b_o
//
//	in:      query [batch, query steps, features], value and key [batch, value
//	         steps, features], each with its own number of features; the key
//	         is the value where it is not given, and with one input a sequence
//	         attends to itself. With AttentionMask the last input is that mask,
//	         [batch, query steps, value steps], with 0 where a query must not
//	         attend to a value; an axis of size 1 broadcasts
//	out:     [batch, query steps, features of the query], or OutputShape in
//	         place of the features; with ReturnAttentionScores also the weights,
//	         [batch, heads, query steps, value steps]
//	weights: query/kernel, key/kernel [features, heads, key_dim], query/bias,
//	         key/bias [heads, key_dim], value/kernel [features, heads, value_dim],
//	         value/bias [heads, value_dim], attention_output/kernel
//	         [heads, value_dim, output...], attention_output/bias [output...]
//
// A query attends to a value only if all masks allow it: its own, those of value and
// key, AttentionMask and the causal one. Otherwise the weight is exactly 0, whatever
// the score. If no value is allowed, as at a masked step of the query, all weights are
// 0, and the output is its bias. The output has the query's mask. Features must be
// known when the model is built.
//
// It runs as one operation, which keeps no weights, unless they are returned, or dropped in
// training; see graph.DotAttention. Keras' attention_axes is not supported:
// attention is over the steps.
type MultiHeadAttention struct {
	NumHeads              int               // number of heads; required
	KeyDim                int               // size of a head's queries and keys; required
	ValueDim              int               // size of a head's values; KeyDim where 0
	Dropout               float64           // fraction of the weights dropped in training, 0 ≤ Dropout < 1; 0
	Seed                  *uint64           // dropout seed; nil derives it from the model's seed and the layer's path
	NoBias                bool              // leave all biases out
	OutputShape           graph.Shape       // of the output at one step, at most 8 axes; the features of the query where empty
	UseCausalMask         bool              // a query does not attend to values after its step
	AttentionMask         bool              // the last input is a mask
	ReturnAttentionScores bool              // also return the weights, before dropout
	KernelInitializer     graph.Initializer // initializers.GlorotUniform
	BiasInitializer       graph.Initializer // initializers.Zeros
	KernelRegularizer     graph.Regularizer // of each kernel; nil: none
	BiasRegularizer       graph.Regularizer // of each bias; nil: none
	ActivityRegularizer   graph.Regularizer // of q, k, v and y, divided by the batch size; nil: none
	KernelConstraint      graph.Constraint  // of each kernel; nil: none
	BiasConstraint        graph.Constraint  // of each bias; nil: none
	Name                  string            // "multi_head_attention", numbered, where empty
}

var _ Resolver = MultiHeadAttention{}

// Resolve fills in the defaults.
func (l MultiHeadAttention) Resolve() (Layer, error) {
	if l.ValueDim == 0 {
		l.ValueDim = l.KeyDim
	}
	l.OutputShape = l.OutputShape.Clone() // a copy, which the caller cannot change
	err := first(
		positive("MultiHeadAttention.NumHeads", l.NumHeads),
		positive("MultiHeadAttention.KeyDim", l.KeyDim),
		positive("MultiHeadAttention.ValueDim", l.ValueDim),
		rate("MultiHeadAttention.Dropout", l.Dropout),
		weightFields("MultiHeadAttention", "Kernel", &l.KernelInitializer, initializers.GlorotUniform, &l.KernelRegularizer, &l.KernelConstraint),
		weightFields("MultiHeadAttention", "Bias", &l.BiasInitializer, initializers.Zeros, &l.BiasRegularizer, &l.BiasConstraint),
		regularizer("MultiHeadAttention.ActivityRegularizer", &l.ActivityRegularizer),
	)
	for _, d := range l.OutputShape {
		if err == nil && d <= 0 {
			err = graph.Error{Field: "MultiHeadAttention.OutputShape", Rule: "must have positive axes", Value: l.OutputShape}
		}
	}
	if err == nil {
		err = bounded("MultiHeadAttention.OutputShape", l.OutputShape, outputAxes)
	}
	return l, err
}

// outputAxes is the largest number of axes of OutputShape.
const outputAxes = 8

// Call computes the layer.
func (l MultiHeadAttention) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	var mask *graph.Value
	if l.AttentionMask && len(inputs) > 0 {
		mask, inputs = &inputs[len(inputs)-1], inputs[:len(inputs)-1]
	}
	a, ok := newAttended(s, "MultiHeadAttention", inputs, true)
	if !ok {
		return inputs
	}
	keep := a.remember(s, l.UseCausalMask)
	given, ok := l.given(s, a, mask)
	if !ok {
		return inputs
	}
	h, k, n := l.NumHeads, l.KeyDim, l.ValueDim
	q := l.project(s, "query", a.query, 1, graph.Shape{a.query.Dim(2), h, k}) // [batch, query steps, heads, key_dim]
	ks := l.project(s, "key", a.key, 1, graph.Shape{a.key.Dim(2), h, k})      // [batch, value steps, heads, key_dim]
	v := l.project(s, "value", a.value, 1, graph.Shape{a.value.Dim(2), h, n}) // [batch, value steps, heads, value_dim]
	ks, v = keep("key", ks), keep("value", v)

	y, weights := l.attend(s, a, q, ks, v, given) // [batch, query steps, heads, value_dim]

	shape := l.OutputShape
	if len(shape) == 0 {
		shape = graph.Shape{a.query.Dim(2)}
	}
	y = l.project(s, "attention_output", y, 2, append(graph.Shape{h, n}, shape...)) // [batch, query steps, output...]
	if a.queries != nil {
		y = y.WithMask(*a.queries)
	}
	if l.ReturnAttentionScores {
		return []graph.Value{y, weights}
	}
	return []graph.Value{y}
}

// attend returns the weighted means of the values [batch, query steps, heads,
// value_dim], and with ReturnAttentionScores the weights [batch, heads, query steps,
// value steps]. It is one operation unless the weights are returned or dropped.
func (l MultiHeadAttention) attend(s *graph.Scope, a attended, q, k, v graph.Value, given *graph.Value) (y, weights graph.Value) {
	scale := 1 / math.Sqrt(float64(l.KeyDim))
	if !l.ReturnAttentionScores && (l.Dropout == 0 || !s.Training()) {
		return a.dot(q, k, v, scale, l.UseCausalMask, given), weights
	}
	allowed := joinMasks(a.allowed(l.UseCausalMask), given)
	if a.queries != nil {
		m := a.queries.Unsqueeze(-1) // [batch, query steps, 1]
		allowed = joinMasks(allowed, &m)
	}
	if allowed != nil && allowed.Rank() == 3 { // a causal mask alone has no batch
		heads := allowed.Unsqueeze(1) // [batch, 1, query steps, value steps]
		allowed = &heads
	}
	weights = maskedSoftmax(graph.Einsum("bthk,bshk->bhts", q.Scale(scale), k), allowed) // [batch, heads, query steps, value steps]
	kept := weights
	seeded(s, l.Seed, func() { kept = drop(s, "dropout", weights, weights.Shape(), l.Dropout) })
	return graph.Einsum("bhts,bshk->bthk", kept, v), weights
}

// project multiplies x with a kernel of the given shape, over whose first axes it sums,
// and adds a bias.
func (l MultiHeadAttention) project(s *graph.Scope, name string, x graph.Value, axes int, shape graph.Shape) graph.Value {
	y := x
	s.Within(name, func() {
		kernel := weight(s, "kernel", shape, l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint)
		var bias *graph.Value
		if !l.NoBias {
			bias = new(weight(s, "bias", shape[axes:], l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint))
		}
		y = graph.Linear(x, axes, kernel, bias, graph.Function{})
		addActivityPenalty(s, l.ActivityRegularizer, y)
	})
	return y
}

// given is 1 where the attention mask, an input, allows a value, and 0 elsewhere: [batch,
// query steps, value steps], or 1 in place of an axis; nil without such a mask.
func (l MultiHeadAttention) given(s *graph.Scope, a attended, mask *graph.Value) (*graph.Value, bool) {
	if mask == nil {
		return nil, true
	}
	want := graph.Shape{a.query.Dim(0), a.query.Dim(1), a.value.Dim(1)}
	if !broadcastsTo(mask.Shape(), want) {
		s.Failf("MultiHeadAttention.AttentionMask", fmt.Sprintf("must be an input of the shape %v, or with 1 in place of an axis", want), mask.Shape())
		return nil, false
	}
	m := mask.Equal(s.Const(0, graph.Shape{})).OneMinus()
	return &m, true
}

// broadcastsTo reports whether a mask may broadcast to a shape: each of its axes is
// that of the shape, or has size 1.
func broadcastsTo(mask, shape graph.Shape) bool {
	return slices.EqualFunc(mask, shape, func(m, d int) bool { return m == 1 || same(m, d) })
}
