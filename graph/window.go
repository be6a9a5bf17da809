package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
)

// Window describes windows over the steps of a value. The first window begins Before
// steps before the first step, each following one Stride steps later, and no window
// extends more than After steps beyond the last step. Its fields, all int:
//
//   - Size: places in a window
//   - Stride: steps from one window to the next
//   - Dilation: steps from one place in a window to the next
//   - Before, After: steps of padding before the first step and after the last
//
// Span() is the number of steps from the first place of a window to its last.
type Window = ops.Window

// Windows extracts all windows:
//
//	v:   [batch, steps, features]
//	out: [batch, windows, size, features]
//
// Padding is 0. A convolution is the product of the windows and its kernel.
func (v Value) Windows(w Window) Value {
	p, ok := v.windows("windows", w)
	if !ok {
		return v.s.poison(Shape{Any, Any, Any, Any})
	}
	shape := Shape{v.shape[0], p.Count, w.Size, v.shape[2]}
	return v.s.apply(spec{
		name: "windows", shape: shape,
		compute: ops.Windows{WindowPlan: p},
		diff: func(in []Value, _, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: "windows gradient", shape: in[0].shape,
				compute: ops.WindowsGradient{WindowPlan: p},
			}, dy)}
		},
	}, v)
}

// MaxPool is the maximum of every window, for each feature:
//
//	v:   [batch, steps, features]
//	out: [batch, windows, features]
//
// Padding is ignored. The dilation must be 1. The first of several equal maxima gets
// the gradient. A NaN in a window gives NaN.
func (v Value) MaxPool(w Window) Value {
	return v.pool("max pool", w, func(p ops.WindowPlan) ops.Op { return ops.MaxPool{WindowPlan: p} },
		func(p ops.WindowPlan, x, dy Value) Value {
			return v.s.apply(spec{name: "max pool gradient", shape: x.shape, compute: ops.MaxPoolGradient{WindowPlan: p}}, x, dy)
		})
}

// MeanPool is the mean of every window, for each feature. Padding is ignored. Shapes
// and dilation are as in MaxPool.
func (v Value) MeanPool(w Window) Value {
	return v.pool("mean pool", w, func(p ops.WindowPlan) ops.Op { return ops.MeanPool{WindowPlan: p} },
		func(p ops.WindowPlan, x, dy Value) Value {
			return v.s.apply(spec{name: "mean pool gradient", shape: x.shape, compute: ops.MeanPoolGradient{WindowPlan: p}}, dy)
		})
}

func (v Value) pool(name string, w Window, compute func(ops.WindowPlan) ops.Op, gradient func(p ops.WindowPlan, x, dy Value) Value) Value {
	p, ok := v.windows(name, w)
	if ok && (w.Dilation != 1 || max(w.Before, w.After) >= w.Size) { // then every window sees a step
		v.s.Failf(name, "must have windows without dilation, longer than the padding", fmt.Sprintf("%+v", w))
		ok = false
	}
	if !ok {
		return v.s.poison(Shape{Any, Any, Any})
	}
	return v.s.apply(spec{
		name: name, shape: Shape{v.shape[0], p.Count, v.shape[2]}, compute: compute(p),
		diff: func(in []Value, _, dy Value, _ []bool) []Value { return []Value{gradient(p, in[0], dy)} },
	}, v)
}

// windows checks w and plans the windows over the value.
func (v Value) windows(name string, w Window) (ops.WindowPlan, bool) {
	if len(v.shape) != 3 {
		v.s.Failf(name, "must have an operand of the shape [batch, steps, features]", v.shape)
		return ops.WindowPlan{}, false
	}
	if min(w.Size, w.Stride, w.Dilation) < 1 || min(w.Before, w.After) < 0 ||
		max(w.Dilation, w.Before, w.After) > shapes.MaxElements || w.Size-1 > (shapes.MaxElements-1)/w.Dilation {
		v.s.Failf(name, fmt.Sprintf("must have windows of positive sizes up to %d", shapes.MaxElements), fmt.Sprintf("%+v", w))
		return ops.WindowPlan{}, false
	}
	p := ops.WindowPlan{Window: w, Batch: v.shape[0], Steps: v.shape[1], Features: v.shape[2], Count: Any}
	if p.Steps == Any {
		return p, true
	}
	rest := p.Steps + w.Before + w.After - w.Span() // steps behind the first window
	if rest < 0 {
		v.s.Failf(name, fmt.Sprintf("must have at least %d steps, with padding, for a window of %d", w.Span(), w.Size), v.shape)
		return p, false
	}
	p.Count = rest/w.Stride + 1
	return p, true
}
