package forecast_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// leaky is a transform that is fitted on all rows, as many programs do. It shows that the
// tests of this file find a leak.
type leaky struct {
	all func(train []float64) []float64
}

func (leaky) Lag() int            { return 0 }
func (leaky) Check(float64) error { return nil }
func (l leaky) Fit(train []float64) (datasets.Fitted, error) {
	return datasets.Standard{}.Fit(l.all(train))
}

// behind makes a leaky transform that sees the whole column of which it gets the first rows.
func behind(series ...*datasets.Series) leaky {
	return leaky{func(train []float64) []float64 {
		for _, s := range series {
			for _, values := range s.Values {
				if &values[0] == &train[0] {
					return values
				}
			}
		}
		return train
	}}
}

// sales is a series with a target, a past and a future covariate, all of them random.
func sales(t testing.TB, name string, n int, seed uint64) *datasets.Series {
	return table(t, name, []string{"sold", "price", "open"}, walk("", n, seed).Values[0], walk("", n, seed+1).Values[0], walk("", n, seed+2).Values[0])
}

func salesConfig(transform datasets.Transform) forecast.Config {
	return dense(forecast.Config{
		Targets: []string{"sold"}, Past: []string{"price"}, Future: []string{"open"}, Horizon: 3, Steps: 6, Season: 1, Transform: transform,
		Validation: 0.2, Test: 0.05,
	})
}

// TestFitReadsNoLaterRows changes the rows behind a part, which must not change what is learned
// from it.
func TestFitReadsNoLaterRows(t *testing.T) {
	const n, validation, test = 100, 75, 95
	series := []*datasets.Series{sales(t, "a", n, 1), sales(t, "b", n, 4)}
	recent := []*datasets.Series{sales(t, "a", 30, 7), sales(t, "b", 30, 8)}
	for i := range recent {
		for _, r := range []int{27, 28, 29} {
			recent[i].Values[0][r] = math.NaN() // to be forecast
		}
	}
	from := func(row int) []*datasets.Series {
		var out []*datasets.Series
		for _, s := range series {
			out = append(out, changed(s, row, "sold", "price", "open"))
		}
		return out
	}
	missing := []*datasets.Series{clone(series[0]), clone(series[1])}
	for r := test; r < n; r += 3 {
		missing[0].Values[1][r] = math.NaN()
	}
	for name, c := range map[string]struct {
		series []*datasets.Series
		epochs int
		center bool // compares the point forecasts alone
	}{
		"other test part":                 {from(test), 4, false},
		"missing values in the test part": {missing, 4, false},
		// The validation part chooses the epoch and calibrates, and nothing else.
		"other validation and test part": {from(validation), 1, true},
	} {
		check := func(transform func(...*datasets.Series) datasets.Transform, edit func(*forecast.Config)) bool {
			config := salesConfig(transform(series...))
			config.Epochs = c.epochs
			edit(&config)
			want := next(t, fit(t, config, series...), recent...)
			config.Transform = transform(c.series...)
			got := next(t, fit(t, config, c.series...), recent...)
			if c.center {
				for i := range got {
					got[i].Targets[0].Quantiles, want[i].Targets[0].Quantiles = nil, nil
				}
			}
			return reflect.DeepEqual(got, want)
		}
		for _, v := range []struct {
			transform datasets.Transform
			edit      func(*forecast.Config)
		}{
			{datasets.Standard{}, func(c *forecast.Config) {}},
			{datasets.MinMax{}, func(c *forecast.Config) { c.Normalize, c.Members = forecast.NormalizeStandard, 2 }},
			{datasets.LogReturn{}, func(c *forecast.Config) { c.Head = forecast.StudentT{} }},
			{datasets.SeasonalDifference{Period: 4}, func(c *forecast.Config) { c.Past, c.Block = nil, 2 }},
		} {
			if !check(func(...*datasets.Series) datasets.Transform { return v.transform }, v.edit) {
				t.Errorf("%s: forecasts of %T differ", name, v.transform)
			}
		}
		leak := func(s ...*datasets.Series) datasets.Transform { return behind(s...) }
		if name != "missing values in the test part" && check(leak, func(*forecast.Config) {}) {
			t.Errorf("%s: a transform that is fitted on all rows was not found", name)
		}
	}
}

// TestBacktestReadsNoLaterRows changes the rows behind the origin of a forecast, which must
// have the same bits; with the networks as they are, trained again, and for new series.
func TestBacktestReadsNoLaterRows(t *testing.T) {
	const n, from, origin = 72, 60, 66
	a, b := sales(t, "a", n, 1), sales(t, "b", n, 4)
	for _, block := range []int{3, 2} {
		config := salesConfig(datasets.Standard{})
		config.Block = block
		if block < config.Horizon {
			config.Past = nil
		}
		for name, c := range map[string]struct {
			backtest forecast.BacktestConfig
			series   string
		}{
			"without Refit":     {forecast.BacktestConfig{From: from, Stride: 3}, "b"},
			"with Refit":        {forecast.BacktestConfig{From: from, Stride: 3, Refit: 2}, "b"},
			"with a window":     {forecast.BacktestConfig{From: from, Stride: 3, Refit: 3, Window: 50}, "b"},
			"of a new series":   {forecast.BacktestConfig{From: from, Stride: 3}, "new"},
			"of a new, trained": {forecast.BacktestConfig{From: from, Stride: 3, Refit: 1}, "new"},
		} {
			if block < config.Horizon && c.backtest.Refit > 1 {
				continue
			}
			at := func(config forecast.Config, transform func(...*datasets.Series) datasets.Transform, given *datasets.Series) forecast.Forecast {
				config.Transform = transform(a, b, given)
				f := fit(t, config, a, b)
				g := *given
				g.Name = c.series
				result, err := f.Backtest(context.Background(), c.backtest, &g)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range result.Forecasts {
					if o.Row == origin-1 {
						return o.Forecast
					}
				}
				t.Fatalf("no forecast after row %d", origin-1)
				panic("unreachable")
			}
			standard := func(...*datasets.Series) datasets.Transform { return datasets.Standard{} }
			want := at(config, standard, b)
			// Future covariates are known for the rows to forecast, and no further.
			later := changed(changed(b, origin, "sold", "price"), origin+config.Horizon, "open")
			name := fmt.Sprintf("block %d, %s", block, name)
			if got := at(config, standard, later); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: a forecast reads rows behind its origin", name)
			}
			// What is known does change it.
			for _, column := range []string{"sold", "open"} {
				row := origin - 1
				if column == "open" {
					row = origin + config.Horizon - 1
				}
				if got := at(config, standard, changed(b, row, column)); reflect.DeepEqual(got, want) {
					t.Errorf("%s: a forecast does not depend on %s of row %d", name, column, row)
				}
			}
			if c.series == "new" && c.backtest.Refit == 0 { // a refit reads a copy, which has no later rows
				leak := func(s ...*datasets.Series) datasets.Transform { return behind(s...) }
				if reflect.DeepEqual(at(config, leak, b), at(config, leak, later)) {
					t.Errorf("%s: a transform that is fitted on all rows was not found", name)
				}
			}
		}
	}
}

// TestBlocksReadNoFutureBehindTheHorizon has a last block with rows behind the horizon, whose
// future covariates may be in the series, but not in that which Forecast gets.
func TestBlocksReadNoFutureBehindTheHorizon(t *testing.T) {
	const rows, horizon = 60, 7
	c := copying(copies{Input: 1, Column: 0, Last: true}, forecast.Config{
		Targets: []string{"sold"}, Future: []string{"open"}, Horizon: horizon, Block: 3, Steps: 4, Transform: datasets.None{},
		Validation: 0.1, Test: 0.1,
	})
	f := fit(t, c, shop(t, "shop", rows, horizon, 1))
	short, long := next(t, f, shop(t, "shop", rows, horizon, 1)), next(t, f, shop(t, "shop", rows, horizon+9, 1))
	if !reflect.DeepEqual(short, long) {
		t.Errorf("a forecast depends on rows behind its horizon: %v and %v", short, long)
	}
}
