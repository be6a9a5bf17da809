package optimizers

import (
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = Lion{}

// Lion steps by the sign of a moving average (Chen et al. 2023), so that all weights move by
// the learning rate. With gradient g, and m starting at zero:
//
//	w −= LearningRate·sign(Beta1·m + (1 − Beta1)·g)
//	m = Beta2·m + (1 − Beta2)·g
//
// Its learning rate is best 3 to 10 times smaller than Adam's, and its WeightDecay as much
// larger.
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type Lion struct {
	LearningRate float64  // default 0.001
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Beta1        *float64 // share of m in a step, in [0, 1); nil means 0.9
	Beta2        *float64 // decay of m, in [0, 1); nil means 0.99

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slot "m".
func (o Lion) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "Lion", dtype: dtype}
	beta1, beta2 := f.decay("Beta1", o.Beta1, 0.9), f.decay("Beta2", o.Beta2, 0.99)
	return Rule{
		Name:         "lion",
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(o.LearningRate, o.Schedule, 1e-3),
		Schedule:     o.Schedule,
		WeightDecay:  o.WeightDecay,
		Slots:        []Slot{{Name: "m"}},
		Clip:         Clip{o.ClipValue, o.ClipNorm, o.GlobalClipNorm},
		Float32:      lion[float32](beta1, beta2),
		Float64:      lion[float64](beta1, beta2),
	}, f.err
}

func lion[T Float](beta1, beta2 float64) Update[T] {
	keep1, keep2, kernel := T(1-beta1), T(1-beta2), kernels.For[T]()
	return func(s Step[T]) { kernel.Lion(s.Weights, s.Gradient, s.Slots[0], keep1, keep2, s.Rate) }
}
