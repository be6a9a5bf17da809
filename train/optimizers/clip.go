package optimizers

import "math"

// clip keeps gradients small. At most one of its bounds is at work; those at
// rest are 0.
type clip struct {
	value  float64 // of every element
	norm   float64 // of the L2 norm of every parameter's gradient
	global float64 // of the L2 norm of all gradients together
}

// clip checks the three fields that every optimizer has.
func (f *fields) clip(value, norm, global float64) clip {
	c := clip{
		value:  f.number("ClipValue", value, 0),
		norm:   f.number("ClipNorm", norm, 0),
		global: f.number("GlobalClipNorm", global, 0),
	}
	switch {
	case c.norm > 0 && c.value > 0:
		f.fail("ClipNorm", "must not be set together with ClipValue", norm)
	case c.global > 0 && c.value+c.norm > 0:
		f.fail("GlobalClipNorm", "must not be set together with ClipValue or ClipNorm", global)
	}
	return c
}

// atWork tells whether gradients are clipped at all.
func (c clip) atWork() bool { return c != clip{} }

// largest is the size that an element may have after clipping if it had the
// given size before.
func (c clip) largest(before float64) float64 {
	if !c.atWork() {
		return before
	}
	return min(before, max(c.value, c.norm, c.global))
}

// shrink is the factor that takes a norm, given as the sum of squares, down to
// its bound; 1 where it is small enough or there is no bound.
func shrink(squares, bound float64) float64 {
	if norm := math.Sqrt(squares); bound > 0 && norm > bound {
		return bound / norm
	}
	return 1
}
