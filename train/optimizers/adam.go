package optimizers

import (
	"cmp"
	"math"
	"strings"

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
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Beta1        *float64 // decay of m, in [0, 1); nil means 0.9
	Beta2        *float64 // decay of v, in [0, 1); nil means 0.999
	Epsilon      float64  // default 1e-7
	AMSGrad      bool     // divides by the root of the largest v so far (Reddi et al. 2018)

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slots "m" and "v", and "v_hat" with AMSGrad.
func (a Adam) Rule(dtype tensor.Dtype) (Rule, error) { return a.rule("Adam", dtype) }

// rule is that of Adam and of AdamW, by the name of its type.
func (a Adam) rule(class string, dtype tensor.Dtype) (Rule, error) {
	f := fields{class: class, dtype: dtype}
	beta1, beta2 := f.decay("Beta1", a.Beta1, 0.9), f.decay("Beta2", a.Beta2, 0.999)
	epsilon := f.number("Epsilon", cmp.Or(a.Epsilon, 1e-7))
	r := Rule{
		Name:         strings.ToLower(class),
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(a.LearningRate, a.Schedule, 1e-3),
		Schedule:     a.Schedule,
		WeightDecay:  a.WeightDecay,
		Slots:        []Slot{{Name: "m"}, {Name: "v", Squares: true}},
		Clip:         Clip{a.ClipValue, a.ClipNorm, a.GlobalClipNorm},
		Rate: func(learningRate float64, step int) float64 {
			return learningRate * math.Sqrt(1-math.Pow(beta2, float64(step))) / (1 - math.Pow(beta1, float64(step)))
		},
		Float32: adam[float32](a.AMSGrad, beta1, beta2, epsilon),
		Float64: adam[float64](a.AMSGrad, beta1, beta2, epsilon),
	}
	if a.AMSGrad {
		r.Slots = append(r.Slots, Slot{Name: "v_hat", Squares: true})
	}
	return r, f.err
}

func adam[T Float](amsgrad bool, beta1, beta2, epsilon float64) Update[T] {
	keep1, keep2, eps := T(1-beta1), T(1-beta2), T(epsilon)
	kernel := kernels.For[T]()
	if amsgrad {
		return func(s Step[T]) {
			kernel.AMSGrad(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], s.Slots[2], keep1, keep2, s.Rate, eps)
		}
	}
	return func(s Step[T]) {
		kernel.Adam(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], keep1, keep2, s.Rate, eps)
	}
}
