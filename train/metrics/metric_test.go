package metrics_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// regressions are the metrics whose targets and outputs are any numbers.
var regressions = []metrics.Metric{metrics.RMSE{}, metrics.MSE{}, metrics.MAE{}, metrics.MAPE{}, metrics.SMAPE{},
	metrics.MSLE{}, metrics.LogCosh{}, metrics.Poisson{}, metrics.MASE{Scale: 2}}

func f64(shape []int, data ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func f32(shape []int, data ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Max(1, math.Abs(b)) }

// Transposed and sliced tensors are read in the order of their elements.
func TestViews(t *testing.T) {
	y := f64([]int{3, 2}, 1, 4, 2, 5, 3, 6)
	if err := y.T(); err != nil {
		t.Fatal(err)
	}
	whole := f64([]int{2, 4}, 1, 2, 4, 0, 4, 5, 9, 0)
	cut, err := whole.Slice(nil, tensor.S(0, 3))
	if err != nil {
		t.Fatal(err)
	}
	all := f64([]int{3}, 0, 1, 3)
	weights, err := all.Slice(tensor.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	a := metrics.MAE{}.Start()
	if err := a.Add(y, cut.(*tensor.Dense), weights.(*tensor.Dense)); err != nil {
		t.Fatal(err)
	}
	if got, want := a.Result(), (1.0*1+3*3)/12; !near(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNothingIsNaN(t *testing.T) {
	for _, metric := range regressions {
		a := metric.Start()
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("%s of nothing: got %v", metric.Name(), got)
		}
		if err := a.Add(f64([]int{2}, 1, 2), f64([]int{2}, 3, 4), f64([]int{2}, 0, 0)); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("%s of what weighs nothing: got %v", metric.Name(), got)
		}
	}
}

func TestPassesOnWhatIsNotFinite(t *testing.T) {
	for _, metric := range regressions {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			a := metric.Start()
			if err := a.Add(f64([]int{2}, 1, 2), f64([]int{2}, bad, 2), f64([]int{2}, 0, 1)); err != nil {
				t.Fatal(err)
			}
			if got := a.Result(); got-got == 0 {
				t.Errorf("%s of %v: got %v", metric.Name(), bad, got)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	two := f64([]int{2}, 1, 2)
	ints := tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 2}))
	for _, c := range []struct {
		target, output, weights *tensor.Dense
		want                    errs.Error
	}{
		{nil, two, nil, errs.Error{Field: "target"}},
		{two, nil, nil, errs.Error{Field: "output"}},
		{ints, ints, nil, errs.Error{Field: "output", Value: "int"}},
		{f32([]int{2}, 1, 2), two, nil, errs.Error{Field: "target", Value: "float32"}},
		{two, f64([]int{2, 1}, 1, 2), nil, errs.Error{Field: "target", Value: "[2]"}},
		{f64([]int{1}, 1), two, nil, errs.Error{Field: "target", Value: "[1]"}},
		{tensor.New(tensor.FromScalar(1.0)), tensor.New(tensor.FromScalar(1.0)), nil, errs.Error{Field: "output", Value: "[]"}},
		{two, two, f64([]int{3}, 1, 1, 1), errs.Error{Field: "shape", Value: "[3]"}},
		{two, two, f64([]int{2, 1}, 1, 1), errs.Error{Field: "shape", Value: "[2, 1]"}},
		{two, two, f32([]int{2}, 1, 1), errs.Error{Field: "dtype", Value: "float32"}},
		{two, two, f64([]int{2}, 1, -1), errs.Error{Field: "weights", Value: "-1"}},
		{f32([]int{1}, 1), f32([]int{1}, 1), f32([]int{1}, -0.5), errs.Error{Field: "weights", Value: "-0.5"}},
		{two, two, f64([]int{2}, 1, math.NaN()), errs.Error{Field: "element [1]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{two, two, f64([]int{2}, math.Inf(1), 1), errs.Error{Field: "element [0]", Value: "+Inf", Kind: graph.ErrNotFinite}},
	} {
		for _, metric := range regressions {
			a := metric.Start()
			if err := a.Add(f64([]int{1}, 1), f64([]int{1}, 3), nil); err != nil {
				t.Fatal(err)
			}
			before := a.Result()
			err := a.Add(c.target, c.output, c.weights)
			errtest.Check(t, err, c.want)
			if got := a.Result(); got != before {
				t.Errorf("%s: after %v: got %v, want %v", metric.Name(), err, got, before)
			}
		}
	}
}

// What a saved sum cannot be is refused and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	a := metrics.MAE{}.Start().(metrics.StatefulAccumulator)
	if err := a.Add(f64([]int{1}, 1), f64([]int{1}, 3), nil); err != nil {
		t.Fatal(err)
	}
	for _, state := range [][]float64{nil, {1}, {1, 2, 3}, {1, -1}, {1, math.NaN()}} {
		errtest.Check(t, a.Restore(state), errs.Error{Field: "state"})
		if got := a.Result(); got != 2 {
			t.Errorf("after %v: %v", state, got)
		}
	}
}
