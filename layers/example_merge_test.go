package layers_test

import (
	"fmt"
	"log"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// showAll prints the output of a layer of several inputs, vectors of one sample.
func showAll(l layers.Layer, inputs ...[]float64) {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		log.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, x := range inputs {
			in[i] = s.Values(x, graph.Shape{1, len(x)})
		}
		s.Output("y", layers.Apply(s, "layer", l, in...)[0])
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		log.Fatal(err)
	}
	y, err := prog.Output("y")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %.4g\n", y.Shape(), y.Float64s())
}

func ExampleAdd() {
	showAll(layers.Add{}, []float64{1, 2, 3}, []float64{10, 20, 30})
	showAll(layers.Add{}, []float64{1, 2, 3}, []float64{10, 20})
	// Output:
	// (1, 3) [11 22 33]
	// layer: Add must have inputs that broadcast to each other, and another is [1, 3], got [1, 2]
}

func ExampleSubtract() {
	showAll(layers.Subtract{}, []float64{1, 2, 3}, []float64{10, 20, 30})
	// Output: (1, 3) [-9 -18 -27]
}

func ExampleMultiply() {
	showAll(layers.Multiply{}, []float64{1, 2, 3}, []float64{10, 20, 30})
	// Output: (1, 3) [10 40 90]
}

func ExampleAverage() {
	showAll(layers.Average{}, []float64{1, 2}, []float64{3, 4}, []float64{5, 9})
	// Output: (1, 2) [3 5]
}

func ExampleMaximum() {
	showAll(layers.Maximum{}, []float64{1, 5}, []float64{3, 4})
	// Output: (1, 2) [3 5]
}

func ExampleMinimum() {
	showAll(layers.Minimum{}, []float64{1, 5}, []float64{3, 4})
	// Output: (1, 2) [1 4]
}

func ExampleConcatenate() {
	showAll(layers.Concatenate{}, []float64{1, 2}, []float64{3})
	// Output: (1, 3) [1 2 3]
}

// The product of two vectors, and the cosine of the angle between them.
func ExampleDot() {
	showAll(layers.Dot{Axes: [2]int{1, 1}}, []float64{3, 4}, []float64{4, 3})
	showAll(layers.Dot{Axes: [2]int{1, 1}, Normalize: true}, []float64{3, 4}, []float64{4, 3})
	// Output:
	// (1, 1) [24]
	// (1, 1) [0.96]
}
