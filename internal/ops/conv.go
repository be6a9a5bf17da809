package ops

import "github.com/engram-go/engram/internal/kernels"

// Convolution slides filters over the steps of x, [batch, steps, features]. Its other
// operands are the kernel, [size, features/groups, filters], and with Bias the bias,
// [filters]; the output is [batch, windows, filters]. Padding is zeros. Windows are not
// copied: they are rows of x that overlap, and places in the padding are left out of the
// sums. Function is applied to a block of the result while it is in the cache.
type Convolution struct {
	WindowPlan
	Filters, Groups int
	Bias            bool
	Function        Function

	// Training says whether there is a backward pass.
	Training bool
	// Version returns the version of the kernel if it is a parameter. Without a
	// backward pass, it is packed only when the version changes. It is nil if the
	// kernel may change in every run.
	Version func() uint64

	kernel any // a *convolution[T], shared by both passes
}

// ConvolutionGradient takes the operands of Convolution, its output and the gradient of
// that. It gives the gradients of the operands one after the other: that of operand i
// begins at At[i], which is −1 if it is not wanted.
type ConvolutionGradient struct {
	*Convolution
	At []int
}

// convolution is the kernel.
type convolution[T Float] struct {
	*Convolution
	set     *kernels.Set[T]
	loops   kernels.FunctionLoops[T]
	slide   slide
	packed  []kernels.Filters[T] // of each group
	turned  []kernels.Filters[T] // of each group, for the gradient of x
	version uint64               // of the packed kernel, and 1

	// Of separate channels: the reversed kernel, and zeros for every channel.
	channels, zeros []T

	// Of the last run in training: the results before the function, if its gradient
	// reads them, and the gradients of these results.
	before, dz []T
}

func convolutionOf[T Float](o *Convolution) *convolution[T] {
	c, ok := o.kernel.(*convolution[T])
	if !ok {
		c = &convolution[T]{Convolution: o, set: kernels.For[T](), slide: slide{o.WindowPlan, o.Filters, o.Groups}}
		c.loops = c.set.Function(o.Function)
		if c.slide.depthwise() {
			c.zeros = make([]T, max(o.Filters, o.Features))
		} else {
			c.packed = make([]kernels.Filters[T], o.Groups)
		}
		o.kernel = c
	}
	return c
}

// PrivateSize is the number of elements that are kept from run to run.
func (c *convolution[T]) PrivateSize() int {
	if c.slide.depthwise() {
		return 0
	}
	return c.Groups * kernels.FiltersSize(c.Size, c.slide.part(), c.slide.width())
}

// ScratchSize is that of what the gradient of the function reads and gives.
func (c *convolution[T]) ScratchSize() int {
	before, dz := c.scratch()
	return before + dz
}

func (c *convolution[T]) scratch() (before, dz int) {
	if !c.Training || c.Function == (Function{}) {
		return 0, 0
	}
	n := c.Batch * c.Count * c.Filters
	if c.Function.GradientReadsX() {
		before = n
	}
	return before, n
}

// SetScratch keeps these values there.
func (c *convolution[T]) SetScratch(memory []T) {
	before, dz := c.scratch()
	c.before, c.dz = memory[:before], memory[before:before+dz]
}

// Run is the forward pass.
func (c *convolution[T]) Run(out []T, in [][]T) error {
	switch {
	case c.slide.depthwise(): // reads the kernel as it is
	case c.Version == nil || c.Training:
		c.pack(in[1])
	default:
		if now := c.Version() + 1; c.version != now {
			c.pack(in[1])
			c.version = now
		}
	}
	var bias []T
	if c.Bias {
		bias = in[2]
	}
	c.slide.share(func(from, end int) {
		c.slide.blocks(from, end, func(from, end int) { c.forward(out, in[0], in[1], bias, from, end) })
	})
	return nil
}

// forward computes rows of the output that blocks made.
func (c *convolution[T]) forward(out, x, kernel, bias []T, from, end int) {
	y := out
	if len(c.before) > 0 {
		y = c.before
	}
	first, last := from*c.Filters, end*c.Filters
	switch {
	case c.slide.depthwise():
		if bias == nil {
			bias = c.zeros
		}
		depthwiseRows(c.slide, c.set, y, x, kernel, bias, from, end)
	default:
		slideRows(c.slide, c.set, y, x, c.packed, bias, from, end)
	}
	if c.Function != (Function{}) {
		c.loops.Forward(y[first:last], out[first:last])
	}
}

func (c *convolution[T]) pack(kernel []T) {
	part, width := c.slide.part(), c.slide.width()
	for g := range c.packed {
		c.packed[g].Pack(c.set, c.Size, part, width, kernel, g*width, part*c.Filters, c.Filters, 1)
	}
}

// slide is a convolution without bias: rows of the result are sums over the windows of
// the plan.
type slide struct {
	WindowPlan
	filters, groups int
}

// part and width are the features and the filters of a group.
func (s slide) part() int  { return s.Features / s.groups }
func (s slide) width() int { return s.filters / s.groups }

// products is the number of multiplications.
func (s slide) products() int { return s.Batch * s.Count * s.Size * s.part() * s.filters }

// acrossSamples reports whether a product takes rows of different samples, rather than
// rows of one sample, since samples are many and short.
func (s slide) acrossSamples() bool { return s.Count < fewWindows && s.Batch > s.Count }

// fewWindows are as many as two tiles of a product have rows.
const fewWindows = 12

// share distributes the rows of the result over the cores.
func (s slide) share(f func(from, end int)) {
	unit := fewWindows
	if s.acrossSamples() {
		unit *= s.Count
	}
	kernels.Share(s.products(), s.Batch*s.Count, unit, f)
}

// blockSize is the number of elements of the operand and the result that are computed at
// a time: they stay in the second-level cache.
const blockSize = 1 << 15

// blocks divides rows of the result into blocks: of one sample, or of whole samples.
func (s slide) blocks(from, end int, f func(from, end int)) {
	rows := max(blockSize/(s.Stride*s.Features+s.filters), 1)
	rows = (rows + fewWindows - 1) / fewWindows * fewWindows
	for from < end {
		to := end
		if s.acrossSamples() {
			to = min(end, from+rows*s.Count)
		} else {
			to = min(end, from+rows, (from/s.Count+1)*s.Count)
		}
		f(from, to)
		from = to
	}
}

// view is how rows from..end of the result lie in memory: windows first..last of a
// sample or, across samples, of as many samples as rows says.
type view struct {
	sample, first, last int
	rows                int // 0 for the windows of one sample
	inRow, outRow       int // elements from a row of a product to the next
}

func (s slide) view(from, end int) view {
	if s.acrossSamples() {
		return view{from / s.Count, 0, s.Count, (end - from) / s.Count, s.Steps * s.Features, s.Count * s.filters}
	}
	t := from % s.Count
	return view{from / s.Count, t, t + end - from, 0, s.Stride * s.Features, s.filters}
}

// slideRows computes rows of the result that blocks made, plus a bias unless that is nil.
func slideRows[T Float](s slide, set *kernels.Set[T], out, in []T, filters []kernels.Filters[T], bias []T, from, end int) {
	v := s.view(from, end)
	s.runs(v.first, v.last, func(t, rows, step, from, to int) {
		if v.rows > 0 {
			rows = v.rows
		}
		for g := range filters {
			c := kernels.Matrix[T]{Data: out[(v.sample*s.Count+t)*s.filters+g*s.width():], Row: v.outRow, Col: 1}
			a := kernels.Taps[T]{Row: v.inRow, Tap: s.Dilation * s.Features, Col: 1}
			if from < to {
				a.Data = in[(v.sample*s.Steps+step+from*s.Dilation)*s.Features+g*s.part():]
			}
			var start kernels.Matrix[T] // the bias in every row
			if bias != nil {
				start = kernels.Matrix[T]{Data: bias[g*s.width():], Row: 0, Col: 1}
			}
			set.MulTaps(rows, a, &filters[g], from, to, c, start)
		}
	})
}

// runs is that of the plan; across samples a run is one window.
func (s slide) runs(first, last int, f func(t, rows, step, from, to int)) {
	if !s.acrossSamples() {
		s.WindowPlan.runs(first, last, f)
		return
	}
	for t := first; t < last; t++ {
		step, from, to := s.window(t)
		f(t, 1, step, from, to)
	}
}
