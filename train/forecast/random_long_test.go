//go:build long

package forecast_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"pgregory.net/rapid"
)

// TestLongRandom draws configs and series, also such that cannot be forecast, which is an error of
// the input. Otherwise forecasts are finite and ordered, a file forecasts the same, and so does
// a backtest from the rows before; and the forecaster can be updated.
func TestLongRandom(t *testing.T) {
	fitted, compared, updated := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c, series := drawConfig(t)
		ctx := context.Background()
		f, err := forecast.Fit(ctx, c, series...)
		if err != nil {
			checkError(t, err)
			return
		}
		fitted++
		// Rows to forecast are the last ones, whose targets are taken away.
		var recent []*datasets.Series
		hidden := map[string]int{}
		for _, s := range series {
			last := lastKnown(s, f.Config().Targets)
			if hidden[s.Name] = last - c.Horizon; hidden[s.Name] >= f.Rows() && lastKnown(first(s, hidden[s.Name], c.Horizon, c.Future...), f.Config().Targets) == hidden[s.Name] {
				recent = append(recent, first(s, hidden[s.Name], c.Horizon, append(slices.Clone(c.Future), c.Static...)...))
			}
		}
		if len(recent) == 0 {
			return
		}
		out, err := f.Forecast(ctx, recent...)
		if err != nil {
			checkError(t, err)
			return
		}
		for _, one := range out {
			for _, target := range one.Targets {
				for h, v := range target.Values {
					if len(target.Values) != c.Horizon || math.IsNaN(v-v) {
						t.Fatalf("forecast %v", target)
					}
					for l := range target.Quantiles {
						if q := target.Quantiles[l][h]; math.IsNaN(q-q) || l > 0 && q < target.Quantiles[l-1][h] {
							t.Fatalf("quantiles %v", target.Quantiles)
						}
					}
				}
			}
		}
		loaded, err := read(bytesOf(t, f))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := loaded.Forecast(ctx, recent...); err != nil || !reflect.DeepEqual(again, out) || !bytes.Equal(bytesOf(t, loaded), bytesOf(t, f)) {
			t.Fatalf("a file forecasts %v, %v, want %v", again, err, out)
		}
		later := make([]*datasets.Series, len(series))
		for i, s := range series {
			later[i] = clone(s)
			for k, at := range s.Times { // some are known
				later[i].Times[k] = at.Add(s.Times[s.Len()/2].Sub(s.Times[0]))
			}
		}
		if _, err := f.Drift(ctx, later...); err != nil {
			checkError(t, err)
		}
		if g, err := f.Update(ctx, forecast.UpdateConfig{Epochs: 1}, later...); err != nil {
			checkError(t, err)
		} else {
			updated++
			if _, err := g.Forecast(ctx); err != nil {
				checkError(t, err)
			}
		}
		if c.Use == forecast.Best {
			return
		}
		for i, s := range recent {
			whole := series[slices.IndexFunc(series, func(o *datasets.Series) bool { return o.Name == s.Name })]
			from := hidden[s.Name]
			if f.Frequency().Check() == nil { // rows are inserted for times that are missing
				n, _ := f.Frequency().Steps(s.Times[0], s.Times[from-1])
				from = n + 1
			}
			result, err := f.Backtest(ctx, forecast.BacktestConfig{From: from, Stride: 1000}, whole)
			if err != nil {
				t.Fatalf("backtest: %v", err)
			}
			compared++
			if got := result.Forecasts[0].Forecast; !reflect.DeepEqual(got, out[i]) {
				t.Fatalf("a backtest forecasts %+v, want %+v", got, out[i])
			}
		}
	})
	t.Logf("%d configs were fitted, %d compared with a backtest, %d updated", fitted, compared, updated)
	if fitted == 0 || compared == 0 || updated == 0 {
		t.Error("no config could be fitted, or none compared, or none updated")
	}
}

// lastKnown is the number of rows up to the last in which a target is known.
func lastKnown(s *datasets.Series, targets []string) int {
	last := 0
	for i, name := range s.Columns {
		for r, v := range s.Values[i] {
			if slices.Contains(targets, name) && !math.IsNaN(v) {
				last = max(last, r+1)
			}
		}
	}
	return last
}

// drawConfig draws a config and series for it.
func drawConfig(t *rapid.T) (forecast.Config, []*datasets.Series) {
	number := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	c := dense(forecast.Config{
		Horizon: number("horizon", 1, 4), Steps: number("steps", 1, 6), Season: number("season", 1, 3), Pool: flag("pool"), NoCalendar: flag("no calendar"),
		Normalize: rapid.SampledFrom([]forecast.Normalize{"", forecast.NormalizeNone, forecast.NormalizeLast, forecast.NormalizeMean, forecast.NormalizeStandard}).Draw(t, "normalize"),
		Head:      rapid.SampledFrom([]forecast.Head{nil, forecast.Point{}, forecast.Quantiles{Levels: []float64{0.3, 0.6}}, forecast.Gaussian{}, forecast.StudentT{}}).Draw(t, "head"),
		Members:   number("members", 1, 2), Validation: 0.15, Test: 0.15, Refit: flag("refit"),
		Use: rapid.SampledFrom([]forecast.Use{forecast.Model, forecast.Best}).Draw(t, "use"),
	})
	c.Transform = rapid.SampledFrom([]datasets.Transform{nil, datasets.None{}, datasets.MinMax{}, datasets.Log{}, datasets.Difference{}, datasets.LogReturn{}, datasets.SeasonalDifference{Period: 3}, datasets.SeasonalLogReturn{Period: 2}}).Draw(t, "transform")
	names := func(kind string, low, high int) (out []string) {
		for i := range number(kind, low, high) {
			out = append(out, fmt.Sprintf("%s %d", kind, i))
		}
		return out
	}
	c.Targets, c.Past, c.Future, c.Static = names("target", 1, 3), names("past", 0, 2), names("future", 0, 2), names("static", 0, 1)
	if c.Block = number("block", 0, c.Horizon); c.Block > 0 && c.Block < c.Horizon {
		c.Past = nil
	}
	gaps := rapid.SampledFrom([]float64{0, 0, 0.05, 0.5}).Draw(t, "gaps")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	times := rapid.SampledFrom([]string{"none", "days", "days with gaps", "irregular"}).Draw(t, "times")
	var series []*datasets.Series
	for i := range number("series", 1, 3) {
		s := &datasets.Series{Name: fmt.Sprintf("series %d", i)}
		n := number("rows", 5, 60)
		for _, name := range slices.Concat(c.Future, c.Targets, c.Static, c.Past) {
			values := walk("", n, r.Uint64()).Values[0]
			for k := range values {
				switch {
				case slices.Contains(c.Static, name):
					values[k] = float64(i)
				case r.Float64() < gaps && !slices.Contains(c.Future, name):
					values[k] = math.NaN()
				}
			}
			s.Columns, s.Values = append(s.Columns, name), append(s.Values, values)
		}
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		for range n {
			switch times {
			case "days with gaps":
				if r.Float64() < 0.1 {
					at = at.AddDate(0, 0, r.IntN(3))
				}
			case "irregular":
				at = at.Add(time.Duration(r.Int64N(int64(100 * time.Hour))))
			}
			at = at.AddDate(0, 0, 1)
			if times != "none" {
				s.Times = append(s.Times, at)
			}
		}
		series = append(series, s)
	}
	return c, series
}
