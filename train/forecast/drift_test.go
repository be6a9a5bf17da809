package forecast_test

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// hourly is a random walk from hour from to hour to. Its steps have a deviation, and from hour
// changed on ten times that. The column holiday is known for 3 rows more.
func hourly(t *testing.T, name string, deviation float64, from, to, changed int) *datasets.Series {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(len(name)), 7))
	x := 0.0
	var times []time.Time
	var y, holiday []float64
	for i := range to + 3 {
		step := deviation * r.NormFloat64()
		if i >= changed {
			step *= 10
		}
		if x += step; i < from {
			continue
		}
		times = append(times, time.Date(2024, 1, 1, i, 0, 0, 0, time.UTC))
		holiday = append(holiday, float64(i%2))
		if y = append(y, x); i >= to {
			y[len(y)-1] = math.NaN()
		}
	}
	s, err := datasets.FromTimes(name, times, []string{"y", "holiday"}, [][]float64{y, holiday})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each series is compared with its own errors of the test part: those of a noisy one are no
// drift, and hide none of a smooth one. Covariates of rows beyond the newest are read too.
func TestDriftOfEachSeries(t *testing.T) {
	never := math.MaxInt
	f := fit(t, copying(copies{Column: -1}, forecast.Config{Horizon: 3, Steps: 4, Targets: []string{"y"}, Future: []string{"holiday"}, Transform: datasets.None{}}),
		hourly(t, "smooth", 0.1, 0, 400, never), hourly(t, "noisier", 10, 0, 400, never))
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	read, err := forecast.Read(&b, forecast.LoadConfig{Custom: custom})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*forecast.Forecaster{f, read} {
		for _, c := range []struct {
			changed int
			drifted bool
		}{{never, false}, {410, true}} {
			got, err := f.Drift(context.Background(), hourly(t, "smooth", 0.1, 390, 430, c.changed), hourly(t, "noisier", 10, 390, 430, never))
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Drifted != c.drifted || got[1].Drifted || got[0].Rows != 30 {
				t.Errorf("smooth series changed from row %d on: got %+v", c.changed, got)
			}
			if c.drifted && (got[0].Since < 8 || got[0].Since > 12) {
				t.Errorf("the change after 10 new rows is found after %d", got[0].Since)
			}
		}
	}
}

// Without times, nothing is known of covariates beyond the newest row.
func TestDriftWithFutureAndNoTimes(t *testing.T) {
	s := hourly(t, "a", 1, 0, 200, math.MaxInt)
	s.Times, s.Index = nil, nil
	known := rows(s, 0, 150)
	f := fit(t, copying(copies{Column: -1}, forecast.Config{Horizon: 3, Steps: 4, Targets: []string{"y"}, Future: []string{"holiday"}}), known)
	if _, err := f.Drift(context.Background(), rows(s, 150, 190)); err != nil {
		t.Fatal(err)
	}
}
