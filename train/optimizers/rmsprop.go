package optimizers

import (
	"cmp"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = RMSprop{}

// RMSprop divides the gradient by the root of a moving average of its square
// (Tieleman & Hinton 2012), in the form of Keras 3: ε is added inside the root,
// where PyTorch adds it to the root. With gradient g, and v, a and u starting at
// zero:
//
//	v = Rho·v + (1 − Rho)·g²
//	d = LearningRate·g/√(v + Epsilon)
//	w −= d                             without momentum
//
//	u = Momentum·u + d
//	w −= u                             with momentum
//
//	a = Rho·a + (1 − Rho)·g
//	d = LearningRate·g/√(max(v − a², 0) + Epsilon)    where Centered
//
// The maximum departs from Keras: for large, steady gradients v − a² is a small
// difference of large numbers, which rounds to a negative number in float32, and
// Keras takes its root, NaN.
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type RMSprop struct {
	LearningRate float64  // default 0.001
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Rho          *float64 // decay of v and a, in [0, 1); nil means 0.9
	Momentum     float64  // decay of u, at most 1; default 0, none
	Epsilon      float64  // default 1e-7
	Centered     bool     // divides by an estimate of the gradient's variance

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slot "velocity", for v, "average_gradient", for a, where Centered,
// and "momentum", for u, where there is momentum.
func (o RMSprop) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "RMSprop", dtype: dtype}
	rho, momentum := f.decay("Rho", o.Rho, 0.9), f.number("Momentum", o.Momentum)
	if momentum > 1 {
		f.fail("Momentum", "must be at most 1", momentum)
	}
	epsilon := f.number("Epsilon", cmp.Or(o.Epsilon, 1e-7))
	r := Rule{
		Name:         "rmsprop",
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(o.LearningRate, o.Schedule, 1e-3),
		Schedule:     o.Schedule,
		WeightDecay:  o.WeightDecay,
		Slots:        []Slot{{Name: "velocity", Squares: true}},
		Clip:         Clip{o.ClipValue, o.ClipNorm, o.GlobalClipNorm},
		Float32:      rmsprop[float32](o.Centered, rho, momentum, epsilon),
		Float64:      rmsprop[float64](o.Centered, rho, momentum, epsilon),
	}
	if o.Centered {
		r.Slots = append(r.Slots, Slot{Name: "average_gradient"})
	}
	if momentum > 0 {
		r.Slots = append(r.Slots, Slot{Name: "momentum"})
	}
	return r, f.err
}

func rmsprop[T Float](centered bool, rho, momentum, epsilon float64) Update[T] {
	keep, mu, eps := T(1-rho), T(momentum), T(epsilon)
	kernel := kernels.For[T]()
	switch {
	case centered && momentum > 0:
		return func(s Step[T]) {
			kernel.RMSpropCenteredMomentum(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], s.Slots[2], keep, s.Rate, eps, mu)
		}
	case centered:
		return func(s Step[T]) {
			kernel.RMSpropCentered(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], keep, s.Rate, eps)
		}
	case momentum > 0:
		return func(s Step[T]) {
			kernel.RMSpropMomentum(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], keep, s.Rate, eps, mu)
		}
	}
	return func(s Step[T]) { kernel.RMSprop(s.Weights, s.Gradient, s.Slots[0], keep, s.Rate, eps) }
}
