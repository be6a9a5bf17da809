package graph

import "github.com/engram-go/engram/internal/ops"

// Softmax is eᵛ / Σ eᵛ along an axis. It does not overflow. A vector with a NaN or +∞,
// or of −∞ only, gives NaN.
func (v Value) Softmax(axis int) Value {
	y := v.rowwise("softmax", axis, false)
	if last := len(v.shape) - 1; axis == -1 || axis == last {
		return y.withProbabilities(v, true)
	}
	return y
}

// LogSoftmax is v − log Σ eᵛ along an axis. It is NaN where Softmax is.
func (v Value) LogSoftmax(axis int) Value {
	return v.rowwise("log-softmax", axis, true)
}

// rowwise applies the softmax, or its logarithm, along an axis.
func (v Value) rowwise(name string, axis int, log bool) Value {
	a, ok := v.axis(axis, name+" axis")
	if !ok {
		return v.s.poison(v.shape)
	}
	if last := len(v.shape) - 1; a != last { // the kernel needs the last axis
		order := make([]int, len(v.shape))
		for i := range order {
			order[i] = i
		}
		order[a], order[last] = last, a
		return v.Transpose(order...).rowwise(name, last, log).Transpose(order...)
	}
	n := v.shape[a]
	return v.s.apply(spec{
		name: name, shape: v.shape, compute: ops.Softmax{N: n, Log: log},
		diff: func(_ []Value, y, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: name + " gradient", shape: v.shape, compute: ops.SoftmaxGradient{N: n, Log: log},
			}, y, dy)}
		},
	}, v)
}
