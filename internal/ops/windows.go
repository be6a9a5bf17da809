package ops

import "math"

// Window describes windows over the steps of a value. The first window begins Before
// steps before the first step, each following one Stride steps later, and no window
// extends more than After steps beyond the last step.
type Window struct {
	Size     int // places in a window
	Stride   int // steps from one window to the next
	Dilation int // steps from one place in a window to the next
	Before   int // steps of padding before the first
	After    int // steps of padding after the last
}

// Span is the number of steps from the first place of a window to its last.
func (w Window) Span() int { return (w.Size-1)*w.Dilation + 1 }

// WindowPlan holds windows over a value [Batch, Steps, Features]; Count is the
// number of windows of a sample.
type WindowPlan struct {
	Window
	Batch, Steps, Features, Count int
}

// Windows gives the windows one after the other, [batch, windows, size,
// features]; padding is zeros. MaxPool and MeanPool give the largest element
// and the average of every window, [batch, windows, features]; padding does not
// count. The gradients of Windows and MeanPool take dy, that of MaxPool x and dy.
type (
	Windows          struct{ WindowPlan }
	WindowsGradient  struct{ WindowPlan }
	MaxPool          struct{ WindowPlan }
	MaxPoolGradient  struct{ WindowPlan }
	MeanPool         struct{ WindowPlan }
	MeanPoolGradient struct{ WindowPlan }
)

// each visits all windows in order. Place j of window i lies at the element
// first + j·Dilation·Features, and is a step, not padding, for from ≤ j < to.
func (p WindowPlan) each(f func(i, first, from, to int)) {
	for b := range p.Batch {
		for k := range p.Count {
			start := k*p.Stride - p.Before
			from := min(below(-start, p.Dilation), p.Size)
			to := max(min(below(p.Steps-start, p.Dilation), p.Size), from)
			f(b*p.Count+k, (b*p.Steps+start)*p.Features, from, to)
		}
	}
}

// below is how many of the places 0, stride, 2·stride … lie below n.
func below(n, stride int) int {
	if n <= 0 {
		return 0
	}
	return (n-1)/stride + 1
}

func windows[T Float](p Windows) Func[T] {
	return func(out []T, in [][]T) error {
		n := p.Features
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

// windowsGradient adds every place of a window to the step that it was copied
// from.
func windowsGradient[T Float](p WindowsGradient) Func[T] {
	return func(out []T, in [][]T) error {
		clear(out)
		n := p.Features
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

func maxPool[T Float](p MaxPool) Func[T] {
	return func(out []T, in [][]T) error {
		n := p.Features
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

// maxPoolGradient gives the gradient to the first of equal elements, or to a
// NaN.
func maxPoolGradient[T Float](p MaxPoolGradient) Func[T] {
	return func(out []T, in [][]T) error {
		clear(out)
		n := p.Features
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

// meanPool adds up in float64.
func meanPool[T Float](p MeanPool) Func[T] {
	return func(out []T, in [][]T) error {
		n := p.Features
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

func meanPoolGradient[T Float](p MeanPoolGradient) Func[T] {
	return func(out []T, in [][]T) error {
		clear(out)
		n := p.Features
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
