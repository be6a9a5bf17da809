package metrics_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{Metric: metrics.MSE{}, Name: "mse", Line: sumOf(func(y, p float64) float64 { return math.Pow(y-p, 2) }), Draw: drawNumbers})
	_ = describe(specimen{Metric: metrics.RMSE{}, Name: "rmse", Line: sumOf(func(y, p float64) float64 { return math.Pow(y-p, 2) }), Finish: math.Sqrt, Draw: drawNumbers})
	_ = describe(specimen{Metric: metrics.MAE{}, Name: "mae", Line: sumOf(func(y, p float64) float64 { return math.Abs(y - p) }), Draw: drawNumbers})
	_ = describe(specimen{Metric: metrics.MAPE{}, Name: "mape", Line: sumOf(func(y, p float64) float64 { return 100 * math.Abs(y-p) / math.Max(math.Abs(y), 1e-7) }), Draw: drawNumbers})
	_ = describe(specimen{Metric: metrics.SMAPE{}, Name: "smape", Draw: drawNumbers,
		Line: sumOf(func(y, p float64) float64 {
			if y == 0 && p == 0 {
				return 0
			}
			return 100 * math.Abs(y-p) / ((math.Abs(y) + math.Abs(p)) / 2)
		})})
	_ = describe(specimen{Metric: metrics.MSLE{}, Name: "msle",
		Draw: func(t *rapid.T, width int) (y, yhat []float64) {
			y, yhat = drawNumbers(t, width)
			for i := range y {
				y[i] = math.Abs(y[i])
			}
			return y, yhat
		},
		Line: sumOf(func(y, p float64) float64 {
			return math.Pow(math.Log(1+math.Max(y, 1e-7))-math.Log(1+math.Max(p, 1e-7)), 2)
		})})
	_ = describe(specimen{Metric: metrics.LogCosh{}, Name: "logcosh", Draw: drawNumbers,
		Line: sumOf(func(y, p float64) float64 { return math.Log(math.Cosh(p - y)) })})
	_ = describe(specimen{Metric: metrics.Poisson{}, Name: "poisson",
		Line: sumOf(func(y, p float64) float64 { return p - y*math.Log(p+1e-7) }),
		Draw: func(t *rapid.T, width int) (y, yhat []float64) {
			for range width {
				y = append(y, float64(rapid.IntRange(0, 5).Draw(t, "y")))
				yhat = append(yhat, math.Abs(exact(t, "yhat")))
			}
			return y, yhat
		}})
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
		{metrics.SMAPE{}, "smape", 100 * (2.0/3 + 6.0/5 + 2) / 4, 100 * (2*2.0/3 + 0.5*(6.0/5+2)) / 5, 200},
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

// Values that Keras' documentation gives, with 4 or more digits.
func TestRegressionsOfKeras(t *testing.T) {
	y, yhat := f64([]int{2, 2}, 0, 1, 0, 0), f64([]int{2, 2}, 1, 1, 0, 0)
	for _, c := range []struct {
		metric         metrics.Metric
		want, weighted float64
	}{
		{metrics.MSLE{}, 0.12011322, 0.24022643},
		{metrics.LogCosh{}, 0.108445205, 0.21689041},
		{metrics.Poisson{}, 0.49999997, 0.99999994},
	} {
		for weights, want := range map[*tensor.Dense]float64{nil: c.want, f64([]int{2}, 1, 0): c.weighted} {
			a := c.metric.Start()
			if err := a.Add(y, yhat, weights); err != nil {
				t.Fatal(err)
			}
			if got := a.Result(); math.Abs(got-want) > 1e-7 {
				t.Errorf("%s: got %v, want %v", c.metric.Name(), got, want)
			}
		}
	}
}

// The logarithm of cosh(1000) is finite, though cosh(1000) is not. Large errors of the
// others stay what they are.
func TestRegressionsOfLargeNumbers(t *testing.T) {
	for _, c := range []struct {
		metric metrics.Metric
		want   float64
	}{
		{metrics.LogCosh{}, 1000 - math.Ln2},
		{metrics.SMAPE{}, 200},
		{metrics.MSLE{}, math.Pow(math.Log(1001)-math.Log(1+1e-7), 2)},
		{metrics.Poisson{}, 1000},
	} {
		a := c.metric.Start()
		if err := a.Add(f64([]int{1}, 0), f64([]int{1}, 1000), nil); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); !near(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.metric.Name(), got, c.want)
		}
	}
	a := metrics.LogCosh{}.Start()
	if err := a.Add(f64([]int{1}, 0), f64([]int{1}, 1e-10), nil); err != nil || math.Abs(a.Result()-5e-21) > 1e-30 {
		t.Errorf("a small error: %v, %v", a.Result(), err)
	}
}

func TestRegressionsRefuse(t *testing.T) {
	for _, c := range []struct {
		metric         metrics.Metric
		target, output float64
		field          string
	}{
		{metrics.MSLE{}, -1, 1, "target"},
		{metrics.Poisson{}, -1, 1, "target"},
		{metrics.Poisson{}, 1, -1, "output"},
	} {
		a := c.metric.Start()
		errtest.Check(t, a.Add(f64([]int{1}, c.target), f64([]int{1}, c.output), nil), errs.Error{Field: c.field, Value: "-1"})
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("the error has left %v", got)
		}
	}
}
