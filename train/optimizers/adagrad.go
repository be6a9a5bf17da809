package optimizers

import (
	"cmp"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = Adagrad{}

// Adagrad divides the gradient by the root of the sum of its squares (Duchi et al. 2011),
// so that weights with few or small gradients move further. In the form of Keras 3, ε is
// added inside the root, where PyTorch adds it to the root. With gradient g, and v
// starting at InitialAccumulatorValue:
//
//	v += g²
//	w −= LearningRate·g/√(v + Epsilon)
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type Adagrad struct {
	LearningRate float64  // default 0.001
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Epsilon      float64  // default 1e-7

	InitialAccumulatorValue *float64 // of v; nil means 0.1

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slot "accumulator", for v.
func (o Adagrad) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "Adagrad", dtype: dtype}
	epsilon, first := f.number("Epsilon", cmp.Or(o.Epsilon, 1e-7)), 0.1
	if o.InitialAccumulatorValue != nil {
		first = f.number("InitialAccumulatorValue", *o.InitialAccumulatorValue)
	}
	return Rule{
		Name:         "adagrad",
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(o.LearningRate, o.Schedule, 1e-3),
		Schedule:     o.Schedule,
		WeightDecay:  o.WeightDecay,
		Slots:        []Slot{{Name: "accumulator", Initial: first, Squares: true}},
		Clip:         Clip{o.ClipValue, o.ClipNorm, o.GlobalClipNorm},
		Float32:      adagrad[float32](epsilon),
		Float64:      adagrad[float64](epsilon),
	}, f.err
}

func adagrad[T Float](epsilon float64) Update[T] {
	eps, kernel := T(epsilon), kernels.For[T]()
	return func(s Step[T]) { kernel.Adagrad(s.Weights, s.Gradient, s.Slots[0], s.Rate, eps) }
}
