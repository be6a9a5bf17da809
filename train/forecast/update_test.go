package forecast_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/forecast"
)

// rows are the rows from … to − 1 of a series.
func rows(s *datasets.Series, from, to int) *datasets.Series {
	part, err := s.Slice(from, to)
	if err != nil {
		panic(err) // of the test itself
	}
	return part
}

// adding is a forecaster of one row that returns the newest value and 0.3, trained on a series
// whose steps are 0.5.
func adding(t *testing.T) *forecast.Forecaster {
	x := make([]float64, 40)
	for i := range x {
		x[i] = 0.5 * float64(i)
	}
	return fit(t, copying(copies{Column: -1, Add: 0.3}, forecast.Config{Horizon: 1, Steps: 3, Season: 1, Transform: datasets.None{}}), datasets.FromSlice("a", x))
}

// steps are n rows after x, each one step higher, then others.
func steps(x float64, n int, step float64, more int, other float64) *datasets.Series {
	var values []float64
	for i := range n + more {
		if x += step; i >= n {
			x += other - step
		}
		values = append(values, x)
	}
	return datasets.FromSlice("a", values)
}

func update(t *testing.T, f *forecast.Forecaster, c forecast.UpdateConfig, series ...*datasets.Series) *forecast.Forecaster {
	t.Helper()
	g, err := f.Update(context.Background(), c, series...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestUpdateContinues has a forecaster that adds 0.3 where 0.5 is right. Training from its
// weights moves the number towards 0.5, by no more than the learning rate in a step.
func TestUpdateContinues(t *testing.T) {
	f := adding(t)
	before := next(t, f)
	g := update(t, f, forecast.UpdateConfig{Epochs: 3, LearningRate: 0.0004}, steps(19.5, 40, 0.5, 0, 0))
	u := g.Updates()
	if len(u) != 1 || !u[0].Accepted || u[0].Rows != 40 || math.Abs(u[0].Before-0.2) > 1e-12 || !(u[0].After < u[0].Before) {
		t.Fatalf("updates %+v", u)
	}
	got := next(t, g)[0].Targets[0].Values[0] - 39.5
	if moved := got - 0.3; moved < 0.01 || moved > 3*50*0.0004+1e-9 { // 50 batches in each of 3 epochs
		t.Errorf("what is added moved by %v", moved)
	}
	if math.Abs(0.5-got-u[0].After) > 1e-9 {
		t.Errorf("it adds %v, but the error after the training is said to be %v", got, u[0].After)
	}
	if !reflect.DeepEqual(next(t, f), before) || len(f.Updates()) != 0 {
		t.Error("the forecaster that was updated has changed")
	}
	again := update(t, g, forecast.UpdateConfig{Epochs: 3, LearningRate: 0.004}, steps(39.5, 10, 0.5, 0, 0))
	if h := again.Updates(); len(h) != 2 || h[0] != u[0] || h[1].Rows != 10 || len(g.Updates()) != 1 {
		t.Errorf("updates %+v", h)
	}
	loaded, err := read(bytesOf(t, again))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded.Updates(), again.Updates()) || !reflect.DeepEqual(next(t, loaded), next(t, again)) {
		t.Error("a file loses the updates")
	}
}

// TestUpdateRollsBack trains on steps of 3 and compares on steps of 0.3, which were forecast
// exactly.
func TestUpdateRollsBack(t *testing.T) {
	f := adding(t)
	g := update(t, f, forecast.UpdateConfig{Epochs: 2, LearningRate: 0.1}, steps(19.5, 80, 3, 20, 0.3))
	u := g.Updates()[0]
	if u.Accepted || u.Before > 0.2 || !(u.After > u.Before) {
		t.Errorf("update %+v", u)
	}
	newest := 19.5 + 80*3 + 20*0.3
	if got := next(t, g)[0].Targets[0].Values[0]; math.Abs(got-newest-0.3) > 1e-9 {
		t.Errorf("the next row is %v, want %v", got, newest+0.3)
	}
	recent := steps(0, 10, 1, 0, 0)
	if !reflect.DeepEqual(next(t, g, recent), next(t, f, recent)) {
		t.Error("an update that was rolled back changes forecasts")
	}
}

// TestUpdateRefuses leaves the forecaster as it was.
func TestUpdateRefuses(t *testing.T) {
	a, b := walk("a", 80, 1), walk("b", 80, 2)
	a.Columns, b.Columns = []string{"x"}, []string{"x"}
	c := dense(forecast.Config{Horizon: 2, Steps: 4, Season: 1, Transform: datasets.LogReturn{}})
	f := fit(t, c, rows(a, 0, 60), rows(b, 0, 60))
	before, file := next(t, f), bytesOf(t, f)
	bad := rows(a, 60, 80)
	bad.Values[0] = append([]float64{}, bad.Values[0]...)
	bad.Values[0][3] = -1
	other := rows(a, 60, 80)
	other.Name = "c"
	for name, s := range map[string][]*datasets.Series{
		"no logarithm": {rows(b, 60, 80), bad}, "unknown": {other}, "no new row": {datasets.FromSlice("a", nil)}, "nil": {nil}, "none": nil,
		"missing": {{Name: "a", Columns: []string{"x"}, Values: [][]float64{missing(10)}}},
	} {
		if g, err := f.Update(context.Background(), forecast.UpdateConfig{}, s...); err == nil || g != nil {
			t.Errorf("%s: got %v, %v", name, g, err)
		}
	}
	_, err := f.Update(context.Background(), forecast.UpdateConfig{}, rows(b, 60, 80), bad)
	errtest.Check(t, err, errs.Error{Path: "a, row 3", Field: "x", Value: -1})
	if !reflect.DeepEqual(next(t, f), before) || !reflect.DeepEqual(bytesOf(t, f), file) {
		t.Error("an update that was refused changes the forecaster")
	}
	alone := fit(t, c, rows(a, 0, 60))
	_, err = alone.Update(context.Background(), forecast.UpdateConfig{}, rows(a, 60, 70), rows(b, 60, 70))
	errtest.Check(t, err, errs.Error{Path: "forecast", Field: "series", Value: "b"})
}

// TestUpdateRecognisesRows repeats rows that are known, told by labels or by times, and gives
// rows to forecast, which are none.
func TestUpdateRecognisesRows(t *testing.T) {
	labelled, timed := walk("a", 120, 1), walk("a", 120, 1)
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 120 {
		labelled.Index = append(labelled.Index, fmt.Sprintf("row %d", i))
		timed.Times = append(timed.Times, start.AddDate(0, 0, i))
	}
	for name, s := range map[string]*datasets.Series{"labels": labelled, "times": timed} {
		f := fit(t, dense(forecast.Config{Horizon: 2, Steps: 4, Season: 1}), rows(s, 0, 100))
		want := update(t, f, forecast.UpdateConfig{Epochs: 2}, rows(s, 100, 120))
		for _, from := range []int{0, 50, 99} {
			got := update(t, f, forecast.UpdateConfig{Epochs: 2}, rows(s, from, 120))
			if !reflect.DeepEqual(next(t, got), next(t, want)) || !reflect.DeepEqual(got.Updates(), want.Updates()) {
				t.Errorf("%s: rows from %d on are not recognised: %+v, want %+v", name, from, got.Updates(), want.Updates())
			}
		}
		open := rows(s, 100, 120)
		open.Values[0] = append(append([]float64{}, open.Values[0][:15]...), missing(5)...)
		if got := update(t, f, forecast.UpdateConfig{Epochs: 2}, open).Updates()[0]; got.Rows != 15 {
			t.Errorf("%s: %+v of 15 known rows", name, got)
		}
		for _, old := range []*datasets.Series{rows(s, 0, 100), rows(s, 60, 80)} {
			_, err := f.Update(context.Background(), forecast.UpdateConfig{}, old)
			errtest.Check(t, err, errs.Error{Path: "a", Field: "rows"})
		}
	}
}

// TestForecasterDoesNotChange writes to slices that were given to Fit, and to those that were
// returned.
func TestForecasterDoesNotChange(t *testing.T) {
	s := sales(t, "a", 60, 1)
	c := salesConfig(datasets.Standard{})
	levels := []float64{0.1, 0.4, 0.5}
	c.Head, c.Epochs = forecast.Quantiles{Levels: levels}, 1
	f := fit(t, c, s)
	recent := first(sales(t, "a", 60, 1), 40, 3, "open")
	want := next(t, f, recent)
	c.Targets[0], c.Past[0], c.Future[0], levels[0] = "x", "y", "z", 0.3
	for i := range s.Values {
		copy(s.Values[i], missing(60))
	}
	f.Levels()[1] = 7
	if got := next(t, f, recent); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestUpdateOfOneSeries updates one of two series.
func TestUpdateOfOneSeries(t *testing.T) {
	a, b := walk("a", 80, 1), walk("b", 80, 2)
	a.Columns, b.Columns = []string{"x"}, []string{"x"}
	f := fit(t, dense(forecast.Config{Horizon: 2, Steps: 4, Season: 1}), rows(a, 0, 60), rows(b, 0, 60))
	g := update(t, f, forecast.UpdateConfig{Epochs: 1}, rows(b, 60, 80))
	got := next(t, g)
	if want := next(t, g, a, b); !reflect.DeepEqual(got[1], want[1]) || reflect.DeepEqual(got[0], want[0]) {
		t.Errorf("got %v, want the newest rows of b alone: %v", got, want)
	}
}

// TestUpdateTells has new rows after a gap, behind known rows with other values.
func TestUpdateTells(t *testing.T) {
	s := hours(t, "2006-01-02 15:04", -60, 30)
	f := fit(t, dense(forecast.Config{Horizon: 2, Steps: 4}), rows(s, 0, 60))
	if u := update(t, f, forecast.UpdateConfig{Epochs: 1}, rows(s, 50, 80)).Updates()[0]; u.Missing != 0 || u.Differ != 0 || u.Rows != 20 {
		t.Errorf("no gap: %+v", u)
	}
	if u := update(t, f, forecast.UpdateConfig{Epochs: 1}, rows(s, 67, 80)).Updates()[0]; u.Missing != 7 || u.Rows != 13 {
		t.Errorf("a gap of 7 rows: %+v", u)
	}
	other := clone(rows(s, 50, 80))
	other.Values[0][3], other.Values[0][9], other.Values[0][12] = 99, 98, 97
	g := update(t, f, forecast.UpdateConfig{Epochs: 1}, other)
	if u := g.Updates()[0]; u.Missing != 0 || u.Differ != 2 || u.Rows != 20 {
		t.Errorf("two known rows with other values: %+v", u)
	}
}

// TestFutureIsKept forecasts from what a forecaster and its file keep, also of the rows to forecast.
func TestFutureIsKept(t *testing.T) {
	s := sales(t, "a", 60, 1)
	f := fit(t, salesConfig(datasets.Standard{}), first(s, 40, 3, "open"))
	loaded, err := read(bytesOf(t, f))
	if err != nil {
		t.Fatal(err)
	}
	want := next(t, f, first(s, 40, 3, "open"))
	if got := next(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := next(t, loaded); !reflect.DeepEqual(got, want) {
		t.Errorf("from the file: got %v, want %v", got, want)
	}
	s.Index = nil
	later := first(s, 55, 3, "open")
	g := update(t, f, forecast.UpdateConfig{Epochs: 1}, rows(later, 40, later.Len()))
	if got, want := next(t, g), next(t, g, later); !reflect.DeepEqual(got, want) {
		t.Errorf("after an update: got %v, want %v", got, want)
	}
}
