package metrics_test

import (
	"errors"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var all = []metrics.Metric{metrics.RMSE{}, metrics.MSE{}, metrics.MAE{}, metrics.MAPE{}}

// plain are the same metrics, from the definition, over all elements at once.
var plain = map[string]func(y, yhat, w []float64) float64{
	"rmse": func(y, yhat, w []float64) float64 {
		return math.Sqrt(mean(y, yhat, w, func(y, p float64) float64 { return math.Pow(y-p, 2) }))
	},
	"mse": func(y, yhat, w []float64) float64 {
		return mean(y, yhat, w, func(y, p float64) float64 { return math.Pow(y-p, 2) })
	},
	"mae": func(y, yhat, w []float64) float64 {
		return mean(y, yhat, w, func(y, p float64) float64 { return math.Abs(y - p) })
	},
	"mape": func(y, yhat, w []float64) float64 {
		return 100 * mean(y, yhat, w, func(y, p float64) float64 { return math.Abs(y-p) / math.Max(math.Abs(y), 1e-7) })
	},
}

func mean(y, yhat, w []float64, f func(y, p float64) float64) float64 {
	sum, total := 0.0, 0.0
	for i := range y {
		sum += w[i] * f(y[i], yhat[i])
		total += w[i]
	}
	return sum / total
}

func f64(shape []int, data ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func f32(shape []int, data ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Max(1, math.Abs(b)) }

func TestKnownValues(t *testing.T) {
	y, yhat := []float64{1, -2, 4, 0.5}, []float64{2, -2, 1, 0}
	for _, c := range []struct {
		metric                metrics.Metric
		name                  string
		want, weighted, small float64 // small: of targets 0 beside outputs 0.25
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

// Cut into batches in any way, weighted or not, in both dtypes, the value is
// that of the whole.
func TestAnyBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples, features := rapid.IntRange(1, 40).Draw(t, "samples"), rapid.IntRange(1, 3).Draw(t, "features")
		single, weighted := rapid.Bool().Draw(t, "float32"), rapid.Bool().Draw(t, "weighted")
		numbers := func(label string, n int, low float64) []float64 {
			out := rapid.SliceOfN(rapid.Float64Range(low, 100), n, n).Draw(t, label)
			for i, x := range out {
				if single {
					out[i] = float64(float32(x))
				}
			}
			return out
		}
		y, yhat := numbers("y", samples*features, -100), numbers("yhat", samples*features, -100)
		w := numbers("w", samples, 0)
		w[0]++ // so that not all are 0
		if single {
			w[0] = float64(float32(w[0]))
		}
		part := func(data []float64, shape ...int) *tensor.Dense {
			if !single {
				return f64(shape, data...)
			}
			out := make([]float32, len(data))
			for i, x := range data {
				out[i] = float32(x)
			}
			return f32(shape, out...)
		}
		each := make([]float64, len(y))
		for i := range each {
			each[i] = 1
			if weighted {
				each[i] = w[i/features]
			}
		}
		cuts := rapid.SliceOfN(rapid.IntRange(1, samples), 0, 10).Draw(t, "batches")
		for _, metric := range all {
			a := metric.Start()
			for from, k := 0, 0; from < samples; k++ {
				to := samples
				if k < len(cuts) {
					to = min(to, from+cuts[k])
				}
				var weights *tensor.Dense
				if weighted {
					weights = part(w[from:to], to-from)
				}
				if err := a.Add(part(y[from*features:to*features], to-from, features),
					part(yhat[from*features:to*features], to-from, features), weights); err != nil {
					t.Fatal(err)
				}
				from = to
			}
			if got, want := a.Result(), plain[metric.Name()](y, yhat, each); !near(got, want) {
				t.Fatalf("%s: got %v, want %v", metric.Name(), got, want)
			}
		}
	})
}

// Transposed and sliced tensors are read as what they show.
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

func TestDirections(t *testing.T) {
	for metric, want := range map[metrics.Metric]bool{
		metrics.MSE{}: false, metrics.RMSE{}: false, metrics.MAE{}: false, metrics.MAPE{}: false,
		metrics.Accuracy{}: true, metrics.BinaryAccuracy{}: true, metrics.CategoricalAccuracy{}: true, metrics.SparseCategoricalAccuracy{}: true,
	} {
		if got := metric.HigherIsBetter(); got != want {
			t.Errorf("%s: got %v, want %v", metric.Name(), got, want)
		}
	}
}

func TestNothingIsNaN(t *testing.T) {
	for _, metric := range all {
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
	for _, metric := range all {
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
		want                    string
		kind                    error
	}{
		{nil, two, nil, "target must not be nil", graph.ErrInput},
		{two, nil, nil, "output must not be nil", graph.ErrInput},
		{ints, ints, nil, "output must be of dtype float32 or float64, got int", graph.ErrInput},
		{f32([]int{2}, 1, 2), two, nil, "target must be of the output's dtype float64, got float32", graph.ErrInput},
		{two, f64([]int{2, 1}, 1, 2), nil, "target must have the shape of the output, [2, 1], got [2]", graph.ErrInput},
		{f64([]int{1}, 1), two, nil, "target must have the shape of the output, [2], got [1]", graph.ErrInput},
		{tensor.New(tensor.FromScalar(1.0)), tensor.New(tensor.FromScalar(1.0)), nil, "output must have samples, got []", graph.ErrInput},
		{two, two, f64([]int{3}, 1, 1, 1), "weights: shape must be [2], got [3]", graph.ErrInput},
		{two, two, f64([]int{2, 1}, 1, 1), "weights: shape must be [2], got [2, 1]", graph.ErrInput},
		{two, two, f32([]int{2}, 1, 1), "weights: dtype must be float64, got float32", graph.ErrInput},
		{two, two, f64([]int{2}, 1, -1), "weights must not be negative, got -1", graph.ErrInput},
		{f32([]int{1}, 1), f32([]int{1}, 1), f32([]int{1}, -0.5), "weights must not be negative, got -0.5", graph.ErrInput},
		{two, two, f64([]int{2}, 1, math.NaN()), "weights: element [1] must be finite, got NaN", graph.ErrNotFinite},
		{two, two, f64([]int{2}, math.Inf(1), 1), "weights: element [0] must be finite, got +Inf", graph.ErrNotFinite},
	} {
		for _, metric := range all {
			a := metric.Start()
			if err := a.Add(f64([]int{1}, 1), f64([]int{1}, 3), nil); err != nil {
				t.Fatal(err)
			}
			before := a.Result()
			err := a.Add(c.target, c.output, c.weights)
			var e graph.Error
			if err == nil || err.Error() != c.want || !errors.As(err, &e) || !errors.Is(err, c.kind) {
				t.Errorf("%s: got %v, want %s", metric.Name(), err, c.want)
			}
			if got := a.Result(); got != before {
				t.Errorf("%s: after %v: got %v, want %v", metric.Name(), err, got, before)
			}
		}
	}
}
