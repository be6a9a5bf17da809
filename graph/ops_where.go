package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/shapes"
)

// Where takes the element of a where cond is not 0, and that of b elsewhere.
// The three broadcast to one shape. The gradient goes to the side taken only:
// a NaN on the other does not come through.
func Where(cond, a, b Value) Value {
	shape, ok := shapes.Broadcast(a.shape, b.shape)
	if ok {
		shape, ok = shapes.Broadcast(shape, cond.shape)
	}
	if !ok {
		cond.s.Failf("where", fmt.Sprintf("must have operands that broadcast to each other, beside %v and %v", cond.shape, a.shape), b.shape)
		return cond.s.poison(deeper(cond.shape, deeper(a.shape, b.shape)))
	}
	cond, a, b = cond.BroadcastTo(shape...), a.BroadcastTo(shape...), b.BroadcastTo(shape...)
	return cond.s.apply(spec{
		name: "where", shape: shape, f32: whereKernel[float32], f64: whereKernel[float64],
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			zero := in[0].s.Const(0, shape)
			return append([]Value{noGradient()}, pair(want[1:],
				func() Value { return Where(in[0], dy, zero) },
				func() Value { return Where(in[0], zero, dy) })...)
		},
	}, cond, a, b)
}

func whereKernel[T float](out []T, in [][]T) error {
	for i, c := range in[0][:len(out)] {
		if c != 0 {
			out[i] = in[1][i]
		} else {
			out[i] = in[2][i]
		}
	}
	return nil
}
