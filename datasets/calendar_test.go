package datasets_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestCalendarColumns(t *testing.T) {
	times := []time.Time{day(1, 0), day(1, 12), day(2, 0), day(2, 12)} // a Monday and a Tuesday
	s := timed(t, times, 1, 2, 3, 4)
	got, err := s.WithCalendar()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"v", "hour of day sin", "hour of day cos", "day of week sin", "day of week cos"}, got.Columns); d != "" {
		t.Error(d)
	}
	for i, at := range times {
		for j, feature := range []calendar.Feature{calendar.HourOfDay, calendar.DayOfWeek} {
			for k, want := range feature.Values(at) {
				if v := got.Values[1+2*j+k][i]; v != want {
					t.Errorf("%s of row %d is %v, want %v", got.Columns[1+2*j+k], i, v, want)
				}
			}
		}
	}
	if got, err = s.WithCalendar(calendar.MonthOfYear); err != nil || len(got.Columns) != 3 || len(s.Columns) != 1 {
		t.Errorf("%v, error %v", got, err)
	}
	berlin := time.FixedZone("", 3600)
	got, err = s.WithDates("holiday", []time.Time{time.Date(2024, 1, 2, 23, 30, 0, 0, berlin), day(9, 0)})
	if err != nil || got.Columns[1] != "holiday" || !cmp.Equal(got.Values[1], []float64{0, 0, 1, 1}) {
		t.Errorf("%v, error %v", got, err)
	}
	_, err = s.WithCalendar("moon")
	errtest.Check(t, err, errs.Error{Path: "x", Field: "feature", Value: `"moon"`})
	_, err = s.WithCalendar(calendar.HourOfDay, calendar.HourOfDay)
	errtest.Check(t, err, errs.Error{Path: "x", Field: "Series.Columns"})
	_, err = s.WithDates("v", nil)
	errtest.Check(t, err, errs.Error{Path: "x", Field: "Series.Columns", Value: "v"})
	_, err = ramp(t, 3).WithDates("v", nil)
	errtest.Check(t, err, errs.Error{Path: "ramp", Field: "Series.Times"})
	_, err = ramp(t, 3).WithCalendar()
	errtest.Check(t, err, errs.Error{Path: "ramp", Field: "Series.Times"})
	_, err = (*datasets.Series)(nil).WithDates("v", nil)
	errtest.Check(t, err, errs.Error{Field: "series"})
}
