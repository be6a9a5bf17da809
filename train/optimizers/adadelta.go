package optimizers

import (
	"cmp"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = Adadelta{}

// Adadelta scales the gradient to the size of past steps (Zeiler 2012), so that the step
// has the unit of the weight. With gradient g, and v and x starting at zero:
//
//	v = Rho·v + (1 − Rho)·g²
//	d = √(x + Epsilon)/√(v + Epsilon) · g
//	x = Rho·x + (1 − Rho)·d²
//	w −= LearningRate·d
//
// The paper has a learning rate of 1; the default is that of Keras.
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type Adadelta struct {
	LearningRate float64  // default 0.001
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Rho          *float64 // decay of v and x, in [0, 1); nil means 0.95
	Epsilon      float64  // default 1e-7

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slots "accumulated_grad", for v, and "accumulated_delta", for x.
func (o Adadelta) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "Adadelta", dtype: dtype}
	rho, epsilon := f.decay("Rho", o.Rho, 0.95), f.number("Epsilon", cmp.Or(o.Epsilon, 1e-7))
	return Rule{
		Name:         "adadelta",
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(o.LearningRate, o.Schedule, 1e-3),
		Schedule:     o.Schedule,
		WeightDecay:  o.WeightDecay,
		Slots:        []Slot{{Name: "accumulated_grad", Squares: true}, {Name: "accumulated_delta", Squares: true}},
		Clip:         Clip{o.ClipValue, o.ClipNorm, o.GlobalClipNorm},
		Float32:      adadelta[float32](rho, epsilon),
		Float64:      adadelta[float64](rho, epsilon),
	}, f.err
}

func adadelta[T Float](rho, epsilon float64) Update[T] {
	keep, eps, kernel := T(1-rho), T(epsilon), kernels.For[T]()
	return func(s Step[T]) {
		kernel.Adadelta(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], keep, s.Rate, eps)
	}
}
