package optimizers

import (
	"cmp"
	"math"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

var _ Optimizer = Nadam{}

// Nadam is Adam with Nesterov's momentum (Dozat 2016), in the form of Keras 3, which is
// PyTorch's with a momentum_decay of 1. With gradient g and step t from 1, m and v start at
// zero:
//
//	μₜ = Beta1·(1 − 0.96ᵗ/2)    Pₜ = μ₁·μ₂·…·μₜ
//	m += (g − m)·(1 − Beta1)
//	v += (g² − v)·(1 − Beta2)
//	w −= LearningRate·(μₜ₊₁·m/(1 − Pₜ₊₁) + (1 − μₜ)·g/(1 − Pₜ)) / (√(v/(1 − Beta2ᵗ)) + Epsilon)
//
// What depends on t alone is computed in float64.
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type Nadam struct {
	LearningRate float64  // default 0.001
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  float64  // share of a weight, times the learning rate, that each step takes off; default 0
	Beta1        *float64 // decay of m, in [0, 1); nil means 0.9
	Beta2        *float64 // decay of v, in [0, 1); nil means 0.999
	Epsilon      float64  // default 1e-7

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slots "m" and "v".
func (o Nadam) Rule(dtype tensor.Dtype) (Rule, error) {
	f := fields{class: "Nadam", dtype: dtype}
	beta1, beta2 := f.decay("Beta1", o.Beta1, 0.9), f.decay("Beta2", o.Beta2, 0.999)
	epsilon := f.number("Epsilon", cmp.Or(o.Epsilon, 1e-7))
	return Rule{
		Name:         "nadam",
		Elementwise:  true,
		Still:        true,
		LearningRate: learningRate(o.LearningRate, o.Schedule, 1e-3),
		Schedule:     o.Schedule,
		WeightDecay:  o.WeightDecay,
		Slots:        []Slot{{Name: "m"}, {Name: "v", Squares: true}},
		Clip:         Clip{o.ClipValue, o.ClipNorm, o.GlobalClipNorm},
		Float32:      nadam[float32](beta1, beta2, epsilon),
		Float64:      nadam[float64](beta1, beta2, epsilon),
	}, f.err
}

func nadam[T Float](beta1, beta2, epsilon float64) Update[T] {
	keep1, keep2, eps, kernel := T(1-beta1), T(1-beta2), T(epsilon), kernels.For[T]()
	shares := nadamShares()
	return func(s Step[T]) {
		t, rate := s.Number, float64(s.Rate)
		now, next := beta1*nadamShare(t), beta1*nadamShare(t+1)
		product := math.Pow(beta1, float64(t)) * shares[min(t, len(shares)-1)]
		ofMean, ofGradient := rate*next/(1-product*next), rate*(1-now)/(1-product)
		ofSquare := 1 / (1 - math.Pow(beta2, float64(t)))
		kernel.Nadam(s.Weights, s.Gradient, s.Slots[0], s.Slots[1], keep1, keep2, T(ofMean), T(ofGradient), T(ofSquare), eps)
	}
}

// nadamShare is the share of Beta1 that is the momentum of step t.
func nadamShare(t int) float64 { return 1 - 0.5*math.Pow(0.96, float64(t)) }

// nadamShares are the products of the shares of steps 1 to t, up to the t from which on the
// shares are 1 in float64.
func nadamShares() []float64 {
	products := []float64{1}
	for t := 1; nadamShare(t) != 1; t++ {
		products = append(products, products[t-1]*nadamShare(t))
	}
	return products
}
