package forecast

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/optimizers"
)

// autoregressive is a series x(t) = 0.8·x(t−1) + scale(t)·e(t) with normal e.
func autoregressive(n int, scale func(t int) float64) *datasets.Series {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, n)
	for t := 1; t < n; t++ {
		x[t] = 0.8*x[t-1] + scale(t)*r.NormFloat64()
	}
	return datasets.FromSlice("x", x)
}

// bursts is a series of counts: a mean that follows a cycle, with more variance than Poisson's.
func bursts(n int) *datasets.Series {
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float64, n)
	for t := range x {
		mean := (8 + 6*math.Sin(float64(t)/6)) * (0.5 + r.ExpFloat64()/2)
		for p := r.Float64(); p > math.Exp(-mean); p *= r.Float64() {
			x[t]++
		}
	}
	return datasets.FromSlice("x", x)
}

// TestCoverage trains and calibrates on the first 8,000 of 10,000 rows. The interval of 80 % must
// hold 77 to 83 % of the values of the others. Many counts lie on its ends, so that each end is
// checked by itself, with them and without. With the 2,000 rows of the validation part, the deviation of this share is about 1 %.
func TestCoverage(t *testing.T) {
	const n, train, horizon = 10_000, 8_000, 2
	constant := autoregressive(n, func(int) float64 { return 1 })
	changing := autoregressive(n, func(t int) float64 { return 1.2 + math.Sin(float64(t)/5) })
	for _, c := range []struct {
		head   Head
		series map[string]*datasets.Series
	}{
		{Point{}, map[string]*datasets.Series{"constant": constant, "changing": changing}},
		{Quantiles{}, map[string]*datasets.Series{"constant": constant, "changing": changing}},
		{Gaussian{}, map[string]*datasets.Series{"constant": constant, "changing": changing}},
		{StudentT{}, map[string]*datasets.Series{"constant": constant, "changing": changing}},
		{NegativeBinomial{}, map[string]*datasets.Series{"counts": bursts(n)}},
	} {
		for name, s := range c.series {
			t.Run(fmt.Sprintf("%T of %s", c.head, name), func(t *testing.T) {
				ctx := context.Background()
				config := Config{Horizon: horizon, Steps: 8, Validation: 0.25, Season: 1, Head: c.head, Epochs: 3, BatchSize: 64, Network: networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 6}}}}
				learned, err := s.Slice(0, train)
				if err != nil {
					t.Fatal(err)
				}
				f, parts, err := prepare(config, []*datasets.Series{learned}, false)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.train(ctx, parts, nil); err != nil {
					t.Fatal(err)
				}
				if err := f.predictor.calibrate(ctx, places(parts, part.calibrated, mostCalibrated)); err != nil {
					t.Fatal(err)
				}
				tracks, err := f.known(s, train)
				if err != nil {
					t.Fatal(err)
				}
				var at []place
				for row := train - 1; row < n-horizon; row++ {
					at = append(at, place{tracks[0], row})
				}
				forecasts, err := f.predictor.predict(ctx, at)
				if err != nil {
					t.Fatal(err)
				}
				for h := range horizon {
					var below, upTo [3]float64 // shares of the values below a quantile, and with those on it
					lowest := math.Inf(1)
					for i, p := range at {
						y := s.Values[0][p.row+1+h]
						for l, q := range forecasts[i][0].quantiles {
							lowest = min(lowest, q[h])
							if y < q[h] {
								below[l] += 1 / float64(len(at))
							}
							if y <= q[h] {
								upTo[l] += 1 / float64(len(at))
							}
						}
					}
					if inside := upTo[2] - below[0]; name != "counts" && (inside < 0.77 || inside > 0.83) {
						t.Errorf("row %d: %.3f of the values lie inside", h+1, inside)
					}
					for l, p := range f.predictor.levels {
						if name == "counts" && (below[l] > p+0.03 || upTo[l] < p-0.03) {
							t.Errorf("row %d: %.3f of the values lie below the quantile of %v, %.3f with those on it", h+1, below[l], p, upTo[l])
						}
					}
					if name == "counts" && lowest < 0 {
						t.Errorf("row %d: a quantile of counts is %v", h+1, lowest)
					}
				}
			})
		}
	}
}

// TestConformalOfFewWindows takes residuals of the naive method on random walks. Their windows
// overlap, and a validation part has few of them. The next value must lie outside a quantile of
// 10 % or 90 % in 10 % of the cases; the deviation of this share is about 0.5 %.
func TestConformalOfFewWindows(t *testing.T) {
	const walks = 4000
	for _, c := range []struct{ horizon, windows int }{{1, 10}, {1, 60}, {6, 40}, {6, 200}, {12, 80}, {48, 500}} {
		r := rand.New(rand.NewPCG(5, uint64(c.horizon*1000+c.windows)))
		for _, level := range []float64{0.1, 0.9} {
			below := 0.0
			for range walks {
				x := make([]float64, c.windows+2*c.horizon)
				for i := 1; i < len(x); i++ {
					x[i] = x[i-1] + r.NormFloat64()
				}
				track, residuals, places := &track{}, []float64{}, []place{}
				for row := range c.windows {
					residuals, places = append(residuals, x[row+c.horizon]-x[row]), append(places, place{track, row})
				}
				from := c.windows + c.horizon - 1 // the first row after those that calibrate
				if x[from+c.horizon]-x[from] < conformal(residuals, level, independentErrors(places, c.horizon)) {
					below += 1.0 / walks
				}
			}
			if math.Abs(below-level) > 0.015 {
				t.Errorf("horizon %d, %d windows: %.3f lie below the quantile of %v", c.horizon, c.windows, below, level)
			}
		}
	}
}

// TestIntervalAroundABiasedForecast has a network that is too low on all rows of a short
// validation part. The interval still goes to both sides of the forecast.
func TestIntervalAroundABiasedForecast(t *testing.T) {
	values := make([]float64, 60)
	for i := range values {
		values[i] = float64(i) + 0.3*math.Sin(float64(i*i))
	}
	config := Config{Horizon: 3, Steps: 4, Head: Point{}, Network: networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 1}}},
		Optimizer: optimizers.SGD{LearningRate: 1e-30}, Epochs: 1, Normalize: NormalizeLast} // repeats the last value
	f, err := Fit(context.Background(), config, datasets.FromSlice("x", values))
	if err != nil {
		t.Fatal(err)
	}
	next, err := f.Forecast(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for h, v := range next[0].Targets[0].Values {
		q := next[0].Targets[0].Quantiles
		if low, high := v-q[0][h], q[2][h]-v; !(low > 0.5 && math.Abs(low-high) < 1e-6) {
			t.Errorf("row %d: the interval goes from %v to %v around %v", h+1, q[0][h], q[2][h], v)
		}
	}
}

// TestFewWindowsNarrowNothing has quantiles that are wide enough, in a short validation part: they stay.
// A level without an opposite one moves outwards alone.
func TestFewWindowsNarrowNothing(t *testing.T) {
	values := make([]float64, 30)
	for i := range values {
		values[i] = float64(i % 2)
	}
	tr := &track{layout: layout{Targets: []string{"x"}}, columns: []*column{{raw: values, fitted: unscaled{}}}}
	var at []place
	for row := range 20 {
		at = append(at, place{tr, row})
	}
	p := &predictor{horizon: 1, levels: []float64{0.1, 0.5, 0.6, 0.9}}
	forecasts := make([][]predicted, len(at))
	for i := range forecasts {
		forecasts[i] = []predicted{{values: []float64{0.5}, quantiles: [][]float64{{-9}, {0.5}, {0.7}, {9}}, factor: 1}}
	}
	moves := p.moves(at, forecasts)
	if moves[0][0] != 0 || moves[1][0] != 0 || moves[3][0] != 0 || !(moves[2][0] > 0) {
		t.Errorf("moves %v", moves)
	}
}

// unscaled is a transform that changes nothing.
type unscaled struct{}

func (unscaled) Do(_, v float64) float64   { return v }
func (unscaled) Undo(_, v float64) float64 { return v }
