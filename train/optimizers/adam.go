package optimizers

import (
	"cmp"
	"math"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = Adam{}

// Adam keeps moving averages of the gradient and of its square (Kingma & Ba
// 2015), in the form of Keras: ε is the paper's ε-hat, which is added before v is
// corrected, not after. With gradient g and step t from 1, m and v start at zero:
//
//	m += (g − m)·(1 − Beta1)
//	v += (g² − v)·(1 − Beta2)
//	w −= LearningRate·√(1 − Beta2ᵗ)/(1 − Beta1ᵗ) · m/(√v + Epsilon)
//
// m and v have the parameters' dtype; what depends on t alone is computed in
// float64. A zero field takes its default. Negative, NaN and infinite values
// are errors, and so are values that are zero or infinite in float32 where the
// parameters are.
type Adam struct {
	LearningRate float64  // default 0.001
	Beta1        *float64 // decay of m, in [0, 1); nil means 0.9
	Beta2        *float64 // decay of v, in [0, 1); nil means 0.999
	Epsilon      float64  // default 1e-7

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slots "m" and "v".
func (a Adam) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "Adam", dtype: dtype}
	beta1, beta2 := f.decay("Beta1", a.Beta1, 0.9), f.decay("Beta2", a.Beta2, 0.999)
	epsilon := f.number("Epsilon", cmp.Or(a.Epsilon, 1e-7))
	return Rule{
		Name:         "adam",
		Elementwise:  true,
		Still:        true,
		LearningRate: cmp.Or(a.LearningRate, 1e-3),
		Slots:        []Slot{{Name: "m"}, {Name: "v", Squares: true}},
		Clip:         Clip{a.ClipValue, a.ClipNorm, a.GlobalClipNorm},
		Rate: func(learningRate float64, step int) float64 {
			return learningRate * math.Sqrt(1-math.Pow(beta2, float64(step))) / (1 - math.Pow(beta1, float64(step)))
		},
		Float32: adam[float32](beta1, beta2, epsilon),
		Float64: adam[float64](beta1, beta2, epsilon),
	}, f.err
}

func adam[T Float](beta1, beta2, epsilon float64) Update[T] {
	keep1, keep2, eps := T(1-beta1), T(1-beta2), T(epsilon)
	kernel := kernels.For[T]()
	return func(s Step[T]) {
		kernel.Adam(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], keep1, keep2, s.Rate, eps)
	}
}
