package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// Convolve slides filters over the steps of a value:
//
//	out_t = f(Σ_j v_{t·stride + j·dilation − before}·kernel_j + bias)
//
//	v:      [batch, steps, features]
//	kernel: [size, features/groups, filters]
//	bias:   [filters]; nil for none
//	out:    [batch, windows, filters]
//
// where size is that of the window. Steps outside of the sequence are left out of the
// sums. Groups divides the features and the filters into groups of equal size, and each
// group of filters reads only its group of features. The zero Function is the identity. It
// runs as one operation, and so does its gradient, without copies of the windows.
func (v Value) Convolve(kernel Value, bias *Value, w Window, groups int, f Function) Value {
	s := v.s
	p, ok := v.windows("convolution", w)
	if !ok {
		return s.poison(Shape{Any, Any, Any})
	}
	features, k := v.shape[2], kernel.shape
	if groups < 1 || features == Any || features%groups != 0 {
		s.Failf("convolution groups", fmt.Sprintf("must divide the features of %v", v.shape), groups)
		return s.poison(Shape{Any, Any, Any})
	}
	if len(k) != 3 || !k.Known() || !k.Matches(Shape{w.Size, features / groups, Any}) || k[2]%groups != 0 {
		s.Failf("convolution kernel", fmt.Sprintf("must have the shape %v with filters that %d groups divide", Shape{w.Size, features / groups, Any}, groups), k)
		return s.poison(Shape{Any, Any, Any})
	}
	if !f.Kind.Known() {
		s.Failf("function", "must be one of activations.FunctionOf", int(f.Kind))
		return s.poison(Shape{Any, Any, Any})
	}
	shape, in := Shape{v.shape[0], p.Count, k[2]}, []Value{v, kernel}
	if bias != nil {
		if !bias.shape.Matches(Shape{k[2]}) {
			s.Failf("convolution bias", fmt.Sprintf("must have the shape %v", Shape{k[2]}), bias.shape)
			return s.poison(shape)
		}
		in = append(in, *bias)
	}
	sp := spec{name: "convolution", shape: shape}
	if s.Symbolic() {
		return s.apply(sp, in...)
	}
	conv := &ops.Convolution{WindowPlan: p, Filters: k[2], Groups: groups, Bias: bias != nil, Function: f}
	if kernel.isParam() {
		conv.Version = func() uint64 { return s.version }
	}
	sp.compute = conv
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		conv.Training = true
		return s.packed("convolution gradient", in, want, func(at []int) ops.Op {
			return ops.ConvolutionGradient{Convolution: conv, At: at}
		}, append(slices.Clone(in), y, dy)...)
	}
	return s.apply(sp, in...)
}
