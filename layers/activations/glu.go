package activations

import "github.com/engram-go/engram/graph"

// GLU cuts x into two halves a and b along an axis and gives a · sigmoid(b), so
// that one half gates the other. The axis is halved; its size must be even
// (Dauphin and others, 2016, https://arxiv.org/abs/1612.08083).
type GLU struct {
	Axis int // as in Softmax: 0 means −1, the last
}

// Resolve fills in the default.
func (a GLU) Resolve() (Activation, error) { return GLU{axis(a.Axis)}, nil }

// Apply computes the activation.
func (a GLU) Apply(x graph.Value) graph.Value {
	at, ok := within(x, "GLU", a.Axis)
	if !ok {
		return x
	}
	n := x.Dim(at)
	if n == graph.Any { // half of an open axis is open too
		return x
	}
	if n%2 != 0 {
		x.Scope().Failf("GLU", "must have an axis of even size", n)
		return x
	}
	return x.Slice(at, 0, n/2).Times(x.Slice(at, n/2, n).Sigmoid())
}
