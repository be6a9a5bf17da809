package optimizers

import "github.com/engram-go/engram/graph"

var _ Optimizer = SGD{}

// SGD goes straight down the gradient, or with Momentum like a ball that keeps
// rolling, in the form of Keras. With gradient g, and v from zero:
//
//	w −= LearningRate·g                        without momentum
//
//	v = Momentum·v − LearningRate·g
//	w += v                                     with momentum
//	w += Momentum·v − LearningRate·g           with Nesterov's (1983)
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are those that float32 parameters would take for zero or infinite.
type SGD struct {
	LearningRate float64 // default 0.01
	Momentum     float64 // how much of v stays, at most 1; default 0, none
	Nesterov     bool    // looks one step ahead; without momentum the same as plain

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Start checks the config. The state keeps "sgd/momentum/<path>" where there is
// momentum.
func (o SGD) Start(params []*graph.Param) (*State, error) {
	dtype, err := common(params)
	if err != nil {
		return nil, err
	}
	f := fields{class: "SGD", dtype: dtype}
	r := rule{
		name:         "sgd",
		learningRate: f.number("LearningRate", o.LearningRate, 0.01),
		rate:         func(learningRate float64, _ int) float64 { return learningRate },
		f32:          descend[float32],
		f64:          descend[float64],
	}
	momentum := f.number("Momentum", o.Momentum, 0)
	if momentum > 1 {
		f.fail("Momentum", "must be at most 1", momentum)
	}
	r.clip = f.clip(o.ClipValue, o.ClipNorm, o.GlobalClipNorm)
	if f.err != nil {
		return nil, f.err
	}
	switch {
	case momentum > 0 && o.Nesterov:
		r.memory = []string{"momentum"}
		r.f32, r.f64 = nesterov(float32(momentum)), nesterov(momentum)
	case momentum > 0:
		r.memory = []string{"momentum"}
		r.f32, r.f64 = roll(float32(momentum)), roll(momentum)
	}
	return start(params, dtype, r), nil
}

func descend[T float](w, g []T, _ [][]T, rate T) {
	for i, g := range g {
		w[i] -= rate * g
	}
}

func roll[T float](momentum T) kernel[T] {
	return func(w, g []T, memory [][]T, rate T) {
		v := memory[0]
		for i, g := range g {
			v[i] = momentum*v[i] - rate*g
			w[i] += v[i]
		}
	}
}

func nesterov[T float](momentum T) kernel[T] {
	return func(w, g []T, memory [][]T, rate T) {
		v := memory[0]
		for i, g := range g {
			v[i] = momentum*v[i] - rate*g
			w[i] += momentum*v[i] - rate*g
		}
	}
}
