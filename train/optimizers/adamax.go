package optimizers

import (
	"cmp"
	"math"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = Adamax{}

// Adamax is Adam with the largest gradient so far, which decays, in the place of the root
// of v (Kingma & Ba 2015, section 7). In the form of Keras 3, ε is added to u, where PyTorch
// adds it to |g|. With gradient g and step t from 1, m and u start at zero:
//
//	m += (g − m)·(1 − Beta1)
//	u = max(Beta2·u, |g|)
//	w −= LearningRate/(1 − Beta1ᵗ) · m/(u + Epsilon)
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type Adamax struct {
	LearningRate float64  // default 0.001
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Beta1        *float64 // decay of m, in [0, 1); nil means 0.9
	Beta2        *float64 // decay of u, in [0, 1); nil means 0.999
	Epsilon      float64  // default 1e-7

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slots "m" and "u".
func (o Adamax) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "Adamax", dtype: dtype}
	beta1, beta2 := f.decay("Beta1", o.Beta1, 0.9), f.decay("Beta2", o.Beta2, 0.999)
	epsilon := f.number("Epsilon", cmp.Or(o.Epsilon, 1e-7))
	return Rule{
		Name:         "adamax",
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(o.LearningRate, o.Schedule, 1e-3),
		Schedule:     o.Schedule,
		WeightDecay:  o.WeightDecay,
		Slots:        []Slot{{Name: "m"}, {Name: "u"}},
		Clip:         Clip{o.ClipValue, o.ClipNorm, o.GlobalClipNorm},
		Rate: func(learningRate float64, step int) float64 {
			return learningRate / (1 - math.Pow(beta1, float64(step)))
		},
		Float32: adamax[float32](beta1, beta2, epsilon),
		Float64: adamax[float64](beta1, beta2, epsilon),
	}, f.err
}

func adamax[T Float](beta1, beta2, epsilon float64) Update[T] {
	keep1, b2, eps, kernel := T(1-beta1), T(beta2), T(epsilon), kernels.For[T]()
	return func(s Step[T]) {
		kernel.Adamax(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], keep1, b2, s.Rate, eps)
	}
}
