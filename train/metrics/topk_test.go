package metrics_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

var (
	_ = describe(specimen{Metric: metrics.TopKCategoricalAccuracy{}, Name: "top_k_categorical_accuracy", HigherIsBetter: true,
		Config: metrics.TopKCategoricalAccuracy{K: 2}, Line: amongTwo, Draw: drawOneHot,
		Bad: map[string]metrics.Metric{"K": metrics.TopKCategoricalAccuracy{K: -1}}})
	_ = describe(specimen{Metric: metrics.SparseTopKCategoricalAccuracy{}, Name: "sparse_top_k_categorical_accuracy", HigherIsBetter: true,
		Config: metrics.SparseTopKCategoricalAccuracy{K: 2}, Line: amongTwo, Draw: drawClass,
		Bad: map[string]metrics.Metric{"K": metrics.SparseTopKCategoricalAccuracy{K: -1}}})
)

// amongTwo is 1 where fewer than two outputs are larger than that of the class.
func amongTwo(y, yhat []float64) (sum, count float64) {
	class := int(y[0])
	if len(y) > 1 {
		for i, x := range y {
			if x == 1 {
				class = i
			}
		}
	}
	larger := 0
	for _, x := range yhat {
		if x > yhat[class] {
			larger++
		}
	}
	if larger < 2 {
		return 1, 1
	}
	return 0, 1
}

// The examples of Keras' documentation, the default, ties and what is not finite.
func TestTopK(t *testing.T) {
	output := f64([]int{2, 3}, 0.1, 0.9, 0.8, 0.05, 0.95, 0)
	seven := f64([]int{1, 7}, 1, 2, 3, 4, 5, 6, 7)
	for _, c := range []struct {
		metric                  metrics.Metric
		target, output, weights *tensor.Dense
		want                    float64
	}{
		{metrics.TopKCategoricalAccuracy{K: 1}, f64([]int{2, 3}, 0, 0, 1, 0, 1, 0), output, nil, 0.5},
		{metrics.TopKCategoricalAccuracy{K: 1}, f64([]int{2, 3}, 0, 0, 1, 0, 1, 0), output, f64([]int{2}, 0.7, 0.3), 0.3},
		{metrics.SparseTopKCategoricalAccuracy{K: 1}, f64([]int{2}, 2, 1), output, nil, 0.5},
		{metrics.SparseTopKCategoricalAccuracy{K: 1}, f64([]int{2}, 2, 1), output, f64([]int{2}, 0.7, 0.3), 0.3},
		{metrics.SparseTopKCategoricalAccuracy{}, f64([]int{1}, 2), seven, nil, 1},
		{metrics.SparseTopKCategoricalAccuracy{}, f64([]int{1}, 1), seven, nil, 0},
		{metrics.SparseTopKCategoricalAccuracy{K: 7}, f64([]int{1}, 0), seven, nil, 1},
		{metrics.SparseTopKCategoricalAccuracy{K: 1}, f64([]int{2}, 0, 1), f64([]int{2, 2}, 3, 3, 3, 3), nil, 1},
		{metrics.SparseTopKCategoricalAccuracy{K: 1}, f64([]int{2}, 0, 1), f64([]int{2, 2}, 3, math.NaN(), 3, 3), nil, math.NaN()},
		{metrics.SparseTopKCategoricalAccuracy{K: 1}, f64([]int{2}, 0, 1), f64([]int{2, 2}, 3, 3, 3, 3), f64([]int{2}, 0, 0), math.NaN()},
	} {
		a := c.metric.Start()
		if err := a.Add(c.target, c.output, c.weights); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); !near(got, c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v of %v: got %v, want %v", c.metric, c.output, got, c.want)
		}
	}
}

// The class of the first sample has the second largest output.
func ExampleSparseTopKCategoricalAccuracy() {
	accuracy := metrics.SparseTopKCategoricalAccuracy{K: 2}.Start()
	target := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{2, 2}))
	output := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{0.1, 0.6, 0.3, 0.05, 0.95, 0}))
	if err := accuracy.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(accuracy.Result())
	// Output: 0.5
}
