package graph

import (
	"fmt"
	"slices"
)

// MatMul is the matrix product over the last axis of v and the last but one of
// w. With w a matrix, v may have any number of axes before the last; otherwise
// both have the same axes before the last two, and every pair of matrices is
// multiplied.
func (v Value) MatMul(w Value) Value { return v.matMul(w) }

// MatMulAdd is v.MatMul(w) plus a bias, whose axes are the last ones of the
// result. It takes one pass less over the result than Add does.
func (v Value) MatMulAdd(w, bias Value) Value { return v.matMul(w, bias) }

// matMul takes at most one term to add.
func (v Value) matMul(w Value, plus ...Value) Value {
	n := len(v.shape)
	if n < 2 || len(w.shape) != n && len(w.shape) != 2 {
		v.s.Failf("matmul", fmt.Sprintf("must have operands that fit, beside %v", v.shape), w.shape)
		return v.s.poison(v.shape)
	}
	axes := make([]rune, n+1) // all of v, and the last of w
	for i := range axes {
		axes[i] = rune(i)
	}
	l := letters{a: axes[:n], b: axes[n-1:], out: append(slices.Clone(axes[:n-1]), axes[n])}
	if len(w.shape) > 2 {
		l.b = append(slices.Clone(axes[:n-2]), axes[n-1:]...)
	}
	return contract("matmul", l, v, w, plus...)
}
