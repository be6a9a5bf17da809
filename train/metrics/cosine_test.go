package metrics_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
)

var _ = describe(specimen{Metric: metrics.CosineSimilarity{}, Name: "cosine_similarity", HigherIsBetter: true, Draw: drawNumbers,
	Line: func(y, yhat []float64) (sum, count float64) {
		a, b, dot := 0.0, 0.0, 0.0
		for k := range y {
			a, b, dot = a+y[k]*y[k], b+yhat[k]*yhat[k], dot+y[k]*yhat[k]
		}
		if a*b == 0 {
			return 0, 1
		}
		return dot / math.Sqrt(a*b), 1
	}})

// The value of Keras' documentation; lengths whose squares overflow, or that are below 1e-7; and what
// is not finite.
func TestCosineSimilarity(t *testing.T) {
	for _, c := range []struct {
		y, yhat []float64
		want    float64
	}{
		{[]float64{0, 1, 1, 1}, []float64{1, 0, 1, 1}, 0.49999999999999994},
		{[]float64{1e200, 1e200}, []float64{1e200, 0}, math.Sqrt(0.5)},
		{[]float64{1e-200, 1e-200}, []float64{-1, 0}, 0},
		{[]float64{1e-8, 0}, []float64{-1e-8, 0}, -0.01},
		{[]float64{0, 0}, []float64{math.Inf(1), 0}, math.NaN()},
		{[]float64{math.NaN(), 0}, []float64{0, 0}, math.NaN()},
		{[]float64{1, 1}, []float64{math.Inf(1), 0}, math.NaN()},
	} {
		a := metrics.CosineSimilarity{}.Start()
		n := len(c.y) / 2
		if err := a.Add(f64([]int{n, 2}, c.y...), f64([]int{n, 2}, c.yhat...), nil); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); !near(got, c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v and %v: got %v, want %v", c.y, c.yhat, got, c.want)
		}
	}
	errtest.Check(t, metrics.CosineSimilarity{}.Start().Add(f64([]int{2}, 1, 0), f64([]int{2}, 1, 0), nil), errs.Error{Field: "output", Value: "[2]"})
}
