package graph

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/shapes"
)

// Window says how windows lie over the steps of a value. The first one begins
// Before steps ahead of the first step, each next one Stride steps further on,
// and none reaches further than After steps beyond the last.
type Window struct {
	Size     int // places in a window
	Stride   int // steps from one window to the next
	Dilation int // steps from one place in a window to the next
	Before   int // steps of padding ahead of the first
	After    int // steps of padding beyond the last
}

// Span is the number of steps from the first place of a window to its last.
func (w Window) Span() int { return (w.Size-1)*w.Dilation + 1 }

// Windows lays windows side by side:
//
//	v:   [batch, steps, features]
//	out: [batch, windows, size, features]
//
// Padding is zeros. It is what a convolution multiplies with its kernel.
func (v Value) Windows(w Window) Value {
	p, ok := v.windows("windows", w)
	if !ok {
		return v.s.poison(Shape{Any, Any, Any, Any})
	}
	shape := Shape{v.shape[0], p.count, w.Size, v.shape[2]}
	return v.s.apply(spec{
		name: "windows", shape: shape,
		f32: cutKernel[float32](p), f64: cutKernel[float64](p),
		diff: func(in []Value, _, dy Value, _ []bool) []Value {
			return []Value{v.s.apply(spec{
				name: "windows gradient", shape: in[0].shape,
				f32: pasteKernel[float32](p), f64: pasteKernel[float64](p),
			}, dy)}
		},
	}, v)
}

// MaxPool is the largest element of every window, feature by feature:
//
//	v:   [batch, steps, features]
//	out: [batch, windows, features]
//
// Padding does not count, and the windows have a dilation of 1. The first of
// equal elements gets the gradient. A NaN in a window gives NaN.
func (v Value) MaxPool(w Window) Value {
	return v.pool("max pool", w, maxPoolKernel[float32], maxPoolKernel[float64],
		func(p windowPlan, x, dy Value) Value {
			return v.s.apply(spec{
				name: "max pool gradient", shape: x.shape,
				f32: maxPoolGradKernel[float32](p), f64: maxPoolGradKernel[float64](p),
			}, x, dy)
		})
}

// MeanPool is the average of every window, feature by feature, over the steps
// that are there: padding does not count. Shapes and dilation are those of
// MaxPool.
func (v Value) MeanPool(w Window) Value {
	return v.pool("mean pool", w, meanPoolKernel[float32], meanPoolKernel[float64],
		func(p windowPlan, x, dy Value) Value {
			return v.s.apply(spec{
				name: "mean pool gradient", shape: x.shape,
				f32: meanPoolGradKernel[float32](p), f64: meanPoolGradKernel[float64](p),
			}, dy)
		})
}

func (v Value) pool(name string, w Window, f32 func(windowPlan) func([]float32, [][]float32) error,
	f64 func(windowPlan) func([]float64, [][]float64) error, diff func(p windowPlan, x, dy Value) Value) Value {
	p, ok := v.windows(name, w)
	if ok && (w.Dilation != 1 || max(w.Before, w.After) >= w.Size) { // then every window sees a step
		v.s.Failf(name, "must have windows without dilation, longer than the padding", fmt.Sprintf("%+v", w))
		ok = false
	}
	if !ok {
		return v.s.poison(Shape{Any, Any, Any})
	}
	return v.s.apply(spec{
		name: name, shape: Shape{v.shape[0], p.count, v.shape[2]},
		f32: f32(p), f64: f64(p),
		diff: func(in []Value, _, dy Value, _ []bool) []Value { return []Value{diff(p, in[0], dy)} },
	}, v)
}

// windowPlan lays windows over a value.
type windowPlan struct {
	Window
	batch, steps, features int
	count                  int // windows of a sample
}

func (v Value) windows(name string, w Window) (windowPlan, bool) {
	if len(v.shape) != 3 {
		v.s.Failf(name, "must have an operand of the shape [batch, steps, features]", v.shape)
		return windowPlan{}, false
	}
	if min(w.Size, w.Stride, w.Dilation) < 1 || min(w.Before, w.After) < 0 ||
		max(w.Size, w.Dilation, w.Before, w.After) > shapes.MaxElements {
		v.s.Failf(name, fmt.Sprintf("must have windows of positive sizes up to %d", shapes.MaxElements), fmt.Sprintf("%+v", w))
		return windowPlan{}, false
	}
	p := windowPlan{w, v.shape[0], v.shape[1], v.shape[2], Any}
	if p.steps == Any {
		return p, true
	}
	rest := p.steps + w.Before + w.After - w.Span() // steps behind the first window
	if rest < 0 {
		v.s.Failf(name, fmt.Sprintf("must have at least %d steps, with padding, for a window of %d", w.Span(), w.Size), v.shape)
		return p, false
	}
	p.count = rest/w.Stride + 1
	return p, true
}

// each visits all windows in order. Place j of window i lies at the element
// first + j·Dilation·features, and is a step, not padding, for from ≤ j < to.
func (p windowPlan) each(f func(i, first, from, to int)) {
	for b := range p.batch {
		for k := range p.count {
			start := k*p.Stride - p.Before
			from := min(reach(-start, p.Dilation), p.Size)
			to := max(min(reach(p.steps-start, p.Dilation), p.Size), from)
			f(b*p.count+k, (b*p.steps+start)*p.features, from, to)
		}
	}
}

// reach is how many of the places 0, stride, 2·stride … lie below n.
func reach(n, stride int) int {
	if n <= 0 {
		return 0
	}
	return (n-1)/stride + 1
}

func cutKernel[T float](p windowPlan) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		n := p.features
		p.each(func(i, first, from, to int) {
			row := out[i*p.Size*n:][:p.Size*n]
			clear(row[:from*n])
			clear(row[to*n:])
			if p.Dilation == 1 && from < to {
				copy(row[from*n:to*n], in[0][first+from*n:])
				return
			}
			for j := from; j < to; j++ {
				copy(row[j*n:(j+1)*n], in[0][first+j*p.Dilation*n:])
			}
		})
		return nil
	}
}

// pasteKernel adds every place of a window to the step that it was cut from.
func pasteKernel[T float](p windowPlan) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		clear(out)
		n := p.features
		p.each(func(i, first, from, to int) {
			for j := from; j < to; j++ {
				step := out[first+j*p.Dilation*n:][:n]
				for k, d := range in[0][(i*p.Size+j)*n:][:n] {
					step[k] += d
				}
			}
		})
		return nil
	}
}

func maxPoolKernel[T float](p windowPlan) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		n := p.features
		p.each(func(i, first, from, to int) {
			row := out[i*n:][:n]
			copy(row, in[0][first+from*n:])
			for j := from + 1; j < to; j++ {
				for k, x := range in[0][first+j*n:][:n] {
					row[k] = max(row[k], x)
				}
			}
		})
		return nil
	}
}

func maxPoolGradKernel[T float](p windowPlan) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		clear(out)
		n := p.features
		p.each(func(i, first, from, to int) {
			for k, d := range in[1][i*n:][:n] {
				top := first + from*n + k
				for at := top + n; at < first+to*n; at += n {
					if x := in[0][at]; x > in[0][top] || math.IsNaN(float64(x)) {
						top = at
					}
				}
				out[top] += d
			}
		})
		return nil
	}
}

// meanPoolKernel adds up in float64.
func meanPoolKernel[T float](p windowPlan) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		n := p.features
		p.each(func(i, first, from, to int) {
			row := out[i*n:][:n]
			for k := range row {
				sum := 0.0
				for j := from; j < to; j++ {
					sum += float64(in[0][first+j*n+k])
				}
				row[k] = T(sum / float64(to-from))
			}
		})
		return nil
	}
}

func meanPoolGradKernel[T float](p windowPlan) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		clear(out)
		n := p.features
		p.each(func(i, first, from, to int) {
			for j := from; j < to; j++ {
				step := out[first+j*n:][:n]
				for k, d := range in[0][i*n:][:n] {
					step[k] += d / T(to-from)
				}
			}
		})
		return nil
	}
}
