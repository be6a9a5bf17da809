package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// Gather looks rows up: element i of indices becomes row i of v, so the result
// has the shape of indices followed by that of a row. Indices are whole
// numbers from 0; others are an error when the graph is run. They get no
// gradient.
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

// noGradient is the gradient of an operand that has none.
func noGradient() Value { return Value{} }

// Pick takes from every line along the last axis the element at an index: v
// [..., n] and indices [...] give [...]. Indices are whole numbers from 0;
// others are an error when the graph is run. They get no gradient.
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
