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
