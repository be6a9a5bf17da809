package optimizers_test

import (
	"cmp"
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Lion steps by the sign of a moving average (Chen et al. 2023). With gradient g
// and m starting at zero:
//
//	w −= LearningRate·sign(Beta1·m + (1 − Beta1)·g)
//	m = Beta2·m + (1 − Beta2)·g
type Lion struct {
	LearningRate float64 // default 1e-4
	Beta1, Beta2 float64 // in [0, 1); default 0.9 and 0.99
	optimizers.Clip
}

// Rule has the slot "m".
func (l Lion) Rule(tensor.Dtype) (optimizers.Rule, error) {
	l.Beta1, l.Beta2 = cmp.Or(l.Beta1, 0.9), cmp.Or(l.Beta2, 0.99)
	if !(l.Beta1 >= 0 && l.Beta1 < 1) {
		return optimizers.Rule{}, graph.Error{Field: "Lion.Beta1", Rule: "must lie in [0, 1)", Value: l.Beta1}
	}
	if !(l.Beta2 >= 0 && l.Beta2 < 1) {
		return optimizers.Rule{}, graph.Error{Field: "Lion.Beta2", Rule: "must lie in [0, 1)", Value: l.Beta2}
	}
	return optimizers.Rule{
		Name:         "lion",
		LearningRate: cmp.Or(l.LearningRate, 1e-4),
		Slots:        []optimizers.Slot{{Name: "m"}},
		Clip:         l.Clip,
		Float32:      lion[float32](l),
		Float64:      lion[float64](l),
	}, nil
}

func lion[T optimizers.Float](l Lion) optimizers.Update[T] {
	beta1, beta2 := T(l.Beta1), T(l.Beta2)
	return func(s optimizers.Step[T]) {
		w, m := s.Weights, s.Slots[0]
		for i, g := range s.Gradient {
			switch c := beta1*m[i] + (1-beta1)*g; {
			case c > 0:
				w[i] -= s.Rate
			case c < 0:
				w[i] += s.Rate
			}
			m[i] = beta2*m[i] + (1-beta2)*g
		}
	}
}

// An optimizer of your own: a config and its rule, for both dtypes. Clipping,
// the learning rate, saving and restoring need no code.
func ExampleOptimizer() {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		w := s.Param("w", graph.Shape{1}, ones{})
		s.Output("gradient", s.Gradients(w.Square().Sum(), w)[0])
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prog.Close()
	gradient, err := prog.Output("gradient")
	if err != nil {
		fmt.Println(err)
		return
	}
	state, err := optimizers.Start(Lion{LearningRate: 0.25, Clip: optimizers.Clip{ClipNorm: 1}}, params.All())
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		if err := prog.Run(graph.Tick{}); err != nil {
			fmt.Println(err)
			return
		}
		if err := params.Update(func() error { return state.Step([]*tensor.Dense{gradient}) }); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(params.Get("w").Value().Float64s())
	fmt.Printf("%.4f\n", state.Tensors()["lion/m/w"].Float64s())
	_, err = optimizers.Start(Lion{LearningRate: -1}, params.All())
	fmt.Println(err)
	// Output:
	// [0.5]
	// [0.0199]
	// Lion.LearningRate must be finite and not negative, got -1
}
