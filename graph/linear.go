package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
)

// Linear is f(x·kernel + bias), the formula of a fully connected layer, as one operation.
// The sum runs over the last axes of x, with which the kernel begins; their number is
// given:
//
//	Linear(x, 1, kernel, &bias, f)  // [batch, steps, d], [d, units] -> [batch, steps, units]
//	Linear(x, 1, kernel, nil, f)    // [batch, steps, d], [d, heads, k] -> [batch, steps, heads, k]
//	Linear(x, 2, kernel, &bias, f)  // [batch, steps, heads, k], [heads, k, d] -> [batch, steps, d]
//
// The bias, unless it is nil, has the other axes of the kernel. Function{} is the
// identity, and activations.FunctionOf makes a function of an activation. It gives the
// same as Einsum, Add and Apply, in less time: bias and function are applied to a part of
// the result while it is in the cache, and so is the gradient of the function. A kernel
// that is a parameter is packed once for all runs until it changes.
func Linear(x Value, axes int, kernel Value, bias *Value, f Function) Value {
	s, outer := x.s, len(x.shape)-axes
	switch {
	case axes < 1 || outer < 0 || axes >= len(kernel.shape) || !kernel.shape[:axes].Matches(x.shape[outer:]):
		s.Failf("linear", fmt.Sprintf("must have a kernel that begins with the last %d axes of %v", axes, x.shape), kernel.shape)
		return s.poison(x.shape)
	case !f.Kind.Known():
		return x.Apply(f) // fails
	}
	shape := append(x.shape[:outer].Clone(), kernel.shape[axes:]...)
	in := []Value{x, kernel}
	if bias != nil {
		if !bias.shape.Matches(kernel.shape[axes:]) {
			s.Failf("linear", fmt.Sprintf("must have a bias of the shape %v", kernel.shape[axes:]), bias.shape)
			return s.poison(shape)
		}
		in = append(in, *bias)
	}
	if f.Kind == kernels.Sigmoid { // losses look for the logits
		return Linear(x, axes, kernel, bias, Function{}).Apply(f)
	}
	sp := spec{name: "linear", shape: shape}
	if s.Symbolic() || !shape.Known() {
		return s.apply(sp, in...)
	}
	letters := linearLetters(len(x.shape), len(kernel.shape), axes)
	if s.level.outer != nil { // of separate operations a scan can move parts out of its step
		return contract("linear", letters, x, kernel, in[2:]...).Apply(f)
	}
	o := newLinear(x.shape[:outer].Size(), kernel, axes, bias != nil)
	o.F = f
	sp.compute = o
	if f == (Function{}) {
		sp.diff = func(in []Value, _, dy Value, want []bool) []Value {
			o.Training = true
			return contractGradients("linear", letters, in, dy, want)
		}
	} else {
		sp.diff = s.linearGradients(o)
	}
	return s.apply(sp, in...)
}

// linearLetters name the axes of x, of the kernel and of the result, for ranks of the
// first two.
func linearLetters(x, kernel, axes int) ops.Letters {
	all := make([]rune, x+kernel-axes)
	for i := range all {
		all[i] = rune(i)
	}
	l := ops.Letters{A: all[:x], B: all[x-axes:]}
	l.Out = append(append([]rune{}, all[:x-axes]...), all[x:]...)
	return l
}

// newLinear describes the product of rows with a kernel whose first axes are summed.
func newLinear(rows int, kernel Value, axes int, bias bool) *ops.Linear {
	s := kernel.s
	o := &ops.Linear{
		Rows: rows, In: kernel.shape[:axes].Size(), Out: kernel.shape[axes:].Size(),
		Bias: bias,
	}
	if kernel.isParam() {
		o.Version = func() uint64 { return s.version }
	}
	return o
}

// linearGradients is the rule of ops.Linear, with operations that have no further
// gradients.
func (s *Scope) linearGradients(o *ops.Linear) rule {
	return func(in []Value, y, dy Value, want []bool) []Value {
		o.Training = true
		if !o.F.GradientReadsX() && !o.F.GradientReadsY() {
			y = dy // whose memory can then be used again
		}
		grads := make([]Value, len(in))
		pass := &ops.LinearGradient{Linear: o}
		weights := ops.LinearWeights{LinearGradient: pass, W: want[1], B: o.Bias && want[2], Alone: !want[0]}
		operands := []Value{in[0], y, dy}
		if want[0] {
			grads[0] = s.apply(spec{name: "linear gradient", shape: in[0].shape, compute: pass}, in[1], y, dy)
			operands = append(operands, grads[0])
		}
		copy(grads[1:], s.packed("linear gradient", in[1:], want[1:], func([]int) ops.Op { return weights }, operands...))
		return grads
	}
}
