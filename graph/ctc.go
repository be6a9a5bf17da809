package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// CTC is −log P of the labels of each sample, [batch], with P the probability of all ways to
// spread them over the steps (Graves et al. 2006, "Connectionist Temporal Classification"). A
// step has one class, by the softmax of the logits v [batch, steps, classes]; equal classes in
// a row are one label, and the class blank is none:
//
//	P = Σ_π Π_t softmax(v_t)_{π_t}    over all π that give the labels
//
// Labels [batch, n] are numbers of classes, from 0, followed by blanks in samples of fewer
// than n; others are an error of Program.Run. Mask [batch, steps] leaves out the steps where
// it is 0; nil means that all count. Labels have no gradient.
//
// Labels with fewer steps than labels and pairs of equal neighbours cannot be: their result is
// +∞ and their gradient 0. It runs as one operation, and so does its gradient, in float64 and
// in logarithms. A second derivative is not available.
func (v Value) CTC(labels Value, mask *Value, blank int) Value {
	s := v.s
	if len(v.shape) != 3 {
		s.Failf("output", "must be logits [batch, steps, classes]", v.shape)
		return s.poison(Shape{Any})
	}
	batch, steps, classes := v.shape[0], v.shape[1], v.shape[2]
	shape := Shape{batch}
	switch {
	case len(labels.shape) != 2 || !labels.shape[:1].Matches(shape):
		s.Failf("target", fmt.Sprintf("must be labels in the shape %v", Shape{batch, Any}), labels.shape)
		return s.poison(shape)
	case blank < 0 || classes != Any && blank >= classes:
		s.Failf("blank", fmt.Sprintf("must be the number of one of %d classes, from 0", classes), blank)
		return s.poison(shape)
	case mask != nil && !mask.shape.Matches(v.shape[:2]):
		s.Failf("mask", fmt.Sprintf("must have the shape %v", v.shape[:2]), mask.shape)
		return s.poison(shape)
	}
	operands := []Value{v, labels}
	if mask != nil {
		operands = append(operands, *mask)
	}
	o := ops.CTC{Batch: batch, Steps: steps, Classes: classes, Labels: labels.shape[1], Blank: blank, Masked: mask != nil, Field: "target"}
	return s.apply(spec{
		name: "ctc", shape: shape, compute: o,
		diff: func(in []Value, y, dy Value, want []bool) []Value {
			grads := make([]Value, len(in))
			if want[0] {
				grads[0] = s.apply(spec{name: "ctc gradient", shape: v.shape, compute: ops.CTCGradient{CTC: o}}, append(slices.Clone(in), y, dy)...)
			}
			return grads
		},
	}, operands...)
}
