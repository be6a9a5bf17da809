package metrics_test

import (
	"fmt"

	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// measured is the metric of one batch, for the examples.
func measured(m metrics.Metric, target, output []float64) string {
	a := m.Start()
	y := tensor.New(tensor.WithShape(1, len(target)), tensor.WithBacking(target))
	yhat := tensor.New(tensor.WithShape(1, len(output)), tensor.WithBacking(output))
	if err := a.Add(y, yhat, nil); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s: %.4g", m.Name(), a.Result())
}

func ExampleMAPE() {
	fmt.Println(measured(metrics.MAPE{}, []float64{100, 200}, []float64{110, 200}))
	// Output: mape: 5
}

// The two errors of MAPE are 50 and 100 percent, these are equal.
func ExampleSMAPE() {
	fmt.Println(measured(metrics.SMAPE{}, []float64{100, 200}, []float64{200, 100}))
	// Output: smape: 66.67
}

func ExampleMSLE() {
	fmt.Println(measured(metrics.MSLE{}, []float64{9, 99}, []float64{99, 99}))
	// Output: msle: 2.651
}

func ExampleLogCosh() {
	fmt.Println(measured(metrics.LogCosh{}, []float64{0, 0}, []float64{0.01, 10}))
	// Output: logcosh: 4.653
}

func ExamplePoisson() {
	fmt.Println(measured(metrics.Poisson{}, []float64{2, 0}, []float64{2, 1}))
	// Output: poisson: 0.8069
}

func ExampleCosineSimilarity() {
	fmt.Println(measured(metrics.CosineSimilarity{}, []float64{1, 1}, []float64{0, 3}))
	// Output: cosine_similarity: 0.7071
}

func ExampleMSE() {
	fmt.Println(measured(metrics.MSE{}, []float64{1, 2}, []float64{4, 3}))
	// Output: mse: 5
}

func ExampleMAE() {
	fmt.Println(measured(metrics.MAE{}, []float64{1, 2}, []float64{4, 3}))
	// Output: mae: 2
}

func ExampleRMSE() {
	fmt.Println(measured(metrics.RMSE{}, []float64{1, 2}, []float64{4, 3}))
	// Output: rmse: 2.236
}
