package activations

// Along is the axis along which an activation lets elements see each other, a
// negative one counted from the end, and 0 where none sees another. One that is
// not of this package says so with a method
//
//	Along() int
//
// and otherwise ok is false. A type that embeds an activation has that method from
// it, and needs one of its own where its Apply looks along another axis.
func Along(a Activation) (axis int, ok bool) {
	switch a := a.(type) {
	case Name, LeakyReLU, ELU, CELU, GELU, Squareplus, HardShrink, SoftShrink, Threshold:
		return 0, true
	case interface{ Along() int }:
		return a.Along(), true
	}
	return 0, false
}

// Along is the axis.
func (a Softmax) Along() int { return axis(a.Axis) }

// Along is the axis.
func (a LogSoftmax) Along() int { return axis(a.Axis) }

// Along is the axis.
func (a Sparsemax) Along() int { return axis(a.Axis) }

// Along is the axis.
func (a GLU) Along() int { return axis(a.Axis) }
