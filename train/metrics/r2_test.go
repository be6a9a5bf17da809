package metrics_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

var _ = describe(specimen{Metric: metrics.R2Score{}, Name: "r2_score", HigherIsBetter: true, Draw: drawNumbers,
	Whole: func(lines []line) float64 {
		count, sum := 0, 0.0
		for _, l := range lines {
			if l.weight > 0 {
				count++
			}
		}
		if count < 2 {
			return math.NaN()
		}
		for k := range lines[0].y {
			weight, mean, residual, squares := 0.0, 0.0, 0.0, 0.0
			for _, l := range lines {
				weight, mean = weight+l.weight, mean+l.weight*l.y[k]
			}
			mean /= weight
			equal := true
			for _, a := range lines {
				for _, b := range lines {
					equal = equal && (a.weight*b.weight == 0 || a.y[k] == b.y[k])
				}
				residual += a.weight * math.Pow(a.y[k]-a.yhat[k], 2)
				squares += a.weight * math.Pow(a.y[k]-mean, 2)
			}
			switch {
			case !equal:
				sum += 1 - residual/squares
			case residual == 0:
				sum++
			}
		}
		return sum / float64(len(lines[0].y))
	}})

// Examples of scikit-learn's documentation of r2_score, targets far from zero, and the
// cases without a definition.
func TestR2(t *testing.T) {
	for _, c := range []struct {
		shape            []int
		y, yhat, weights []float64
		want             float64
	}{
		{[]int{4}, []float64{3, -0.5, 2, 7}, []float64{2.5, 0.0, 2, 8}, nil, 0.948608137044968},
		{[]int{3}, []float64{1, 2, 3}, []float64{1, 2, 3}, nil, 1},
		{[]int{3, 1}, []float64{1, 2, 3}, []float64{2, 2, 2}, nil, 0},
		{[]int{3}, []float64{1, 2, 3}, []float64{3, 2, 1}, nil, -3},
		{[]int{3}, []float64{-2, -2, -2}, []float64{-2, -2, -2}, nil, 1},
		{[]int{3}, []float64{-2, -2, -2}, []float64{-2, -2, -2 + 1e-8}, nil, 0},
		{[]int{3}, []float64{1e9 + 1, 1e9 + 2, 1e9 + 3}, []float64{1e9 + 1, 1e9 + 2, 1e9 + 4}, nil, 0.5},
		{[]int{1}, []float64{1}, []float64{1}, nil, math.NaN()},
		{[]int{3}, []float64{1, 2, 3}, []float64{1, 2, 3}, []float64{1, 0, 0}, math.NaN()},
		{[]int{3}, []float64{1, 2, 3}, []float64{1, 2, 3}, []float64{0, 0, 0}, math.NaN()},
		{[]int{3}, []float64{1, 2, math.NaN()}, []float64{1, 2, 3}, []float64{1, 1, 0}, math.NaN()},
		{[]int{3}, []float64{1, 1, 1}, []float64{1, 2, math.NaN()}, nil, math.NaN()},
		{[]int{3}, []float64{1, 2, 3}, []float64{1, 2, math.Inf(1)}, nil, math.Inf(-1)},
	} {
		a := metrics.R2Score{}.Start()
		var weights *tensor.Dense
		if c.weights != nil {
			weights = f64([]int{len(c.weights)}, c.weights...)
		}
		if err := a.Add(f64(c.shape, c.y...), f64(c.shape, c.yhat...), weights); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); got != c.want && !near(got, c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v for %v, weights %v: got %v, want %v", c.yhat, c.y, c.weights, got, c.want)
		}
	}
	two := f64([]int{2, 1}, 1, 2)
	a := metrics.R2Score{}.Start().(metrics.StatefulAccumulator)
	if err := a.Add(two, two, nil); err != nil {
		t.Fatal(err)
	}
	wide := f64([]int{1, 2}, 1, 2)
	errtest.Check(t, a.Add(wide, wide, nil), errs.Error{Field: "output", Value: "[1, 2]"})
	for _, state := range [][]float64{nil, {1}, {1, 1, 0}, {-1, 1}, {1, -1}} {
		errtest.Check(t, a.Restore(state), errs.Error{Field: "state"})
	}
	if got := a.Result(); got != 1 {
		t.Errorf("the errors have left %v", got)
	}
}

func ExampleR2Score() {
	r2 := metrics.R2Score{}.Start()
	target := tensor.New(tensor.WithShape(4), tensor.WithBacking([]float64{3, -0.5, 2, 7}))
	output := tensor.New(tensor.WithShape(4), tensor.WithBacking([]float64{2.5, 0, 2, 8}))
	if err := r2.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", r2.Result())
	// Output: 0.9486
}
