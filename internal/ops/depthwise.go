package ops

import "github.com/engram-go/engram/internal/kernels"

// depthwise reports whether every group has one feature and one filter, and there are
// enough of them for the kernels of separate channels.
func (s slide) depthwise() bool {
	return s.groups == s.Features && s.groups == s.filters && s.filters >= kernels.Width
}

// depthwiseRows is slideRows for separate channels. The weights are [size, channels], and
// the sums begin with start, [channels].
func depthwiseRows[T Float](s slide, set *kernels.Set[T], out, in, weights, start []T, from, end int) {
	n := s.filters
	v := s.view(from, end)
	s.runs(v.first, v.last, func(t, rows, step, from, to int) {
		if v.rows > 0 {
			rows = v.rows
		}
		x := in
		if from < to {
			x = in[(v.sample*s.Steps+step+from*s.Dilation)*n:]
		}
		set.Depthwise(rows, n, to-from, x, v.inRow, s.Dilation*n, weights[from*n:], n, start, out[(v.sample*s.Count+t)*n:], v.outRow)
	})
}

// turnTaps copies the weights of separate channels with the taps in reverse order.
func (c *convolution[T]) turnTaps(kernel []T) {
	n := c.Filters
	if c.channels == nil {
		c.channels = make([]T, c.Size*n)
	}
	for j := range c.Size {
		copy(c.channels[j*n:(j+1)*n], kernel[(c.Size-1-j)*n:])
	}
}

// spreadChannels is spread for separate channels.
func (c *convolution[T]) spreadChannels(dx, dy, kernel []T, sample, first, last int) {
	n := c.Filters
	for j := range c.Size {
		shift := j*c.Dilation - c.Before
		for t := below(first-shift, c.Stride); t < min(below(last-shift, c.Stride), c.Count); t++ {
			c.set.AddTimes(kernel[j*n:(j+1)*n], dy[(sample*c.Count+t)*n:], dx[(sample*c.Steps+t*c.Stride+shift)*n:][:n])
		}
	}
}

// channelsGradient is kernelGradient for separate channels, which the cores share.
func (c *convolution[T]) channelsGradient(dkernel, x, dy []T) {
	const unit = 2 * kernels.Width
	n := c.Filters
	if n < 2*unit {
		c.channelSums(dkernel, x, dy, 0, n)
		return
	}
	kernels.Share(c.slide.products(), n/unit, 1, func(from, end int) {
		last := end * unit
		if end == n/unit {
			last = n
		}
		c.channelSums(dkernel, x, dy, from*unit, last)
	})
}

// channelSums computes the gradients of the weights of some channels.
func (c *convolution[T]) channelSums(dkernel, x, dy []T, first, last int) {
	n, width := c.Filters, last-first
	memory := takeMemory[T](c.Size * width)
	defer rowMemory.Put(memory)
	sums := *memory
	for j := range c.Size {
		clear(dkernel[j*n+first : j*n+last])
	}
	v := c.sums()
	v.each(func(sample, t, rows int) {
		for j := 0; j < c.Size; {
			skip, k := c.inside(j, t, rows, v.across)
			taps := 1
			for ; j+taps < c.Size; taps++ {
				if skip2, k2 := c.inside(j+taps, t, rows, v.across); skip2 != skip || k2 != k {
					break
				}
			}
			if k > 0 {
				at := c.step(j, t)
				if !v.across {
					at += skip * c.Stride
				}
				c.set.DepthwiseSums(k, width, taps, x[(sample*c.Steps+at)*n+first:], v.xRow, c.Dilation*n,
					dy[(sample*c.Count+t)*n+skip*v.dyRow+first:], v.dyRow, sums, width)
				for i := range taps {
					to := dkernel[(j+i)*n:][first:last]
					c.set.Plus(to, sums[i*width:], to)
				}
			}
			j += taps
		}
	})
}
