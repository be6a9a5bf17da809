package optimizers

import "math"

// Clip limits gradients before the update. At most one of its fields may be
// set; zero means no limit. An optimizer may embed it. Negative, NaN and
// infinite values are errors.
type Clip struct {
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// check checks the fields of an optimizer's Clip.
func (c Clip) check(f *fields) {
	f.number("ClipValue", c.ClipValue)
	f.number("ClipNorm", c.ClipNorm)
	f.number("GlobalClipNorm", c.GlobalClipNorm)
	switch {
	case c.ClipNorm > 0 && c.ClipValue > 0:
		f.fail("ClipNorm", "must not be set together with ClipValue", c.ClipNorm)
	case c.GlobalClipNorm > 0 && c.ClipValue+c.ClipNorm > 0:
		f.fail("GlobalClipNorm", "must not be set together with ClipValue or ClipNorm", c.GlobalClipNorm)
	}
}

// enabled tells whether gradients are clipped at all.
func (c Clip) enabled() bool { return c != Clip{} }

// byNorm tells whether norms of gradients are needed.
func (c Clip) byNorm() bool { return c.ClipNorm+c.GlobalClipNorm > 0 }

// bound is the largest size of an element after clipping, given its size before.
func (c Clip) bound(before float64) float64 {
	if !c.enabled() {
		return before
	}
	return min(before, max(c.ClipValue, c.ClipNorm, c.GlobalClipNorm))
}

// shrink is the factor that scales a norm, given as the sum of squares, down to
// a limit; 1 where it is small enough or there is no limit.
func shrink(squares, limit float64) float64 {
	if norm := math.Sqrt(squares); limit > 0 && norm > limit {
		return limit / norm
	}
	return 1
}
