package metrics_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/train/metrics"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{Metric: metrics.MSE{}, Name: "mse", Line: sumOf(func(y, p float64) float64 { return math.Pow(y-p, 2) }), Draw: drawNumbers})
	_ = describe(specimen{Metric: metrics.RMSE{}, Name: "rmse", Line: sumOf(func(y, p float64) float64 { return math.Pow(y-p, 2) }), Finish: math.Sqrt, Draw: drawNumbers})
	_ = describe(specimen{Metric: metrics.MAE{}, Name: "mae", Line: sumOf(func(y, p float64) float64 { return math.Abs(y - p) }), Draw: drawNumbers})
	_ = describe(specimen{Metric: metrics.MAPE{}, Name: "mape", Line: sumOf(func(y, p float64) float64 { return 100 * math.Abs(y-p) / math.Max(math.Abs(y), 1e-7) }), Draw: drawNumbers})
)

// sumOf adds up a function of each element and its target.
func sumOf(f func(y, yhat float64) float64) func(y, yhat []float64) (sum, count float64) {
	return func(y, yhat []float64) (sum, count float64) {
		for i := range y {
			sum += f(y[i], yhat[i])
		}
		return sum, float64(len(y))
	}
}

func drawNumbers(t *rapid.T, width int) (y, yhat []float64) {
	return exacts(t, "y", width), exacts(t, "yhat", width)
}

func TestKnownValues(t *testing.T) {
	y, yhat := []float64{1, -2, 4, 0.5}, []float64{2, -2, 1, 0}
	for _, c := range []struct {
		metric                metrics.Metric
		name                  string
		want, weighted, small float64 // small: of targets 0 and outputs 0.25
	}{
		{metrics.MSE{}, "mse", 10.25 / 4, (2*1 + 0.5*9.25) / 5, 0.0625},
		{metrics.RMSE{}, "rmse", math.Sqrt(10.25 / 4), math.Sqrt((2*1 + 0.5*9.25) / 5), 0.25},
		{metrics.MAE{}, "mae", 4.5 / 4, (2*1 + 0.5*3.5) / 5, 0.25},
		{metrics.MAPE{}, "mape", 100 * 2.75 / 4, 100 * (2*1 + 0.5*1.75) / 5, 2.5e8},
	} {
		if got := c.metric.Name(); got != c.name {
			t.Errorf("name: got %s, want %s", got, c.name)
		}
		for _, shape := range [][]int{{4}, {4, 1}, {2, 2}, {2, 1, 2}} {
			a := c.metric.Start()
			if err := a.Add(f64(shape, y...), f64(shape, yhat...), nil); err != nil {
				t.Fatal(err)
			}
			if got := a.Result(); !near(got, c.want) {
				t.Errorf("%s of %v: got %v, want %v", c.name, shape, got, c.want)
			}
		}
		a := c.metric.Start()
		if err := a.Add(f32([]int{2, 2}, 1, -2, 4, 0.5), f32([]int{2, 2}, 2, -2, 1, 0), f32([]int{2}, 2, 0.5)); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); !near(got, c.weighted) {
			t.Errorf("%s, weighted: got %v, want %v", c.name, got, c.weighted)
		}
		a = c.metric.Start()
		if err := a.Add(f64([]int{2}, 0, 0), f64([]int{2}, 0.25, 0.25), nil); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); !near(got, c.small) {
			t.Errorf("%s of zeros: got %v, want %v", c.name, got, c.small)
		}
	}
}
