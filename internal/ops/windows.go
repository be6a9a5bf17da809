package ops

import "github.com/engram-go/engram/internal/kernels"

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

// each visits the windows of the samples first..last in order. Place j of window i lies
// at the element start + j·Dilation·Features, and is a step, not padding, for from ≤ j <
// to.
func (p WindowPlan) each(first, last int, f func(i, start, from, to int)) {
	for b := first; b < last; b++ {
		for k := range p.Count {
			start, from, to := p.window(k)
			f(b*p.Count+k, (b*p.Steps+start)*p.Features, from, to)
		}
	}
}

// runs calls f for every run of the windows first..last of a sample that have the same
// places in the sequence: n windows from t on, the first of which begins at the given
// step, and of which the places from..to are steps.
func (p WindowPlan) runs(first, last int, f func(t, n, step, from, to int)) {
	for t := first; t < last; {
		step, from, to := p.window(t)
		n := 1
		if from == 0 && to == p.Size {
			n = min(last, (p.Steps+p.Before-p.Span())/p.Stride+1) - t
		} else {
			for ; t+n < last; n++ {
				if _, from2, to2 := p.window(t + n); from2 != from || to2 != to {
					break
				}
			}
		}
		f(t, n, step, from, to)
		t += n
	}
}

// share distributes the samples over the cores, for a value of n elements.
func (p WindowPlan) share(n int, f func(first, last int)) {
	if few(n) {
		f(0, p.Batch)
		return
	}
	kernels.Parallel(p.Batch, 1, f)
}

// window is where window k of a sample begins, and which of its places are steps, not
// padding: from ≤ j < to.
func (p WindowPlan) window(k int) (start, from, to int) {
	start = k*p.Stride - p.Before
	from = min(below(-start, p.Dilation), p.Size)
	return start, from, max(min(below(p.Steps-start, p.Dilation), p.Size), from)
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
		p.share(len(out), func(first, last int) {
			n := p.Features
			p.each(first, last, func(i, start, from, to int) {
				row := out[i*p.Size*n:][:p.Size*n]
				clear(row[:from*n])
				clear(row[to*n:])
				if p.Dilation == 1 && from < to {
					copy(row[from*n:to*n], in[0][start+from*n:])
					return
				}
				for j := from; j < to; j++ {
					copy(row[j*n:(j+1)*n], in[0][start+j*p.Dilation*n:])
				}
			})
		})
		return nil
	}
}

// windowsGradient adds every place of a window to the step that it was copied
// from.
func windowsGradient[T Float](p WindowsGradient) Func[T] {
	set := kernels.For[T]()
	return func(out []T, in [][]T) error {
		p.share(len(in[0]), func(first, last int) {
			n := p.Features
			clear(out[first*p.Steps*n : last*p.Steps*n])
			p.each(first, last, func(i, start, from, to int) {
				for j := from; j < to; j++ {
					step := out[start+j*p.Dilation*n:][:n]
					set.Plus(step, in[0][(i*p.Size+j)*n:], step)
				}
			})
		})
		return nil
	}
}

// featuresAtOnce is the number of features of a part of a pool.
const featuresAtOnce = 32

// pools calls f for all runs of windows of all samples, for some features at a time, from
// the element x of the operand and y of the result on. The cores share the samples and
// the features. Clear, unless it is nil, is called before for the steps of a sample.
func pools(p WindowPlan, clear func(x, n int), f func(x, y, m, n, size int)) {
	parts := (p.Features + featuresAtOnce - 1) / featuresAtOnce
	some := func(first, last int) {
		for i := first; i < last; i++ {
			sample, feature := i/parts, i%parts*featuresAtOnce
			n := min(featuresAtOnce, p.Features-feature)
			if clear != nil {
				for t := range p.Steps {
					clear((sample*p.Steps+t)*p.Features+feature, n)
				}
			}
			p.runs(0, p.Count, func(t, m, step, from, to int) {
				f((sample*p.Steps+step+from)*p.Features+feature, (sample*p.Count+t)*p.Features+feature, m, n, to-from)
			})
		}
	}
	if few(p.Batch * p.Steps * p.Features) {
		some(0, p.Batch*parts)
		return
	}
	kernels.Parallel(p.Batch*parts, 1, some)
}

func maxPool[T Float](p MaxPool) Func[T] {
	set, row := kernels.For[T](), p.Features
	return func(out []T, in [][]T) error {
		pools(p.WindowPlan, nil, func(x, y, m, n, size int) {
			set.MaxPool(m, n, size, in[0][x:], row, p.Stride*row, out[y:], row)
		})
		return nil
	}
}

// maxPoolGradient gives the gradient to the first of equal elements, or to a
// NaN.
func maxPoolGradient[T Float](p MaxPoolGradient) Func[T] {
	set, row := kernels.For[T](), p.Features
	return func(out []T, in [][]T) error {
		pools(p.WindowPlan, func(x, n int) { clear(out[x : x+n]) }, func(x, y, m, n, size int) {
			set.MaxPoolGradient(m, n, size, in[0][x:], row, p.Stride*row, in[1][y:], row, out[x:])
		})
		return nil
	}
}

// meanPool adds up in float64.
func meanPool[T Float](p MeanPool) Func[T] {
	set, row := kernels.For[T](), p.Features
	return func(out []T, in [][]T) error {
		pools(p.WindowPlan, nil, func(x, y, m, n, size int) {
			set.MeanPool(m, n, size, in[0][x:], row, p.Stride*row, out[y:], row)
		})
		return nil
	}
}

func meanPoolGradient[T Float](p MeanPoolGradient) Func[T] {
	set, row := kernels.For[T](), p.Features
	return func(out []T, in [][]T) error {
		pools(p.WindowPlan, func(x, n int) { clear(out[x : x+n]) }, func(x, y, m, n, size int) {
			set.MeanPoolGradient(m, n, size, out[x:], row, p.Stride*row, in[0][y:], row)
		})
		return nil
	}
}
