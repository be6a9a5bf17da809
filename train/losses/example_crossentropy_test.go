package losses_test

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// show runs a loss on fixed numbers.
func show(loss losses.Loss, target []float64, targetShape graph.Shape, output []float64, outputShape graph.Shape) {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		s.Output("loss", loss.Loss(s.Values(target, targetShape), s.Values(output, outputShape)))
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
	out, err := prog.Output("loss")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", out.Float64s())
}

// Two samples of two answers each; the examples of Keras.
func ExampleBinaryCrossentropy() {
	show(losses.BinaryCrossentropy{},
		[]float64{0, 1, 0, 0}, graph.Shape{2, 2}, []float64{0.6, 0.4, 0.4, 0.6}, graph.Shape{2, 2})
	// Output: [0.916 0.714]
}

// Two samples of three classes.
func ExampleCategoricalCrossentropy() {
	show(losses.CategoricalCrossentropy{},
		[]float64{0, 1, 0, 0, 0, 1}, graph.Shape{2, 3}, []float64{0.05, 0.95, 0, 0.1, 0.8, 0.1}, graph.Shape{2, 3})
	// Output: [0.051 2.303]
}

// The same, with the numbers of the classes; and a number that is none.
func ExampleSparseCategoricalCrossentropy() {
	show(losses.SparseCategoricalCrossentropy{},
		[]float64{1, 2}, graph.Shape{2}, []float64{0.05, 0.95, 0, 0.1, 0.8, 0.1}, graph.Shape{2, 3})
	show(losses.SparseCategoricalCrossentropy{},
		[]float64{1, 3}, graph.Shape{2}, []float64{0.05, 0.95, 0, 0.1, 0.8, 0.1}, graph.Shape{2, 3})
	// Output:
	// [0.051 2.303]
	// target must be the number of a class, a whole number from 0 to 2, got 3
}
