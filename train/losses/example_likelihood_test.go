package losses_test

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// Two targets of one sample, with the numbers for mean and scale that a model gives for each:
// [batch, 2·targets]. Distributions reads such a prediction.
func ExampleGaussianNLL() {
	output := []float64{10, 0.5413, 20, 2}
	show(losses.GaussianNLL{}, []float64{9, 23}, graph.Shape{1, 2}, output, graph.Shape{1, 4})

	targets, err := losses.GaussianNLL{}.Distributions(tensor.New(tensor.WithShape(1, 4), tensor.WithBacking(output)))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range targets {
		fmt.Printf("mean %.1f, scale %.2f, 80%% between %.2f and %.2f\n", g.Mean, g.Scale, g.Quantile(0.1), g.Quantile(0.9))
	}
	// Output:
	// [2.044]
	// mean 10.0, scale 1.00, 80% between 8.72 and 11.28
	// mean 20.0, scale 2.13, 80% between 17.27 and 22.73
}

// Counts of one sample at two steps: [batch, steps, 2·targets].
func ExampleNegativeBinomialNLL() {
	output := []float64{5, 0, 1, 0}
	show(losses.NegativeBinomialNLL{}, []float64{3, 0}, graph.Shape{1, 2, 1}, output, graph.Shape{1, 2, 2})

	steps, err := losses.NegativeBinomialNLL{}.Distributions(tensor.New(tensor.WithShape(1, 2, 2), tensor.WithBacking(output)))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range steps {
		fmt.Printf("mean %.1f, deviation %.1f, median %v, at most %v in 90%%\n", n.Mean, n.StdDev(), n.Quantile(0.5), n.Quantile(0.9))
	}
	// Output:
	// [2.216 0.934]
	// mean 5.0, deviation 4.7, median 4, at most 11 in 90%
	// mean 1.3, deviation 1.6, median 1, at most 3 in 90%
}

// A target of three classes, half of it in the first, from which a softmax is not far.
func ExampleKLDivergence() {
	show(losses.KLDivergence{}, []float64{0.5, 0.25, 0.25}, graph.Shape{1, 3}, []float64{0.4, 0.3, 0.3}, graph.Shape{1, 3})
	// Output: [0.020]
}

// Whether a sample is of a class, for two classes: labels of −1 and 1.
func ExampleHinge() {
	show(losses.Hinge{}, []float64{1, -1}, graph.Shape{1, 2}, []float64{0.75, 0.5}, graph.Shape{1, 2})
	// Output: [0.875]
}
