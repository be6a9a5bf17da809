package metrics_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{Metric: metrics.Hinge{}, Name: "hinge", Line: sumOf(hingeOf), Draw: drawSigns})
	_ = describe(specimen{Metric: metrics.SquaredHinge{}, Name: "squared_hinge", Draw: drawSigns,
		Line: sumOf(func(y, p float64) float64 { return math.Pow(hingeOf(y, p), 2) })})
	_ = describe(specimen{Metric: metrics.CategoricalHinge{}, Name: "categorical_hinge", Draw: drawOneHot,
		Line: func(y, yhat []float64) (sum, count float64) {
			own, other := 0.0, 0.0 // the class itself has 0 among the others
			for k := range y {
				if y[k] == 1 {
					own = yhat[k]
				} else {
					other = math.Max(other, yhat[k])
				}
			}
			return math.Max(other-own+1, 0), 1
		}})
	_ = describe(specimen{Metric: metrics.KLDivergence{}, Name: "kl_divergence",
		Line: func(y, yhat []float64) (sum, count float64) {
			for k := range y {
				a, b := math.Max(y[k], 1e-7), math.Max(yhat[k], 1e-7)
				sum += a*math.Log(a) - a*math.Log(b)
			}
			return sum, 1
		},
		Draw: func(t *rapid.T, width int) (y, yhat []float64) { return shares(t, width), shares(t, width) }})
)

// hingeOf is 0 from a margin of 1 on.
func hingeOf(y, p float64) float64 {
	if y <= 0 {
		return math.Max(1+p, 0)
	}
	return math.Max(1-p, 0)
}

func drawSigns(t *rapid.T, width int) (y, yhat []float64) {
	for range width {
		y = append(y, rapid.SampledFrom([]float64{-1, 1}).Draw(t, "y"))
	}
	return y, exacts(t, "yhat", width)
}

// shares are probabilities that add up to 1 exactly, in 64ths.
func shares(t *rapid.T, width int) []float64 {
	out := make([]float64, width)
	left := 64
	for i := range out[1:] {
		n := rapid.IntRange(0, left).Draw(t, "share")
		out[i], left = float64(n)/64, left-n
	}
	out[width-1] = float64(left) / 64
	return out
}

// Values of Keras' documentation.
func TestHingesOfKeras(t *testing.T) {
	y, yhat := f64([]int{2, 2}, 0, 1, 0, 0), f64([]int{2, 2}, 0.6, 0.4, 0.4, 0.6)
	for _, c := range []struct {
		metric         metrics.Metric
		want, weighted float64
	}{
		{metrics.Hinge{}, 1.3, 1.1},
		{metrics.SquaredHinge{}, 1.86, 1.46},
		{metrics.CategoricalHinge{}, 1.4, 1.2},
		{metrics.KLDivergence{}, 0.45814306, 0.9162892},
	} {
		for weights, want := range map[*tensor.Dense]float64{nil: c.want, f64([]int{2}, 1, 0): c.weighted} {
			a := c.metric.Start()
			if err := a.Add(y, yhat, weights); err != nil {
				t.Fatal(err)
			}
			if got := a.Result(); math.Abs(got-want) > 2e-6 {
				t.Errorf("%s: got %v, want %v", c.metric.Name(), got, want)
			}
		}
	}
}

func TestHingesRefuse(t *testing.T) {
	for _, c := range []struct {
		metric         metrics.Metric
		target, output *tensor.Dense
		want           errs.Error
	}{
		{metrics.Hinge{}, f64([]int{1}, 0.5), f64([]int{1}, 1), errs.Error{Field: "target", Value: "0.5"}},
		{metrics.SquaredHinge{}, f64([]int{1}, 2), f64([]int{1}, 1), errs.Error{Field: "target", Value: "2"}},
		{metrics.CategoricalHinge{}, f64([]int{1, 2}, 2, 0), f64([]int{1, 2}, 1, 0), errs.Error{Field: "target", Value: "2"}},
		{metrics.CategoricalHinge{}, f64([]int{1, 1}, 1), f64([]int{1, 1}, 1), errs.Error{Field: "output", Value: "[1, 1]"}},
		{metrics.KLDivergence{}, f64([]int{1, 2}, -1, 0), f64([]int{1, 2}, 1, 0), errs.Error{Field: "target", Value: "-1"}},
		{metrics.KLDivergence{}, f64([]int{1, 2}, 1, 0), f64([]int{1, 2}, 3, 0), errs.Error{Field: "output", Value: "3"}},
		{metrics.KLDivergence{}, f64([]int{1}, 1), f64([]int{1, 2}, 1, 0), errs.Error{Field: "target", Value: "[1]"}},
	} {
		a := c.metric.Start()
		errtest.Check(t, a.Add(c.target, c.output, nil), c.want)
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("the error has left %v", got)
		}
	}
	for _, m := range []metrics.Metric{metrics.CategoricalHinge{}, metrics.KLDivergence{}} {
		a := m.Start()
		if err := a.Add(f64([]int{1, 2}, 1, 0), f64([]int{1, 2}, math.NaN(), 0), f64([]int{1}, 0)); err != nil || !math.IsNaN(a.Result()) {
			t.Errorf("%s of NaN: %v, %v", m.Name(), a.Result(), err)
		}
	}
}

func ExampleHinge() {
	fmt.Println(measured(metrics.Hinge{}, []float64{-1, 1}, []float64{-3, 0.5}))
	// Output: hinge: 0.25
}

func ExampleSquaredHinge() {
	fmt.Println(measured(metrics.SquaredHinge{}, []float64{-1, 1}, []float64{-3, 0.5}))
	// Output: squared_hinge: 0.125
}

func ExampleCategoricalHinge() {
	fmt.Println(measured(metrics.CategoricalHinge{}, []float64{0, 1, 0}, []float64{1, 1.5, -2}))
	// Output: categorical_hinge: 0.5
}

func ExampleKLDivergence() {
	fmt.Println(measured(metrics.KLDivergence{}, []float64{0.5, 0.5}, []float64{0.25, 0.75}))
	// Output: kl_divergence: 0.1438
}
