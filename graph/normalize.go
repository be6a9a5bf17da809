package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
)

// LayerNorm normalizes every vector along the last axis, of n elements, to mean 0 and
// variance 1 (Ba et al. 2016, "Layer Normalization"):
//
//	y = γ ⊙ (v − mean(v)) / √(var(v) + ε) + β
//
// The variance is divided by n. Gamma (γ) and beta (β) have the shape [n]; nil leaves
// them out. It runs as one operation and so does its gradient, computed in float64 from
// r = 1/√(var + ε) and z = r·(v − mean(v)):
//
//	dv = r·(g − mean(g) − z ⊙ mean(g ⊙ z))    with g = γ ⊙ dy
//	dγ = Σ dy ⊙ z, dβ = Σ dy over all vectors
//
// A second derivative is not available. Transpose and Reshape move other axes to the end.
func (v Value) LayerNorm(gamma, beta *Value, epsilon float64) Value {
	return v.normalize("normalize", gamma, beta, kernels.Rows{Centred: true, Epsilon: epsilon})
}

// RMSNorm divides every vector along the last axis, of n elements, by its root mean
// square (Zhang & Sennrich 2019, "Root Mean Square Layer Normalization"):
//
//	y = γ ⊙ v / √(mean(v²) + ε)
//
// It is like LayerNorm without the means and β.
func (v Value) RMSNorm(gamma *Value, epsilon float64) Value {
	return v.normalize("rms normalize", gamma, nil, kernels.Rows{Epsilon: epsilon})
}

func (v Value) normalize(name string, gamma, beta *Value, rows kernels.Rows) Value {
	last, ok := v.axis(-1, name+" axis")
	if !ok {
		return v.s.poison(v.shape)
	}
	rows.N = v.shape[last]
	in := []Value{v}
	for _, w := range []*Value{gamma, beta} {
		if w == nil {
			continue
		}
		if !w.shape.Equal(Shape{rows.N}) {
			v.s.Failf(name, fmt.Sprintf("must have a scale and a shift of the shape [%d]", rows.N), w.shape)
			return v.s.poison(v.shape)
		}
		in = append(in, *w)
	}
	sp := spec{name: name, shape: v.shape}
	if !v.shape.Known() {
		return v.s.apply(sp, in...)
	}
	op := &ops.Normalize{Rows: rows, Count: v.shape[:last].Size(), Scale: gamma != nil, Shift: beta != nil}
	sp.compute = op
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		grad := ops.NormalizeGradient{Normalize: op, X: want[0]}
		operands := []Value{in[0]}
		if op.Scale {
			grad.Gamma = want[1]
			operands = append(operands, in[1])
		}
		if op.Shift {
			grad.Beta = want[len(want)-1]
		}
		return v.s.packed(name+" gradient", in, want, func([]int) ops.Op { return grad }, append(operands, y, dy)...)
	}
	return v.s.apply(sp, in...)
}

// BatchNorm normalizes every column of the last axis, of n elements, to mean 0 and variance
// 1 over all other axes (Ioffe & Szegedy 2015, "Batch Normalization"):
//
//	y = γ ⊙ (v − mean) / √(variance + ε) + β
//
// The variance is divided by the number of rows. Gamma (γ) and beta (β) have the shape [n];
// nil leaves them out. Mask, if it is not nil, broadcasts to the shape of v with a last axis
// of 1. Rows where it is 0 are normalized too, but do not count in mean and variance; these
// are then divided by the number of those that count plus 1e-7, as in Keras.
//
// It runs as one operation and so does its gradient. The sums are computed in float64. A
// second derivative is not available, and neither is one of mean and variance [n], which are
// for moving averages. Transpose moves another axis to the end.
func (v Value) BatchNorm(gamma, beta, mask *Value, epsilon float64) (y, mean, variance Value) {
	const name = "batch normalize"
	fail := func() (y, mean, variance Value) {
		return v.s.poison(v.shape), v.s.poison(Shape{Any}), v.s.poison(Shape{Any})
	}
	last, ok := v.axis(-1, name+" axis")
	if !ok {
		return fail()
	}
	n := v.shape[last]
	op := &ops.BatchNorm{N: n, Epsilon: epsilon, Scale: gamma != nil, Shift: beta != nil, Masked: mask != nil}
	in := []Value{v}
	for _, w := range []*Value{gamma, beta} {
		if w == nil {
			continue
		}
		if !w.shape.Equal(Shape{n}) {
			v.s.Failf(name, fmt.Sprintf("must have a scale and a shift of the shape [%d]", n), w.shape)
			return fail()
		}
		in = append(in, *w)
	}
	if mask != nil {
		in = append(in, mask.BroadcastTo(v.shape.With(last, 1)...))
	}
	if !v.shape.Known() {
		y = v.s.apply(spec{name: name, shape: v.shape}, in...)
		mean = v.s.apply(spec{name: name + " moments", shape: Shape{n}}, y)
		return y, mean, mean
	}
	op.Count = v.shape[:last].Size()
	y = v.s.apply(spec{
		name: name, shape: v.shape, compute: op,
		diff: func(in []Value, y, dy Value, want []bool) []Value {
			grad := ops.BatchNormGradient{BatchNorm: op, X: want[0]}
			operands, at := []Value{in[0]}, 1
			if op.Scale {
				grad.Gamma = want[at]
				operands, at = append(operands, in[at]), at+1
			}
			if op.Shift {
				grad.Beta = want[at]
				at++
			}
			if op.Masked {
				operands = append(operands, in[at])
			}
			grads := v.s.packed(name+" gradient", in[:at], want[:at], func([]int) ops.Op { return grad }, append(operands, y, dy)...)
			return append(grads, make([]Value, len(in)-at)...)
		},
	}, in...)
	moments := v.s.apply(spec{name: name + " moments", shape: Shape{2 * n}, compute: ops.BatchMoments{BatchNorm: op}}, y)
	return y, moments.part(0, Shape{n}), moments.part(n, Shape{n})
}

// ScaleAround is (v − center) ⊙ scale + shift along the last axis, of n elements, as one
// operation. Center, scale and shift have the shape [n]; a shift of nil is left out. All
// have gradients, which have gradients too.
func (v Value) ScaleAround(center, scale Value, shift *Value) Value {
	const name = "scale around"
	last, ok := v.axis(-1, name+" axis")
	if !ok {
		return v.s.poison(v.shape)
	}
	in := []Value{v, center, scale}
	if shift != nil {
		in = append(in, *shift)
	}
	n := v.shape[last]
	for _, w := range in[1:] {
		if !w.shape.Equal(Shape{n}) {
			v.s.Failf(name, fmt.Sprintf("must have values of the shape [%d]", n), w.shape)
			return v.s.poison(v.shape)
		}
	}
	return v.s.apply(spec{
		name: name, shape: v.shape, compute: ops.ScaleAround{N: n, Shift: shift != nil},
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			grads := make([]Value, len(in))
			sum := func(v Value) Value { return v.sumTo(Shape{n}) }
			if want[0] {
				grads[0] = dy.Times(in[2])
			}
			if want[1] {
				grads[1] = sum(dy).Times(in[2]).Neg()
			}
			if want[2] {
				grads[2] = sum(dy.Times(in[0].Sub(in[1])))
			}
			if len(in) > 3 && want[3] {
				grads[3] = sum(dy)
			}
			return grads
		},
	}, in...)
}
