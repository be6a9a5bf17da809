package regularizers_test

import (
	"fmt"
	"log"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
)

func Example() {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		log.Fatal(err)
	}
	rules := []graph.Regularizer{
		regularizers.L1{L1: 1},
		regularizers.L2{L2: 1},
		regularizers.L1L2{L1: 0.5, L2: 0.5},
		regularizers.OrthogonalRegularizer{Factor: 1},
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		w := s.Values([]float64{3, 4, -4, 3}, graph.Shape{2, 2}) // its rows are at right angles
		for i, r := range rules {
			s.Output(fmt.Sprint(i), r.Penalty(w))
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		log.Fatal(err)
	}
	for i, r := range rules {
		penalty, err := prog.Output(fmt.Sprint(i))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%+v: %g\n", r, penalty.Float64s()[0])
	}
	// Output:
	// {L1:1}: 14
	// {L2:1}: 50
	// {L1:0.5 L2:0.5}: 32
	// {Factor:1 Mode:}: 0
}
