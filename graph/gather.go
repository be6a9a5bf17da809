package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// Gather looks up rows: each index is replaced by that row of v, so the shape of the
// result is that of indices followed by that of a row. Indices are integers from 0;
// invalid ones are an error of Program.Run. They have no gradient.
func (v Value) Gather(indices Value) Value {
	if len(v.shape) == 0 {
		v.s.Failf("gather", "must have an axis to look up in", v.shape)
		return v.s.poison(indices.shape)
	}
	shape := slices.Concat(indices.shape, v.shape[1:])
	n, size := v.shape[0], v.shape[1:].Size()
	return v.s.apply(spec{
		name: "gather", shape: shape,
		compute: ops.Gather{Rows: n, Size: size},
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value {
				return v.s.apply(spec{
					name: "gather gradient", shape: in[0].shape,
					compute: ops.GatherGradient{Rows: n, Size: size},
				}, in[1], dy)
			}, noGradient)
		},
	}, v, indices)
}

// noGradient is the result for an operand without a gradient.
func noGradient() Value { return Value{} }

// Pick selects one element along the last axis: v [..., n] and indices [...] give
// [...]. Indices are integers from 0; invalid ones are an error of Program.Run. They
// have no gradient.
func (v Value) Pick(indices Value) Value {
	if len(v.shape) == 0 {
		v.s.Failf("pick", "must have an axis to pick from", v.shape)
		return v.s.poison(indices.shape)
	}
	last := len(v.shape) - 1
	if !indices.shape.Matches(v.shape[:last]) {
		v.s.Failf("pick", fmt.Sprintf("must have indices of the shape %v", v.shape[:last]), indices.shape)
		return v.s.poison(indices.shape)
	}
	n := v.shape[last]
	return v.s.apply(spec{
		name: "pick", shape: v.shape[:last].Clone(),
		compute: ops.Pick{N: n},
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value {
				return v.s.apply(spec{
					name: "pick gradient", shape: in[0].shape,
					compute: ops.PickGradient{N: n},
				}, in[1], dy)
			}, noGradient)
		},
	}, v, indices)
}
