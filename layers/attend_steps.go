package layers

import "github.com/engram-go/engram/graph"

// remember makes the values of all steps so far of those that come step by step,
// where a causal query looks at them. keep does so for keys and values, or what
// is made of them: [batch, 1, ...] becomes [batch, memory, ...], of which only the
// steps that were count, as the mask of the values then says. Elsewhere keep does
// nothing.
func (a *attended) remember(s *graph.Scope, causal bool) (keep func(name string, x graph.Value) graph.Value) {
	if !a.stepped || !causal || s.Err() != nil {
		return func(_ string, x graph.Value) graph.Value { return x }
	}
	n, batch := s.Memory(), a.value.Dim(0)
	if n == 0 {
		s.Failf("StepperConfig.Memory", "must be given, since the attention looks back on all steps and the model leaves their number open", n)
		n = 1
	}
	count := s.Count(batch, n).Unsqueeze(1) // [batch, 1]
	slots := counting(s, n)                 // [memory]
	here := slots.Equal(count)              // [batch, memory]
	keep = func(name string, x graph.Value) graph.Value {
		before, hold := s.Carry(name, s.Const(0, x.Shape().With(1, n)))
		shape := graph.Shape{batch, n}
		for len(shape) < x.Rank() {
			shape = append(shape, 1)
		}
		y := graph.Where(here.Reshape(shape...), x, before) // [batch, memory, ...]
		hold(y)
		return y
	}
	counts := count.GreaterEqual(slots) // [batch, memory]
	if a.values != nil {
		counts = counts.Times(keep("mask", *a.values))
	}
	a.values, a.past = &counts, true
	return keep
}

// recall is remember for attention to the inputs as they are.
func (a *attended) recall(s *graph.Scope, causal bool) {
	keep := a.remember(s, causal)
	a.value = keep("value", a.value)
	if a.apart {
		a.key = keep("key", a.key)
	} else {
		a.key = a.value
	}
}

// attendSteps is what Stepwise returns for attention to inputs that are query,
// value and key.
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
		return nil, notStepwise(l, "its query is there as a whole, while its values are not")
	case values == graph.Latest:
		return nil, notStepwise(l, "its value and key must both be sequences that come step by step, or both the same at every step")
	case values == graph.Stepped && !causal:
		return nil, notStepwise(l, "it looks at later steps, as it has no UseCausalMask")
	case values == graph.Stepped && scores:
		return nil, notStepwise(l, "its scores are for all steps at once")
	case values == graph.Still && causal:
		return nil, notStepwise(l, "it has UseCausalMask, but its values are there as a whole")
	}
	out := []graph.Pace{graph.Stepped}
	if scores {
		out = append(out, graph.Stepped)
	}
	return out, nil
}

// Stepwise keeps the keys and values of the steps so far.
func (l Attention) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return attendSteps(l, in, l.UseCausalMask, l.ReturnAttentionScores)
}

// Stepwise keeps the keys and values of the steps so far.
func (l AdditiveAttention) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return attendSteps(l, in, l.UseCausalMask, l.ReturnAttentionScores)
}

// Stepwise keeps the projected keys and values of the steps so far.
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
