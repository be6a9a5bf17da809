package graph_test

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// The layer y = x·W + b, a loss, and the loss's gradient with respect to W.
func Example() {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{1, 2})
		s.Within("dense", func() {
			w := s.Param("kernel", graph.Shape{2, 1}, constant(0.5))
			b := s.Param("bias", graph.Shape{1}, constant(1))
			y := x.MatMul(w).Add(b) // [1, 1]
			loss := y.Square().Sum()
			s.Output("y", y)
			s.Output("gradient", s.Gradients(loss, w)[0])
		})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer program.Close()
	if err := program.SetInput("x", tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{2, 4}))); err != nil {
		fmt.Println(err)
		return
	}
	if err := program.Run(graph.Tick{}); err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range program.Outputs() {
		out, err := program.Output(name)
		fmt.Println(name, out.Float64s(), err)
	}
	// Output:
	// gradient [16 32] <nil>
	// y [4] <nil>
}
