package activations

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
)

// Softmax is eˣ / Σ eˣ along an axis: positive numbers whose sum is 1.
type Softmax struct {
	// Axis counts from the end where it is negative. 0 means −1, the last. The
	// first is refused, as it is that of the samples.
	Axis int
}

// Resolve fills in the default.
func (a Softmax) Resolve() (Activation, error) { return Softmax{axis(a.Axis)}, nil }

// Apply computes the activation.
func (a Softmax) Apply(x graph.Value) graph.Value {
	if at, ok := within(x, "Softmax", a.Axis); ok {
		return x.Softmax(at)
	}
	return x
}

// LogSoftmax is the logarithm of Softmax, exact where that would be near 0.
type LogSoftmax struct {
	Axis int // as in Softmax: 0 means −1, the last
}

// Resolve fills in the default.
func (a LogSoftmax) Resolve() (Activation, error) { return LogSoftmax{axis(a.Axis)}, nil }

// Apply computes the activation.
func (a LogSoftmax) Apply(x graph.Value) graph.Value {
	if at, ok := within(x, "LogSoftmax", a.Axis); ok {
		return x.LogSoftmax(at)
	}
	return x
}

// Sparsemax is the point nearest to x among those that are not negative and
// add up to 1 along an axis: a softmax that is 0 where x is low (Martins and
// Astudillo, 2016, https://arxiv.org/abs/1602.02068). It is max(x − τ, 0), with
// the τ that makes the sum 1.
type Sparsemax struct {
	Axis int // as in Softmax: 0 means −1, the last
}

// Resolve fills in the default.
func (a Sparsemax) Resolve() (Activation, error) { return Sparsemax{axis(a.Axis)}, nil }

// Apply computes the activation.
func (a Sparsemax) Apply(x graph.Value) graph.Value {
	if at, ok := within(x, "Sparsemax", a.Axis); ok {
		return x.MapAxis("sparsemax", at, sparsemax, sparsemaxGrad)
	}
	return x
}

func sparsemax(x, y []float64) {
	top := slices.Max(x)
	for i := range x {
		y[i] = x[i] - top // τ is the same, but no sum gets large
	}
	slices.Sort(y)
	sum, tau := 0.0, math.NaN()
	for k := 1; k <= len(y); k++ {
		high := y[len(y)-k]
		sum += high
		if !(1+float64(k)*high > sum) {
			break
		}
		tau = (sum - 1) / float64(k)
	}
	for i := range x {
		y[i] = max(x[i]-top-tau, 0)
	}
}

// sparsemaxGrad: where y is 0 nothing moves; the others share one τ.
func sparsemaxGrad(_, y, dy, dx []float64) {
	sum, n := 0.0, 0.0
	for i := range y {
		if y[i] > 0 {
			sum, n = sum+dy[i], n+1
		}
	}
	for i := range y {
		dx[i] = 0
		if y[i] > 0 {
			dx[i] = dy[i] - sum/n
		}
	}
}

// axis replaces 0 by the default, −1.
func axis(a int) int {
	if a == 0 {
		return -1
	}
	return a
}

// within is the index of the axis of x that a config names. It must not be the batch,
// unless x has no other axis.
func within(x graph.Value, class string, a int) (int, bool) {
	at := axis(a)
	if at < 0 {
		at += x.Rank()
	}
	if at >= x.Rank() || at < min(1, x.Rank()-1) {
		x.Scope().Failf(class+".Axis", fmt.Sprintf("must be axes after the batch of %v", x.Shape()), a)
		return 0, false
	}
	return at, true
}

// GLU splits x into two halves a and b along an axis and is a · sigmoid(b), so
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
