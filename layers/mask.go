package layers

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
)

// Masks of the inputs of layers.

// checkStepMask reports whether the mask of x, if it has one, is a mask of its steps.
func checkStepMask(s *graph.Scope, class string, x graph.Value) bool {
	m, ok := x.Mask()
	if ok && !m.Shape().Accepts(x.Shape()[:2]) {
		s.Failf(class+" mask", fmt.Sprintf("must have the shape %v", x.Shape()[:2]), m.Shape())
		return false
	}
	return true
}

// broadcastMask returns the mask of x, with axes of size 1 appended so that it
// broadcasts to x.
func broadcastMask(s *graph.Scope, class string, x graph.Value) (graph.Value, bool) {
	m, ok := x.Mask()
	if !ok {
		return m, false
	}
	if m.Rank() > x.Rank() || !m.Shape().Accepts(x.Shape()[:m.Rank()]) {
		s.Failf(class+" mask", fmt.Sprintf("must have the first axes of the input %v", x.Shape()), m.Shape())
		return m, false
	}
	shape := m.Shape()
	for len(shape) < x.Rank() {
		shape = append(shape, 1)
	}
	return m.Reshape(shape...), true
}

// zeroMasked replaces the masked steps of x by zeros.
func zeroMasked(x graph.Value, mask *graph.Value) graph.Value {
	if mask == nil {
		return x.WithoutMask()
	}
	return graph.Where(mask.Unsqueeze(-1), x, x.Scope().Const(0, graph.Shape{}))
}

// keepMask returns y with the mask of x.
func keepMask(x, y graph.Value) graph.Value {
	if m, ok := x.Mask(); ok {
		return y.WithMask(m)
	}
	return y
}

// keepAnyMask returns y with one mask, if all xs have masks: a step counts if it
// counts in any of them.
func keepAnyMask(xs []graph.Value, y graph.Value) graph.Value {
	var all graph.Value
	for i, x := range xs {
		m, ok := x.Mask()
		if !ok {
			return y.WithoutMask()
		}
		if i > 0 {
			m = all.Maximum(m)
		}
		all = m
	}
	return y.WithMask(all)
}

// addMask returns y with a mask of the steps that both m and the mask of y allow. The
// mask of y may be [batch], see graph.Value.Mask.
func addMask(y, m graph.Value) graph.Value {
	if before, ok := y.Mask(); ok {
		for before.Rank() < m.Rank() {
			before = before.Unsqueeze(-1)
		}
		m = m.Times(before)
	}
	return y.WithMask(m)
}

// joinMasks is the mask of what two masks allow; nil allows everything.
func joinMasks(a, b *graph.Value) *graph.Value {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	m := a.Times(*b)
	return &m
}

// activate applies an activation to y and gives the result the mask of x. A function
// along the steps does not know the mask, which is a remark.
func activate(s *graph.Scope, a activations.Activation, x, y graph.Value) graph.Value {
	if axis, ok := activations.Along(a); ok && axis != 0 {
		if axis < 0 {
			axis += y.Rank()
		}
		if mask, masked := x.Mask(); masked && axis == 1 && mask.Rank() == 2 {
			s.Note("combines steps in its activation and counts masked steps as data")
		}
	}
	return keepMask(x, a.Apply(y))
}

// noteMaskEnd adds a remark where a mask reaches a layer and none leaves it,
// unless the layer computes with the mask, as a recurrent layer does.
func noteMaskEnd(s *graph.Scope, l Layer, inputs, outputs []graph.Value) {
	masked := func(v graph.Value) bool {
		_, ok := v.Mask()
		return ok
	}
	switch l.(type) {
	case LSTM, GRU, SimpleRNN, RNN, Bidirectional, Attention, AdditiveAttention, MultiHeadAttention, GlobalAveragePooling1D:
		return
	}
	if s.Err() == nil && slices.ContainsFunc(inputs, masked) && !slices.ContainsFunc(outputs, masked) {
		s.Note("ends the mask: what follows counts masked steps as data")
	}
}

// Masking masks the steps whose features all equal a padding value. They are set to
// zero, and the output has a mask that leaves them out.
//
//	in, out: [batch, steps, features]
//
// A step that the mask of the input leaves out stays masked; Keras drops that mask.
// If no value means padding, a Lambda can use a mask that is an input.
type Masking struct {
	MaskValue float64 // padding value, any finite number; 0
	Name      string  // "masking", numbered, where empty
}

var _ Resolver = Masking{}

// Resolve checks the value.
func (l Masking) Resolve() (Layer, error) {
	if math.IsNaN(l.MaskValue) || math.IsInf(l.MaskValue, 0) {
		return nil, graph.Error{Field: "Masking.MaskValue", Rule: "must be finite", Value: l.MaskValue, Kind: graph.ErrNotFinite}
	}
	return l, nil
}

// Call computes the layer.
func (l Masking) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "Masking", inputs)
	if !ok {
		return inputs
	}
	mask := differs(x, l.MaskValue).Max(-1)                            // [batch, steps]
	y := graph.Where(mask.Unsqueeze(-1), x, s.Const(0, graph.Shape{})) // [batch, steps, features]
	return []graph.Value{addMask(keepMask(x, y), mask)}
}

// differs is 1 where x is not c, rounded to the dtype of x, and 0 elsewhere.
func differs(x graph.Value, c float64) graph.Value {
	return x.Equal(x.Scope().Const(c, graph.Shape{})).OneMinus()
}

// Stepwise masks every step separately.
func (l Masking) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in, -1) }
