package ops

import (
	"sync"

	"github.com/engram-go/engram/internal/kernels"
)

// convolutionGradient computes the gradients: that of x is a convolution of dy, that of
// the kernel a product of windows and dy, that of the bias a sum of dy.
func convolutionGradient[T Float](o ConvolutionGradient) Func[T] {
	c := convolutionOf[T](o.Convolution)
	return func(out []T, in [][]T) error {
		part := func(i int) []T {
			if i >= len(o.At) || o.At[i] < 0 {
				return nil
			}
			return out[o.At[i]:][:len(in[i])]
		}
		dy := c.beforeFunction(in[len(in)-2], in[len(in)-1])
		if dx := part(0); dx != nil {
			c.inputGradient(dx, in[1], dy)
		}
		if dkernel := part(1); dkernel != nil {
			c.kernelGradient(dkernel, in[0], dy)
		}
		if dbias := part(2); c.Bias && dbias != nil {
			columnSums(c.set, dbias, dy)
		}
		return nil
	}
}

// beforeFunction gives the gradient of the results before the function, from the output
// and its gradient.
func (c *convolution[T]) beforeFunction(y, dy []T) []T {
	if c.Function == (Function{}) {
		return dy
	}
	share(len(dy), func(from, end int) {
		var v []T
		switch {
		case c.Function.GradientReadsX():
			v = c.before[from:end]
		case c.Function.GradientReadsY():
			v = y[from:end]
		}
		c.loops.Gradient(v, dy[from:end], c.dz[from:end])
	})
	return c.dz
}

// inputGradient is a convolution of dy with the taps in reverse order, each transposed.
// With strides it adds to the steps what every window gives them.
func (c *convolution[T]) inputGradient(dx, kernel, dy []T) {
	back, depthwise := c.back(), c.slide.depthwise()
	if depthwise {
		c.turnTaps(kernel)
	} else {
		c.turn(kernel)
	}
	if c.Stride == 1 {
		back.share(func(from, end int) {
			back.blocks(from, end, func(from, end int) {
				if depthwise {
					depthwiseRows(back, c.set, dx, dy, c.channels, c.zeros, from, end)
				} else {
					slideRows(back, c.set, dx, dy, c.turned, nil, from, end)
				}
			})
		})
		return
	}
	kernels.Share(c.slide.products(), c.Batch*c.Steps, fewWindows, func(from, end int) {
		clear(dx[from*c.Features : end*c.Features])
		for from < end {
			b, first := from/c.Steps, from%c.Steps
			last := min(c.Steps, first+end-from)
			if depthwise {
				c.spreadChannels(dx, dy, kernel, b, first, last)
			} else {
				c.spread(dx, dy, b, first, last)
			}
			from += last - first
		}
	})
}

// turn packs the kernel for the gradient of x.
func (c *convolution[T]) turn(kernel []T) {
	part, width := c.slide.part(), c.slide.width()
	if c.turned == nil {
		c.turned = make([]kernels.Filters[T], c.Groups)
	}
	for g := range c.turned {
		c.turned[g].Pack(c.set, c.Size, width, part, kernel, (c.Size-1)*part*c.Filters+g*width, -part*c.Filters, 1, c.Filters)
	}
}

// back is the convolution of dy that gives the gradient of x for a stride of 1.
func (c *convolution[T]) back() slide {
	w := c.Window
	w.Before = w.Span() - 1 - w.Before
	return slide{WindowPlan{w, c.Batch, c.Count, c.Filters, c.Steps}, c.Features, c.Groups}
}

// spread adds to the steps first..last of a sample what every window gives them, tap by
// tap.
func (c *convolution[T]) spread(dx, dy []T, sample, first, last int) {
	part, width := c.slide.part(), c.slide.width()
	for j := range c.Size {
		shift := j*c.Dilation - c.Before // from the step of a window to its place j
		from, end := below(first-shift, c.Stride), min(below(last-shift, c.Stride), c.Count)
		if from >= end {
			continue
		}
		for g := range c.turned {
			a := kernels.Taps[T]{Data: dy[(sample*c.Count+from)*c.Filters+g*width:], Row: c.Filters, Tap: 0, Col: 1}
			to := kernels.Matrix[T]{Data: dx[(sample*c.Steps+from*c.Stride+shift)*c.Features+g*part:], Row: c.Stride * c.Features, Col: 1}
			c.set.MulTaps(end-from, a, &c.turned[g], c.Size-1-j, c.Size-j, to, to)
		}
	}
}

const (
	// windowsAtOnce rows of dy, of up to filtersAtOnce columns, are packed at a time.
	// With the steps that they belong to they stay near the processor.
	windowsAtOnce = 96
	filtersAtOnce = 384
)

// rowMemory holds memory of *[]T for packed rows and sums.
var rowMemory sync.Pool

// takeMemory returns memory of at least the given size, to be put back.
func takeMemory[T Float](size int) *[]T {
	memory, ok := rowMemory.Get().(*[]T)
	if !ok || len(*memory) < size {
		memory = new(make([]T, size))
	}
	return memory
}

// sums is the order in which the gradient of the kernel is added up: over windows of one
// sample after the other or, where windows are few, over the samples of each window.
type sums struct {
	outer, inner int
	across       bool // samples
	xRow, dyRow  int  // elements from one term to the next
}

func (c *Convolution) sums() sums {
	if c.Count < windowsAtOnce/4 && c.Batch > c.Count {
		return sums{c.Count, c.Batch, true, c.Steps * c.Features, c.Count * c.Filters}
	}
	return sums{c.Batch, c.Count, false, c.Stride * c.Features, c.Filters}
}

// each calls f for every block: rows windows of a sample from t on, or window t of as
// many samples.
func (v sums) each(f func(sample, t, rows int)) {
	for o := range v.outer {
		for first := 0; first < v.inner; first += windowsAtOnce {
			rows := min(windowsAtOnce, v.inner-first)
			if v.across {
				f(first, o, rows)
			} else {
				f(o, first, rows)
			}
		}
	}
}

// kernelGradient distributes the rows of the gradient over the cores. Each element is
// one sum in one order.
func (c *convolution[T]) kernelGradient(dkernel, x, dy []T) {
	if c.slide.depthwise() {
		c.channelsGradient(dkernel, x, dy)
		return
	}
	rows := c.Groups * c.Size * c.slide.part()
	kernels.Share(c.slide.products(), rows, 8, func(from, end int) { c.kernelRows(dkernel, x, dy, from, end) })
}

// kernelRows computes rows of the gradient of the kernel; row (g·size + j)·part + i is
// that of feature i of group g at tap j.
func (c *convolution[T]) kernelRows(dkernel, x, dy []T, from, end int) {
	part, width := c.slide.part(), c.slide.width()
	group := c.Size * part // rows of a group
	memory := takeMemory[T](kernels.PackedSize(windowsAtOnce, min(width, filtersAtOnce)))
	defer rowMemory.Put(memory)
	for i := from; i < end; i++ {
		clear(dkernel[i%group*c.Filters+i/group*width:][:width])
	}
	v := c.sums()
	v.each(func(sample, t, n int) {
		ahead := c.ahead(x, dy, sample, t+n, n)
		for r := from; r < end; { // in parts of one group
			g := r / group
			last := min(end, (g+1)*group)
			for column := 0; column < width; column += filtersAtOnce {
				at := g*width + column
				packed := c.set.PackRows(*memory, n, min(filtersAtOnce, width-column), dy[(sample*c.Count+t)*c.Filters+at:], v.dyRow)
				for r := r; r < last; { // in parts of one tap
					j, i := r%group/part, r%part
					m := min(part-i, last-r)
					r += m
					skip, k := c.inside(j, t, n, v.across)
					if k == 0 {
						continue
					}
					step := c.step(j, t)
					if !v.across {
						step += skip * c.Stride
					}
					c.set.AddMulRows(m, k, x[(sample*c.Steps+step)*c.Features+g*part+i:], v.xRow, 1, packed, skip,
						kernels.Matrix[T]{Data: dkernel[(j*part+i)*c.Filters+at:], Row: c.Filters, Col: 1}, ahead[0])
					ahead[0], ahead[1] = ahead[1], nil
				}
			}
			r = last
		}
	})
}

// ahead are the rows of x and dy that belong to n windows of a sample from t on, or to
// those that follow in memory.
func (c *convolution[T]) ahead(x, dy []T, sample, t, n int) [2][]T {
	x = x[min((sample*c.Steps+t*c.Stride)*c.Features, len(x)):]
	dy = dy[min((sample*c.Count+t)*c.Filters, len(dy)):]
	return [2][]T{x[:min(n*c.Stride*c.Features, len(x))], dy[:min(n*c.Filters, len(dy))]}
}

// step is where place j of window t lies; it may be in the padding.
func (c *Convolution) step(j, t int) int { return t*c.Stride + j*c.Dilation - c.Before }

// inside finds the windows whose place j is a step: k of the windows t..t+n, after skip
// others. Across samples it is all or none of window t of n samples.
func (c *Convolution) inside(j, t, n int, across bool) (skip, k int) {
	shift := j*c.Dilation - c.Before
	from, end := below(-shift, c.Stride), below(c.Steps-shift, c.Stride)
	if across {
		if from <= t && t < end {
			return 0, n
		}
		return 0, 0
	}
	from, end = max(from, t), min(end, t+n)
	return from - t, max(end-from, 0)
}

// columnSums adds up the rows of a matrix in float64. The cores share the columns.
func columnSums[T Float](set *kernels.Set[T], sums, rows []T) {
	n := len(sums)
	acc := make([]float64, n)
	f := func(from, end int) {
		set.AddRows(len(rows)/n, end-from, rows[from:], n, acc[from:])
		for i, x := range acc[from:end] {
			sums[from+i] = T(x)
		}
	}
	if few(len(rows)) {
		f(0, n)
		return
	}
	kernels.Parallel(n, 2*kernels.Width, f)
}
