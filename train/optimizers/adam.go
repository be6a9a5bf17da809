package optimizers

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Optimizer = Adam{}

// Adam follows running means of the gradient and of its square (Kingma and Ba
// 2015), in the form of Keras: ε is the paper's ε-hat, added before the
// correction of v and not after it. With gradient g, step t from 1 on, m and v
// from zero:
//
//	m += (g − m)·(1 − Beta1)
//	v += (g² − v)·(1 − Beta2)
//	w −= LearningRate·√(1 − Beta2ᵗ)/(1 − Beta1ᵗ) · m/(√v + Epsilon)
//
// m and v are of the parameters' dtype; what depends on t alone is computed in
// float64. A zero field takes its default. Negative, NaN and infinite values
// are errors, and so are those that float32 parameters would take for zero or
// infinite.
type Adam struct {
	LearningRate float64  // default 0.001
	Beta1        *float64 // how much of m stays, in [0, 1); nil means 0.9
	Beta2        *float64 // how much of v stays, in [0, 1); nil means 0.999
	Epsilon      float64  // default 1e-7

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Start checks the config. The state keeps "adam/m/<path>" and "adam/v/<path>".
func (a Adam) Start(params []*graph.Param) (*State, error) {
	dtype, err := common(params)
	if err != nil {
		return nil, err
	}
	f := fields{class: "Adam", dtype: dtype}
	rate := f.number("LearningRate", a.LearningRate, 1e-3)
	beta1, beta2 := f.decay("Beta1", a.Beta1, 0.9), f.decay("Beta2", a.Beta2, 0.999)
	epsilon := f.number("Epsilon", a.Epsilon, 1e-7)
	clip := f.clip(a.ClipValue, a.ClipNorm, a.GlobalClipNorm)
	if f.err != nil {
		return nil, f.err
	}
	return start(params, dtype, rule{
		name: "adam", memory: []string{"m", "v"}, squares: "v", clip: clip, learningRate: rate,
		rate: func(learningRate float64, t int) float64 {
			return learningRate * math.Sqrt(1-math.Pow(beta2, float64(t))) / (1 - math.Pow(beta1, float64(t)))
		},
		f32: adam[float32](beta1, beta2, epsilon),
		f64: adam[float64](beta1, beta2, epsilon),
	}), nil
}

func adam[T float](beta1, beta2, epsilon float64) kernel[T] {
	keep1, keep2, eps := T(1-beta1), T(1-beta2), T(epsilon)
	return func(w, g []T, memory [][]T, rate T) {
		graph.Adam(w[:len(g)], g, memory[0][:len(g)], memory[1][:len(g)], keep1, keep2, rate, eps)
	}
}
