package optimizers_test

import (
	"cmp"
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Signum steps by the sign of a moving average (Bernstein et al. 2018). With gradient g
// and m starting at zero:
//
//	m = Beta·m + (1 − Beta)·g
//	w −= LearningRate·sign(m)
type Signum struct {
	LearningRate float64 // default 1e-4
	Schedule     optimizers.Schedule
	WeightDecay  float64
	Beta         float64 // in [0, 1); default 0.9
	optimizers.Clip
}

// Rule has the slot "m".
func (s Signum) Rule(tensor.Dtype) (optimizers.Rule, error) {
	s.Beta = cmp.Or(s.Beta, 0.9)
	if !(s.Beta >= 0 && s.Beta < 1) {
		return optimizers.Rule{}, graph.Error{Field: "Signum.Beta", Rule: "must lie in [0, 1)", Value: s.Beta}
	}
	if s.Schedule == nil {
		s.LearningRate = cmp.Or(s.LearningRate, 1e-4)
	}
	return optimizers.Rule{
		Name:         "signum",
		LearningRate: s.LearningRate,
		Schedule:     s.Schedule,
		WeightDecay:  s.WeightDecay,
		Slots:        []optimizers.Slot{{Name: "m"}},
		Clip:         s.Clip,
		Float32:      signum[float32](s.Beta),
		Float64:      signum[float64](s.Beta),
	}, nil
}

func signum[T optimizers.Float](beta float64) optimizers.Update[T] {
	keep := T(1 - beta)
	return func(s optimizers.Step[T]) {
		w, m := s.Weights, s.Slots[0]
		for i, g := range s.Gradient {
			m[i] += keep * (g - m[i])
			w[i] -= s.Rate * T(cmp.Compare(m[i], 0))
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
	state, err := optimizers.Start(Signum{LearningRate: 0.25, Clip: optimizers.Clip{ClipNorm: 1}}, params.All(), optimizers.Config{})
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
	fmt.Printf("%.4f\n", state.Tensors()["signum/m/w"].Float64s())
	_, err = optimizers.Start(Signum{LearningRate: -1}, params.All(), optimizers.Config{})
	fmt.Println(err)
	// Output:
	// [0.5]
	// [0.1900]
	// Signum.LearningRate must be finite and not negative, got -1
}
