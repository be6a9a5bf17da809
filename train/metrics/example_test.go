package metrics_test

import (
	"fmt"

	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// The second batch is smaller and counts by its samples.
func Example() {
	rmse := metrics.RMSE{}.Start()
	for _, batch := range []struct{ target, output []float64 }{
		{[]float64{1, 2, 3}, []float64{1, 2, 3}},
		{[]float64{4}, []float64{8}},
	} {
		target := tensor.New(tensor.WithShape(len(batch.target)), tensor.WithBacking(batch.target))
		output := tensor.New(tensor.WithShape(len(batch.output)), tensor.WithBacking(batch.output))
		if err := rmse.Add(target, output, nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(metrics.RMSE{}.Name(), rmse.Result())
	// Output: rmse 2
}

// Half of the outputs are largest at the class of their target.
func ExampleSparseCategoricalAccuracy() {
	accuracy := metrics.SparseCategoricalAccuracy{}.Start()
	target := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{2, 1}))
	output := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{0.1, 0.6, 0.3, 0.05, 0.95, 0}))
	if err := accuracy.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(accuracy.Result())
	// Output: 0.5
}

// Logits are above 0 where they say yes.
func ExampleBinaryAccuracy() {
	accuracy := metrics.BinaryAccuracy{Threshold: new(0.0)}.Start()
	target := tensor.New(tensor.WithShape(4), tensor.WithBacking([]float64{1, 1, 0, 0}))
	output := tensor.New(tensor.WithShape(4), tensor.WithBacking([]float64{2.5, -0.1, -3, -1}))
	if err := accuracy.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(accuracy.Result())
	// Output: 0.75
}

// The first output is largest at another class than its target.
func ExampleCategoricalAccuracy() {
	accuracy := metrics.CategoricalAccuracy{}.Start()
	target := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{0, 0, 1, 0, 1, 0}))
	output := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{0.1, 0.6, 0.3, 0.05, 0.95, 0}))
	if err := accuracy.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(accuracy.Result())
	// Output: 0.5
}

// The shapes say which accuracy it is: an output of one number is a probability.
func ExampleAccuracy() {
	accuracy := metrics.Accuracy{}.Start()
	target := tensor.New(tensor.WithShape(4, 1), tensor.WithBacking([]float64{1, 1, 0, 0}))
	output := tensor.New(tensor.WithShape(4, 1), tensor.WithBacking([]float64{0.98, 1, 0, 0.6}))
	if err := accuracy.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(accuracy.Result())
	// Output: 0.75
}

// The class of the first sample has the second largest output.
func ExampleTopKCategoricalAccuracy() {
	accuracy := metrics.TopKCategoricalAccuracy{K: 2}.Start()
	target := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{0, 0, 1, 0, 0, 1}))
	output := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{0.1, 0.6, 0.3, 0.05, 0.95, 0}))
	if err := accuracy.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(accuracy.Result())
	// Output: 0.5
}
