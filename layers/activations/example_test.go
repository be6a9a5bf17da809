package activations_test

import (
	"fmt"
	"log"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"gorgonia.org/tensor"
)

// print applies an activation to three numbers.
func print(a activations.Activation) {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		log.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		x := s.Values([]float64{-1, 0, 2}, graph.Shape{1, 3})
		s.Output("y", a.Apply(x))
	})
	if err != nil {
		log.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		log.Fatal(err)
	}
	y, err := prog.Output("y")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", y.Float64s())
}

func Example() {
	print(activations.ReLU)
	print(activations.LeakyReLU{})
	print(activations.LeakyReLU{NegativeSlope: 0.5})
	print(activations.Softmax{})
	// Output:
	// [0.000 0.000 2.000]
	// [-0.200 0.000 2.000]
	// [-0.500 0.000 2.000]
	// [0.042 0.114 0.844]
}

// squaredReLU is max(x, 0)².
type squaredReLU struct{}

func (squaredReLU) Apply(x graph.Value) graph.Value {
	return x.Map("squared_relu",
		func(x float64) float64 { return max(x, 0) * max(x, 0) },
		func(x, _ float64) float64 { return 2 * max(x, 0) })
}

// A user's activation is a type with a method Apply. Map makes it from
// a function and its derivative; any other formula of values will do as well.
func ExampleActivation() {
	print(squaredReLU{})
	// Output: [0.000 0.000 4.000]
}
