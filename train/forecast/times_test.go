package forecast_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/forecast"
)

// A series may begin at the zero time of package time, the first day of the year 1.
func TestZeroTime(t *testing.T) {
	var times []time.Time
	var values []float64
	for i := range 40 {
		if i != 7 { // is inserted
			times, values = append(times, time.Time{}.AddDate(0, 0, i)), append(values, float64(i%5))
		}
	}
	s, err := datasets.FromTimes("x", times, []string{"v"}, [][]float64{values})
	if err != nil {
		t.Fatal(err)
	}
	f := fit(t, forecast.Config{Horizon: 1, Steps: 3, Network: copies{Column: -1}, Epochs: 1}, s)
	if out := next(t, f); out[0].Times[0] != "0001-02-10" {
		t.Errorf("the next row is %v", out[0].Times)
	}
}

// A forecast reads the newest Rows rows, whether more are given or not. Those of an hourly series
// may lie within a day, where the day of the week does not vary.
func TestNewestRows(t *testing.T) {
	s := hours(t, "2006-01-02 15:04", -300, 0)
	f := fit(t, dense(forecast.Config{Horizon: 3, Steps: 6}), s)
	want := next(t, f, s)[0]
	for given := f.Rows(); given < 60; given++ {
		newest, err := s.Slice(s.Len()-given, s.Len())
		if err != nil {
			t.Fatal(err)
		}
		if got := next(t, f, newest)[0]; !reflect.DeepEqual(got, want) {
			t.Errorf("from %d rows: %+v, want %+v", given, got, want)
		}
	}
}

// A series that has only begun does not take the times of the others away.
func TestNewSeries(t *testing.T) {
	old, begun := hours(t, "2006-01-02 15:04", -40, 0), hours(t, "2006-01-02 15:04", -1, 0)
	begun.Name = "begun"
	f := fit(t, forecast.Config{Horizon: 1, Steps: 3, Network: copies{Column: -1}, Epochs: 1}, begun, old)
	if got := next(t, f); len(got) != 1 || got[0].Times[0] != "2024-03-01 15:00" {
		t.Errorf("%+v", got)
	}
}

// Times of day have a zone in a forecast only if the series has one.
func TestZones(t *testing.T) {
	for layout, want := range map[string]string{
		"2006-01-02 15:04:05":       "2024-03-01 15:00:00",
		"2006-01-02 3:04 PM":        "2024-03-01T15:00:00",
		"2006-01-02T15:04:05Z07:00": "2024-03-01T15:00:00Z",
		"2006-01-02T15:04:05-07:00": "2024-03-01T15:00:00Z",
		"2006-01-02 15:04 MST":      "2024-03-01T15:00:00Z",
	} {
		s := hours(t, layout, -40, 0)
		f := fit(t, copying(copies{Column: -1}, forecast.Config{Horizon: 1, Steps: 3, Epochs: 1}), s)
		at := time.Date(2024, 3, 1, 15, 0, 0, 0, time.UTC)
		if out := next(t, f); out[0].Times[0] != want || !out[0].At[0].Equal(at) {
			t.Errorf("after %s comes %s, at %s, want %s", s.Index[39], out[0].Times[0], out[0].At[0], want)
		}
		g, err := f.Update(context.Background(), forecast.UpdateConfig{Epochs: 1}, hours(t, layout, 0, 5))
		if err != nil {
			t.Fatal(err)
		}
		if out := next(t, g); out[0].Times[0] != strings.Replace(want, "15:", "20:", 1) || g.Updates()[0].Last != hourLabel(layout, 4) {
			t.Errorf("after an update with %s comes %s: %+v", layout, out[0].Times[0], g.Updates())
		}
		b, err := f.Backtest(context.Background(), forecast.BacktestConfig{From: 39}, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Forecasts[0]; got.Times[0] != strings.Replace(want, "15:", "14:", 1) || !got.At[0].Equal(at.Add(-time.Hour)) {
			t.Errorf("backtest of %s: %s, at %s", s.Index[39], got.Times[0], got.At[0])
		}
	}
}

// hours is a series with a row for each hour, numbered from 2024-03-01 15:00 on.
func hours(t *testing.T, layout string, from, to int) *datasets.Series {
	t.Helper()
	var labels []string
	var values []float64
	for i := from; i < to; i++ {
		labels = append(labels, hourLabel(layout, i))
		values = append(values, float64((i+100)%5))
	}
	s, err := datasets.FromLabels("x", labels, []string{"v"}, [][]float64{values})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hourLabel(layout string, i int) string {
	return time.Date(2024, 3, 1, 15+i, 0, 0, 0, time.UTC).Format(layout)
}

// irregular is a series whose times have no frequency.
func irregular(t *testing.T, n int) *datasets.Series {
	t.Helper()
	s := hours(t, time.RFC3339, 0, n)
	first := s.Times[0]
	for i, hour := 0, 0; i < n; hour++ {
		if hour%3 != 0 {
			s.Times[i] = first.Add(time.Duration(hour*hour) * time.Hour)
			i++
		}
	}
	s.Index = nil
	return s
}

// Progress tells why times are not read, and how to make them regular.
func TestIrregularTimesAreTold(t *testing.T) {
	var b strings.Builder
	f := fit(t, dense(forecast.Config{Horizon: 2, Steps: 4, Epochs: 1, Progress: &b}), irregular(t, 40))
	if got := b.String(); !strings.HasPrefix(got, "Rows are read one after another, without their times: x: times ") || !strings.Contains(got, "Series.Resample") {
		t.Errorf("progress:\n%s", got)
	}
	if got := next(t, f)[0].Times[0]; got != "+1" || next(t, f)[0].At != nil {
		t.Errorf("the time of the next row is %s", got)
	}
}

// TestUpdateOfIrregularTimes gives rows of which some are known. Their times tell which, though
// the forecaster does not read times otherwise.
func TestUpdateOfIrregularTimes(t *testing.T) {
	const known, n = 40, 60
	all := irregular(t, n)
	untimed := clone(all)
	untimed.Times = nil
	c := dense(forecast.Config{Horizon: 2, Steps: 4, Epochs: 1})
	f, plain := fit(t, c, rows(all, 0, known)), fit(t, c, rows(untimed, 0, known))
	g := update(t, f, forecast.UpdateConfig{Epochs: 1}, rows(all, known-10, n))
	want := update(t, plain, forecast.UpdateConfig{Epochs: 1}, rows(untimed, known, n))
	if got := g.Updates()[0]; got.Rows != n-known {
		t.Errorf("update %+v, want %d new rows", got, n-known)
	}
	if got, want := next(t, g), next(t, want); !reflect.DeepEqual(got, want) {
		t.Errorf("forecast %+v, want %+v", got, want)
	}
	drift, err := f.Drift(context.Background(), rows(all, known-10, n))
	if err != nil {
		t.Fatal(err)
	}
	if drift[0].Rows != n-known {
		t.Errorf("drift %+v, want %d new rows", drift[0], n-known)
	}
	// Rows without times can follow, and are all new.
	if got := update(t, g, forecast.UpdateConfig{Epochs: 1}, rows(untimed, 0, 20)).Updates()[1]; got.Rows != 20 {
		t.Errorf("update %+v, want 20 new rows", got)
	}
}

// TestCalendarColumns has a column of the file with the name of one of the calendar.
func TestCalendarColumns(t *testing.T) {
	s := hours(t, time.RFC3339, 0, 40)
	name := calendar.HourOfDay.Names()[0]
	other := clone(s)
	other.Columns, other.Values = append(other.Columns, name), append(other.Values, make([]float64, other.Len()))
	c := dense(forecast.Config{Horizon: 2, Steps: 4, Epochs: 1, Targets: []string{"v"}})
	if !reflect.DeepEqual(next(t, fit(t, c, s)), next(t, fit(t, c, other))) {
		t.Error("a column that the config does not name is read as one of the calendar")
	}
	c.Future = []string{name}
	_, err := forecast.Fit(context.Background(), c, other)
	errtest.Check(t, err, errs.Error{Path: "forecast", Field: "Config", Value: name})
}

// TestOtherTimes gives rows of another frequency, and times with a zone where those of the training
// have none, and the other way round.
func TestOtherTimes(t *testing.T) {
	const zoneless, zoned = "2006-01-02 15:04", "2006-01-02T15:04:05-07:00"
	c := copying(copies{Column: -1}, forecast.Config{Horizon: 1, Steps: 3})
	inZone := func(layout string, zone *time.Location, from, to, each int) *datasets.Series {
		var labels []string
		for i := from; i < to; i++ {
			labels = append(labels, time.Date(2024, 3, 1, 15+each*i, 0, 0, 0, zone).Format(layout))
		}
		s, err := datasets.FromLabels("x", labels, []string{"v"}, [][]float64{make([]float64, to-from)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	berlin := time.FixedZone("", 3600)
	without, with := fit(t, c, inZone(zoneless, time.UTC, -40, 0, 1)), fit(t, c, inZone(zoned, berlin, -40, 0, 1))
	for name, bad := range map[string]struct {
		f    *forecast.Forecaster
		s    *datasets.Series
		want string
	}{
		"days":  {without, inZone(zoneless, time.UTC, 0, 10, 24), "must be one hour apart, as in the training, except where rows are missing"},
		"zone":  {without, inZone(zoned, berlin, 0, 10, 1), "times must have no zone"},
		"local": {with, inZone(zoneless, time.UTC, 0, 10, 1), "times must have a zone"},
	} {
		_, err := bad.f.Forecast(context.Background(), bad.s)
		_, err2 := bad.f.Update(context.Background(), forecast.UpdateConfig{}, bad.s)
		for _, err := range []error{err, err2} {
			if err == nil || !strings.Contains(err.Error(), bad.want) {
				t.Errorf("%s: got %v, want %q", name, err, bad.want)
			}
		}
	}
	days := fit(t, c, inZone("2006-01-02", time.UTC, -40, 0, 24))
	if _, err := days.Forecast(context.Background(), inZone(zoned, berlin, 0, 10, 24)); err == nil || !strings.Contains(err.Error(), "times must have no zone") {
		t.Errorf("days, then days in a zone: got %v", err)
	}
	next(t, with, inZone(zoned, berlin, 0, 10, 1))
	next(t, with, inZone(zoned, time.FixedZone("", 7200), 0, 10, 1)) // summer time
	next(t, without, inZone(zoneless+"Z07:00", time.UTC, 0, 10, 1))
}
