package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/ops"
)

// targetSlack is how far rounding may take a probability out of [0, 1].
const targetSlack = 1e-6

// ClassCrossEntropy is −log p_k, with p the softmax of the logits v [..., n] along the last
// axis and k the number of a class, from 0, in classes [...]. It runs as one operation, and
// so does its gradient p − [k]: neither p nor its logarithm is stored. A number that is none
// of a class is an error of Program.Run; classes have no gradient.
//
// Where the gradient of the result is 0, such as at a step that a mask leaves out, that of
// the logits is 0 even if they are not finite.
func (v Value) ClassCrossEntropy(classes Value) Value {
	n, rows, ok := v.rowsOfLogits()
	if ok && !classes.shape.Matches(rows) {
		v.s.Failf("target", fmt.Sprintf("must be numbers of classes in the shape %v", rows), classes.shape)
		ok = false
	}
	if !ok {
		return v.s.poison(rows)
	}
	return v.crossEntropy(rows, ops.CrossEntropy{
		N: n, Classes: true, Field: "target", Rule: fmt.Sprintf("must be the number of a class, a whole number from 0 to %d", n-1),
	}, classes)
}

// CrossEntropy is −Σ t·log p over the last axis, with p the softmax of the logits v [..., n]
// and t the targets [..., n], or what smoothing, in [0, 1], makes of them:
//
//	t = target·(1 − smoothing) + smoothing/n
//
// It runs as one operation like ClassCrossEntropy, and so does its gradient p·Σt − t.
// Targets outside [0, 1] are an error of Program.Run. They need not add up to 1.
func (v Value) CrossEntropy(target Value, smoothing float64) Value {
	n, rows, ok := v.rowsOfLogits()
	if ok && !target.shape.Matches(v.shape) {
		v.s.Failf("target", fmt.Sprintf("must have the shape of the logits, %v", v.shape), target.shape)
		ok = false
	}
	if ok && !(smoothing >= 0 && smoothing <= 1) {
		v.s.Failf("smoothing", "must lie in [0, 1]", smoothing)
		ok = false
	}
	if !ok {
		return v.s.poison(rows)
	}
	return v.crossEntropy(rows, ops.CrossEntropy{
		N: n, Smoothing: smoothing, Field: "target", Rule: "must lie in [0, 1]", Slack: targetSlack,
	}, target)
}

// rowsOfLogits is the size of the last axis, and the shape without it.
func (v Value) rowsOfLogits() (n int, rows Shape, ok bool) {
	last := len(v.shape) - 1
	if last < 0 {
		v.s.Failf("cross-entropy", "must have logits along an axis", v.shape)
		return 0, Shape{}, false
	}
	return v.shape[last], v.shape[:last].Clone(), true
}

// crossEntropy adds the operation for rows of logits.
func (v Value) crossEntropy(rows Shape, c ops.CrossEntropy, target Value) Value {
	s, shape := v.s, v.shape
	if s.Symbolic() {
		return s.apply(spec{name: "cross-entropy", shape: rows}, v, target)
	}
	c.Rows = rows.Size()
	return s.apply(spec{
		name: "cross-entropy", shape: rows, compute: &c,
		diff: func(in []Value, y, dy Value, want []bool) []Value {
			return pair(want, func() Value {
				return s.apply(spec{
					name: "cross-entropy gradient", shape: shape, compute: ops.CrossEntropyGradient{CrossEntropy: &c},
				}, in[0], in[1], y, dy)
			}, func() Value {
				if c.Classes {
					return noGradient()
				}
				return in[0].LogSoftmax(-1).Times(dy.Unsqueeze(-1)).Scale(c.Smoothing - 1)
			})
		},
	}, v, target)
}
