package optimizers_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// ones is an initializer.
type ones struct{}

func (ones) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = 1
	}
	return out, nil
}

// Two steps down (w − 3)², whose gradient is 2·(w − 3).
func Example() {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		w := s.Param("w", graph.Shape{1}, ones{})
		loss := w.AddConst(-3).Square().Sum()
		s.Output("loss", loss)
		s.Output("gradient", s.Gradients(loss, w)[0])
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prog.Close()
	state, err := optimizers.Start(optimizers.SGD{LearningRate: 0.25}, params.All(), optimizers.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	gradient, err := prog.Output("gradient")
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		if err := prog.Run(graph.Tick{}); err != nil {
			fmt.Println(err)
			return
		}
		err := params.Update(func() error { return state.Step([]*tensor.Dense{gradient}) })
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(state.Iterations(), params.Get("w").Value().Float64s())
	}
	// Output:
	// 1 [2]
	// 2 [2.5]
}
