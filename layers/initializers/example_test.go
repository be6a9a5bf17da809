package initializers_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

func Example() {
	for _, i := range []graph.Initializer{
		initializers.Zeros,
		initializers.Identity{Gain: 0.5},
		initializers.GlorotUniform,
	} {
		r := graph.Rand(1, "example", "dense/kernel", graph.Tick{})
		elements, err := i.Init(r, graph.Shape{2, 2})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v: %.3f\n", i, elements)
	}
	// Output:
	// zeros: [0.000 0.000 0.000 0.000]
	// {0.5}: [0.500 0.000 0.000 0.500]
	// glorot_uniform: [-1.042 0.054 -0.169 -0.769]
}

// ramp counts up from 0.
type ramp struct{}

func (ramp) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = float64(i)
	}
	return out, nil
}

// A user's initializer is a type with the method Init.
func Example_own() {
	elements, err := ramp{}.Init(nil, graph.Shape{2, 3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(elements)
	// Output: [0 1 2 3 4 5]
}
