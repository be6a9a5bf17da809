package metrics_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

var _ = describe(specimen{Metric: metrics.MASE{}, Name: "mase", Config: metrics.MASE{Scale: 0.75}, Draw: drawNumbers,
	Line: sumOf(func(y, p float64) float64 { return math.Abs(y-p) / 0.75 }),
	Bad:  map[string]metrics.Metric{"Scale": metrics.MASE{}}})

// Naive forecasts of one, two and four steps before, by hand.
func TestNaiveScale(t *testing.T) {
	series := []float64{3, -1, 0.5, 2, 7}
	for period, want := range map[int]float64{1: (4 + 1.5 + 1.5 + 5) / 4, 2: (2.5 + 3 + 6.5) / 3, 4: 4} {
		if got, err := metrics.NaiveScale(series, period); err != nil || !near(got, want) {
			t.Errorf("period %d: got %v, %v, want %v", period, got, err, want)
		}
	}
	for _, c := range []struct {
		series []float64
		period int
		want   errs.Error
	}{
		{series, 0, errs.Error{Field: "period", Value: "0"}},
		{series, 5, errs.Error{Field: "period", Value: "5"}},
		{nil, 1, errs.Error{Field: "period", Value: "1"}},
		{[]float64{1, math.NaN()}, 1, errs.Error{Field: "series[1]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{[]float64{1, 2, 1, 2}, 2, errs.Error{Field: "series", Value: "0"}},
		{[]float64{-math.MaxFloat64, math.MaxFloat64}, 1, errs.Error{Field: "series", Value: "+Inf"}},
	} {
		_, err := metrics.NaiveScale(c.series, c.period)
		errtest.Check(t, err, c.want)
	}
}

func ExampleMASE() {
	// The training series changes by 2 on average.
	scale, err := metrics.NaiveScale([]float64{10, 12, 11, 14}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	mase := metrics.MASE{Scale: scale}.Start()
	target := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{15, 13}))
	output := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{14, 14}))
	if err := mase.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mase.Result())
	// Output: 0.5
}
