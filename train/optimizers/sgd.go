package optimizers

import (
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = SGD{}

// SGD is gradient descent, plain or with momentum, in the form of Keras. With
// gradient g, and v starting at zero:
//
//	w −= LearningRate·g                        without momentum
//
//	v = Momentum·v − LearningRate·g
//	w += v                                     with momentum
//	w += Momentum·v − LearningRate·g           with Nesterov's (1983)
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type SGD struct {
	LearningRate float64  // default 0.01
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Momentum     float64  // decay of v, at most 1; default 0, none
	Nesterov     bool     // adds the momentum of the next step; no effect without Momentum

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slot "momentum" where there is momentum.
func (o SGD) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "SGD", dtype: dtype}
	r := Rule{
		Name:         "sgd",
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(o.LearningRate, o.Schedule, 0.01),
		Schedule:     o.Schedule,
		WeightDecay:  o.WeightDecay,
		Clip:         Clip{o.ClipValue, o.ClipNorm, o.GlobalClipNorm},
		Float32:      descend[float32](),
		Float64:      descend[float64](),
	}
	momentum := f.number("Momentum", o.Momentum)
	if momentum > 1 {
		f.fail("Momentum", "must be at most 1", momentum)
	}
	r.Still = momentum == 0 // adding a momentum of 0 makes 0 of a weight of −0
	switch {
	case momentum > 0 && o.Nesterov:
		r.Slots = []Slot{{Name: "momentum"}}
		r.Float32, r.Float64 = nesterov(float32(momentum)), nesterov(momentum)
	case momentum > 0:
		r.Slots = []Slot{{Name: "momentum"}}
		r.Float32, r.Float64 = withMomentum(float32(momentum)), withMomentum(momentum)
	}
	return r, f.err
}

func descend[T Float]() Update[T] {
	kernel := kernels.For[T]()
	return func(s Step[T]) { kernel.SGD(s.Weights, s.Gradient, s.Rate) }
}

func withMomentum[T Float](momentum T) Update[T] {
	kernel := kernels.For[T]()
	return func(s Step[T]) { kernel.Momentum(s.Weights, s.Gradient, s.Slots[0], momentum, s.Rate) }
}

func nesterov[T Float](momentum T) Update[T] {
	kernel := kernels.For[T]()
	return func(s Step[T]) { kernel.Nesterov(s.Weights, s.Gradient, s.Slots[0], momentum, s.Rate) }
}
