package layers

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
)

// attended are the inputs of an attention layer. Their masked steps are replaced by
// zeros, so that they reach neither a value nor a gradient.
type attended struct {
	query, key, value graph.Value  // [batch, query steps, features], [batch, value steps, features] twice
	queries           *graph.Value // the mask of the query, [batch, query steps]; nil for none
	values            *graph.Value // that of key and value, [batch, value steps]; nil for none

	apart   bool // the key is a separate input
	stepped bool // the values come step by step
	past    bool // the values are those of the steps so far, see remember
}

// newAttended checks the inputs of an attention layer: query, value and key. The key
// is the value where it is not given, and the value the query. With keyMask the mask of
// the key applies in addition to that of the value.
func newAttended(s *graph.Scope, class string, inputs []graph.Value, keyMask bool) (attended, bool) {
	if len(inputs) < 1 || len(inputs) > 3 {
		s.Failf(class, "must have query, value and key, or the first of them", len(inputs))
		return attended{}, false
	}
	for i, x := range inputs {
		if x.Rank() != 3 {
			s.Failf(class, "must have inputs of the shape [batch, steps, features]", x.Shape())
			return attended{}, false
		}
		if _, ok := features(s, class, x); !ok {
			return attended{}, false
		}
		if !same(x.Dim(0), inputs[0].Dim(0)) || i == 2 && !same(x.Dim(1), inputs[1].Dim(1)) {
			s.Failf(class, fmt.Sprintf("must have inputs of one batch, and as many keys as values, and another is %v", inputs[i-1].Shape()), x.Shape())
			return attended{}, false
		}
		if !checkStepMask(s, class, x) {
			return attended{}, false
		}
	}
	mask := func(i int) *graph.Value {
		if i < len(inputs) {
			if m, ok := inputs[i].Mask(); ok {
				return &m
			}
		}
		return nil
	}
	stepped := s.Stepping() && inputs[min(1, len(inputs)-1)].Pace() == graph.Stepped
	a := attended{queries: mask(0), apart: len(inputs) == 3, stepped: stepped}
	a.query = zeroMasked(inputs[0], a.queries)
	if len(inputs) == 1 {
		a.key, a.value, a.values = a.query, a.query, a.queries
		return a, true
	}
	a.values = mask(1)
	if keyMask {
		a.values = joinMasks(a.values, mask(2))
	}
	a.value = zeroMasked(inputs[1], a.values)
	a.key = a.value
	if len(inputs) == 3 {
		a.key = zeroMasked(inputs[2], a.values)
	}
	return a, true
}

// allowed is 1 where a query may attend to a value and 0 elsewhere, in a shape that
// broadcasts to [batch, query steps, value steps]; nil where everything is allowed.
// With causal, values after the step of the query are not.
func (a attended) allowed(causal bool) *graph.Value {
	var m *graph.Value
	if a.values != nil {
		v := a.values.Unsqueeze(1) // [batch, 1, value steps]
		m = &v
	}
	if causal && !a.past {
		s := a.query.Scope()
		earlier := counting(s, a.query.Dim(1)).Unsqueeze(1).GreaterEqual(counting(s, a.value.Dim(1))) // [query steps, value steps]
		m = joinMasks(m, &earlier)
	}
	return m
}

// counting is 0, 1, 2 and so on.
func counting(s *graph.Scope, n int) graph.Value {
	if n == graph.Any || s.Symbolic() { // there may be more steps than fit into memory
		return s.Const(0, graph.Shape{n})
	}
	steps := make([]float64, n)
	for i := range steps {
		steps[i] = float64(i)
	}
	return s.Values(steps, graph.Shape{n})
}

// maskedSoftmax turns scores into weights that add up to 1 along the last axis. Where
// allowed is 0, the score is left out and the weight is exactly 0, whatever the score;
// where nothing is allowed, all weights are 0.
func maskedSoftmax(scores graph.Value, allowed *graph.Value) graph.Value {
	if allowed == nil {
		return scores.Softmax(-1)
	}
	s := scores.Scope()
	left := graph.Where(*allowed, scores, s.Const(math.Inf(-1), graph.Shape{}))
	// The second Where replaces the NaN of a row of −∞ alone. Where does not pass a
	// gradient to the side not taken, so the gradient has no NaN either.
	return graph.Where(*allowed, left.Softmax(-1), s.Const(0, graph.Shape{}))
}

// softAttention turns the scores of Attention and AdditiveAttention into outputs.
type softAttention struct {
	dropout float64
	seed    *uint64
	causal  bool
	scores  bool // return the weights too
}

// call computes the outputs from scores [batch, query steps, value steps].
func (l softAttention) call(s *graph.Scope, a attended, scores graph.Value) []graph.Value {
	w := maskedSoftmax(scores, a.allowed(l.causal)) // [batch, query steps, value steps]
	seeded(s, l.seed, func() { w = drop(s, "dropout", w, w.Shape(), l.dropout) })
	y := w.MatMul(a.value) // [batch, query steps, features]
	if a.queries != nil {
		y = zeroMasked(y, a.queries).WithMask(*a.queries)
	}
	if l.scores {
		return []graph.Value{y, w}
	}
	return []graph.Value{y}
}

// dot is attention with dot scores as one operation, of queries, keys and values [batch,
// steps, heads, size]. Given is a further mask; nil for none.
func (a attended) dot(query, key, value graph.Value, scale float64, causal bool, given *graph.Value) graph.Value {
	return graph.DotAttention{
		Query: query, Key: key, Value: value, Scale: scale,
		Causal: causal && !a.past, QueryMask: a.queries, ValueMask: a.values, Allowed: given,
	}.Run() // [batch, query steps, heads, size of a value]
}

// pairs adds every query to every key.
func (a attended) pairs() graph.Value {
	return a.query.Unsqueeze(2).Add(a.key.Unsqueeze(1)) // [batch, query steps, value steps, features]
}

// checkFeatures checks that queries and keys can be compared.
func (a attended) checkFeatures(s *graph.Scope, class string) bool {
	if q, k := a.query.Shape(), a.key.Shape(); q[2] != k[2] {
		s.Failf(class, fmt.Sprintf("must have a key with the features of the query, %v", q), k)
		return false
	}
	return true
}

// remember prepares causal attention to values that come step by step. keep stores
// keys and values, or what is computed from them, for the steps so far: [batch, 1, ...]
// becomes [batch, memory, ...], and the mask of the values leaves out the steps that
// have not come yet. In other cases keep returns its argument.
func (a *attended) remember(s *graph.Scope, causal bool) (keep func(name string, x graph.Value) graph.Value) {
	if !a.stepped || !causal || s.Err() != nil {
		return func(_ string, x graph.Value) graph.Value { return x }
	}
	n, batch := s.Memory(), a.value.Dim(0)
	if n == 0 {
		s.Failf("StepperConfig.Memory", "must be given, since the attention uses all earlier steps and the model leaves their number open", n)
		n = 1
	}
	count := s.Count(batch, n) // [batch]
	keep = func(name string, x graph.Value) graph.Value { return s.Remember(name, x, count, n) }
	counts := count.Unsqueeze(1).GreaterEqual(counting(s, n)) // [batch, memory]
	if a.values != nil {
		counts = counts.Times(keep("mask", *a.values))
	}
	a.values, a.past = &counts, true
	return keep
}

// recall is remember for keys and values that are not projected.
func (a *attended) recall(s *graph.Scope, causal bool) {
	keep := a.remember(s, causal)
	a.value = keep("value", a.value)
	if a.apart {
		a.key = keep("key", a.key)
	} else {
		a.key = a.value
	}
}

// attendSteps is Stepwise of attention with the inputs query, value and key.
func attendSteps(l Layer, in []graph.Value, causal, scores bool) ([]graph.Pace, error) {
	values := in[0].Pace()
	for i, v := range in[min(1, len(in)-1):] {
		if i == 0 {
			values = v.Pace()
		}
		if v.Pace() != values {
			values = graph.Latest
		}
	}
	switch {
	case in[0].Pace() != graph.Stepped:
		return nil, notStepwise(l, "its query has all steps at once, but its values come step by step")
	case values == graph.Latest:
		return nil, notStepwise(l, "its value and key must both come step by step, or both be the same at every step")
	case values == graph.Stepped && !causal:
		return nil, notStepwise(l, "it looks at later steps, as it has no UseCausalMask")
	case values == graph.Stepped && scores:
		return nil, notStepwise(l, "its scores are for all steps at once")
	case values == graph.Still && causal:
		return nil, notStepwise(l, "it has UseCausalMask, but its values have all steps at once")
	}
	out := []graph.Pace{graph.Stepped}
	if scores {
		out = append(out, graph.Stepped)
	}
	return out, nil
}

// Stepwise keeps the keys and values of earlier steps.
func (l Attention) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return attendSteps(l, in, l.UseCausalMask, l.ReturnAttentionScores)
}

// Stepwise keeps the keys and values of earlier steps.
func (l AdditiveAttention) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return attendSteps(l, in, l.UseCausalMask, l.ReturnAttentionScores)
}

// Stepwise keeps the projected keys and values of earlier steps.
func (l MultiHeadAttention) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	if l.ReturnAttentionScores {
		return nil, notStepwise(l, "its scores have the heads before the steps")
	}
	if last := len(in) - 1; l.AttentionMask && last > 0 {
		if in[last].Pace() != graph.Stepped || in[min(1, last-1)].Pace() != graph.Still {
			return nil, notStepwise(l, "its AttentionMask must come step by step, for values that are the same at every step")
		}
		in = in[:last]
	}
	return attendSteps(l, in, l.UseCausalMask, false)
}
