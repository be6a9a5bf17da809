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

// A sum that forgets half of itself at every step, over 1, 2 and 3, and how much
// each of them counts in the end.
func ExampleScan() {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		x := s.Values([]float64{1, 2, 3}, graph.Shape{1, 3, 1}) // [batch, steps, features]
		keep := s.Const(0.5, graph.Shape{})
		y, _ := graph.Scan{
			X: x, Initial: []graph.Value{s.Const(0, graph.Shape{1, 1})}, Sequence: true,
			Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
				sum := states[0].Times(keep).Add(x) // [batch, features]; keep stands outside
				return sum, []graph.Value{sum}
			},
		}.Run()
		s.Output("y", y) // [batch, steps, features]
		s.Output("gradient", s.Gradients(y.At(1, 2).Sum(), x)[0])
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer program.Close()
	if err := program.Run(graph.Tick{}); err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range program.Outputs() {
		out, err := program.Output(name)
		fmt.Println(name, out.Float64s(), err)
	}
	// Output:
	// gradient [0.25 0.5 1] <nil>
	// y [1 2.5 4.25] <nil>
}
