package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/exec"
)

// Value is a symbolic tensor: a node of the graph with its shape and mask. Formulas
// consist of its methods, which return new values and do not change their operands.
type Value struct {
	s     *Scope
	node  *exec.Node // nil if the scope only follows shapes and after an error
	shape Shape
	mask  *Value
	pace  Pace
	probs *probabilities // nil unless the value is known to be probabilities
}

// probabilities are the logits from which a value was computed.
type probabilities struct {
	logits  Value
	softmax bool // along the last axis; a sigmoid otherwise
}

// Shape is the shape. Axes may be open in a scope that only follows shapes.
func (v Value) Shape() Shape { return v.shape.Clone() }

// Rank is the number of axes.
func (v Value) Rank() int { return len(v.shape) }

// Dim is the size of an axis; a negative axis counts from the end. A missing
// axis is an error of the current layer.
func (v Value) Dim(axis int) int {
	a, ok := v.axis(axis, "axis")
	if !ok {
		return Any
	}
	return v.shape[a]
}

// axis checks an axis and makes a negative one count from 0.
func (v Value) axis(axis int, field string) (int, bool) {
	a := axis
	if a < 0 {
		a += len(v.shape)
	}
	if a < 0 || a >= len(v.shape) {
		v.s.Failf(field, fmt.Sprintf("must lie within the shape %v", v.shape), axis)
		return 0, false
	}
	return a, true
}

// Scope is the scope in which the value was made.
func (v Value) Scope() *Scope { return v.s }

// Mask is the mask of the value: [batch, steps], 1 for valid steps and 0 for padding.
// Inside layers.TimeDistributed, where each sample is a step, it is [batch]. ok is
// false if there is no mask.
func (v Value) Mask() (mask Value, ok bool) {
	if v.mask == nil {
		return Value{}, false
	}
	return *v.mask, true
}

// WithMask returns the value with the given mask.
func (v Value) WithMask(mask Value) Value {
	v.mask = &mask
	return v
}

// WithoutMask returns the value without a mask.
func (v Value) WithoutMask() Value {
	v.mask = nil
	return v
}

// SoftmaxOf returns the logits if the value is their softmax along the last axis. A
// loss that is computed from logits has a useful gradient where probabilities round to
// 0 or 1. A Reshape that keeps the last axis preserves the logits. For the result of
// any other operation ok is false.
func (v Value) SoftmaxOf() (logits Value, ok bool) { return v.logits(true) }

// SigmoidOf returns the logits if the value is their sigmoid. Reshape preserves them.
// For the result of any other operation ok is false.
func (v Value) SigmoidOf() (logits Value, ok bool) { return v.logits(false) }

func (v Value) logits(softmax bool) (Value, bool) {
	if v.probs == nil || v.probs.softmax != softmax {
		return Value{}, false
	}
	return v.probs.logits.Reshape(v.shape...).WithoutMask(), true
}

// withProbabilities returns the value with a record of its logits.
func (v Value) withProbabilities(logits Value, softmax bool) Value {
	v.probs = &probabilities{logits, softmax}
	return v
}

// Pace describes how a value relates to the steps of a sequence when a model runs one
// step at a time (see Config.Stepping). Operations return Unpaced. layers.Call sets the
// pace of a layer's outputs.
type Pace int

const (
	Unpaced Pace = iota // not known
	Still               // the same at every step
	Latest              // without a time axis: the result of all steps so far
	Stepped             // one step of a sequence [batch, steps, ...]
)

// String is the name of the pace.
func (p Pace) String() string {
	switch p {
	case Still:
		return "still"
	case Latest:
		return "latest"
	case Stepped:
		return "stepped"
	}
	return "unpaced"
}

// Pace is the pace of the value.
func (v Value) Pace() Pace { return v.pace }

// WithPace returns the value with the given pace.
func (v Value) WithPace(p Pace) Value {
	v.pace = p
	return v
}
