package forecast_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/forecast"
)

// path is what a forecaster of copies{Column: −1, Add: add} must forecast of one column,
// block by block, computed without the package: the newest transformed and normalised value,
// plus add, for each row of a block. A missing value is the one before it, or with a lag the one
// that means no change; it does not count in the scale of a window.
func path(t testing.TB, values []float64, train int, transform datasets.Transform, normalize forecast.Normalize, steps, horizon, block int, add float64) []float64 {
	fitted, err := transform.Fit(values[:train])
	if err != nil {
		t.Fatal(err)
	}
	known := append([]float64{}, values...)
	lag := transform.Lag()
	missing := func(i int) bool { return i >= 0 && i < len(values) && math.IsNaN(values[i]) }
	for i, v := range known {
		if math.IsNaN(v) {
			known[i] = known[i-max(lag, 1)]
		}
	}
	before := func(i int) float64 {
		if lag == 0 {
			return 0
		}
		return known[i-lag]
	}
	for len(known) < len(values)+horizon {
		n := len(known)
		var window []float64 // known values
		sum, size, last := 0.0, 0.0, 0.0
		for i := n - steps; i < n; i++ {
			last = fitted.Do(before(i), known[i])
			if !missing(i) && (lag == 0 || !missing(i-lag)) {
				window, sum, size = append(window, last), sum+last, size+math.Abs(last)
			}
		}
		count := float64(len(window))
		shift, factor := 0.0, 1.0
		switch normalize {
		case forecast.NormalizeLast:
			shift = window[len(window)-1]
		case forecast.NormalizeMean:
			factor = size / count
		case forecast.NormalizeStandard:
			shift = sum / count
			squares := 0.0
			for _, z := range window {
				squares += (z - shift) * (z - shift)
			}
			factor = math.Sqrt(squares / count)
		}
		y := ((last-shift)/factor+add)*factor + shift
		for range block {
			known = append(known, fitted.Undo(before(len(known)), y))
		}
	}
	return known[len(values) : len(values)+horizon]
}

var transforms = map[string]datasets.Transform{
	"None": datasets.None{}, "MinMax": datasets.MinMax{}, "Standard": datasets.Standard{}, "Log": datasets.Log{},
	"Difference": datasets.Difference{}, "LogReturn": datasets.LogReturn{},
	"SeasonalDifference": datasets.SeasonalDifference{Period: 3}, "SeasonalLogReturn": datasets.SeasonalLogReturn{Period: 5},
}

// TestPath compares forecasts with path: for every transform and normalisation, several
// horizons and blocks, one target, several, and several as series of their own.
func TestPath(t *testing.T) {
	a, b := walk("a", 60, 1), walk("b", 60, 2)
	both := table(t, "both", []string{"a", "b"}, a.Values[0], b.Values[0])
	gaps := clone(both)
	for _, r := range []int{20, 21, 56, 59} {
		gaps.Values[r%2][r] = math.NaN()
	}
	gaps.Values[0][57] = math.NaN()
	for name, transform := range transforms {
		for _, normalize := range []forecast.Normalize{forecast.NormalizeNone, forecast.NormalizeLast, forecast.NormalizeMean, forecast.NormalizeStandard} {
			for i, c := range []struct {
				horizon, block int
				series         *datasets.Series
			}{{1, 1, both}, {4, 4, both}, {7, 1, both}, {7, 3, both}, {6, 5, both}, {7, 3, gaps}, {4, 4, gaps}} {
				pool := i%2 == 0
				add := float64(i%2) / 10
				if normalize == forecast.NormalizeStandard {
					add = 0.1 // so that no window becomes constant, of which the deviation is rounding
				}
				t.Run(fmt.Sprintf("%s/%s/%d by %d/%d", name, normalize, c.horizon, c.block, i), func(t *testing.T) {
					f := fit(t, copying(copies{Column: -1, Add: add}, forecast.Config{
						Horizon: c.horizon, Block: c.block, Steps: 6, Transform: transform, Normalize: normalize, Pool: pool,
						Validation: 0.1, Test: 0.1,
					}), c.series)
					train := 60 - 2*max(6, c.horizon)
					for j, target := range next(t, f)[0].Targets {
						want := path(t, c.series.Values[j], train, transform, normalize, 6, c.horizon, c.block, add)
						if target.Name != both.Columns[j] {
							t.Fatalf("target %d is %s", j, target.Name)
						}
						graphtest.CheckOutput(t, target.Name, target.Values, want, 1e-10)
					}
				})
			}
		}
	}
}
