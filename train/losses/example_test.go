package losses_test

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// A loss gives one number for each sample.
func Example() {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		target := s.Values([]float64{1, 2, 3, 4}, graph.Shape{2, 2})
		output := s.Values([]float64{1, 2, 3, 8}, graph.Shape{2, 2})
		s.Output("mse", losses.MSE{}.Loss(target, output))
		s.Output("mae", losses.MAE{}.Loss(target, output))
		s.Output("huber", losses.Huber{Delta: 2}.Loss(target, output))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range prog.Outputs() {
		out, err := prog.Output(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(name, out.Float64s())
	}
	// Output:
	// huber [0 3]
	// mae [0 2]
	// mse [0 8]
}
