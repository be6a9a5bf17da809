package calendar_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// zones have no daylight saving, an hour of it, half an hour, and one that begins at midnight.
func zones(t testing.TB) []*time.Location {
	all := []*time.Location{time.UTC, time.FixedZone("", -5400)}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"} {
		all = append(all, zone(t, name))
	}
	return all
}

func drawFrequency(t *rapid.T) calendar.Frequency {
	f := calendar.Frequency{Unit: calendar.Unit(rapid.IntRange(int(calendar.Second), int(calendar.Year)).Draw(t, "unit"))}
	counts := map[calendar.Unit][]int{
		calendar.Second: {1, 5, 30}, calendar.Minute: {1, 5, 15, 45}, calendar.Hour: {1, 3, 7, 12}, calendar.Day: {1, 2, 10},
		calendar.BusinessDay: {1}, calendar.Week: {1, 2}, calendar.Month: {1, 2, 5}, calendar.Quarter: {1, 3}, calendar.Year: {1, 10},
	}[f.Unit]
	f.Count = rapid.SampledFrom(counts).Draw(t, "count")
	f.End = f.Unit >= calendar.Month && rapid.Bool().Draw(t, "end")
	return f
}

// drawStart is a time on which rows of the frequency may begin.
func drawStart(t *rapid.T, f calendar.Frequency, zones []*time.Location) time.Time {
	year, month, day := rapid.IntRange(1900, 2030).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 27).Draw(t, "day")
	if f.End {
		day = date(year, month+1, 0).Day()
	}
	clock := rapid.SampledFrom([]int{0, 0, 17*3600 + 90}).Draw(t, "clock")
	start := time.Date(year, month, day, 0, 0, clock, 0, zones[rapid.IntRange(0, len(zones)-1).Draw(t, "zone")])
	if start.Day() != day { // there is no midnight
		start = start.Add(2 * time.Hour)
	}
	for f.Unit == calendar.BusinessDay && (start.Weekday() == time.Saturday || start.Weekday() == time.Sunday) {
		start = start.AddDate(0, 0, 1)
	}
	return start
}

// Steps counts what Add adds, backwards too, and is not exact between two rows.
func TestStepsInvertAdd(t *testing.T) {
	zones := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrequency(t)
		start := drawStart(t, f, zones)
		n := rapid.IntRange(-500, 500).Draw(t, "n")
		to := f.Add(start, n)
		if got, exact := f.Steps(start, to); got != n || !exact {
			t.Fatalf("%v: %d steps, exact %v, from %v to %v, want %d", f, got, exact, start, to, n)
		}
		if got, exact := f.Steps(start, to.Add(time.Second/2)); got != n || exact {
			t.Fatalf("%v: %d steps, exact %v, to half a second after %v, want %d", f, got, exact, to, n)
		}
		if next := f.Add(start, n+1); !next.After(to) {
			t.Fatalf("%v: %v does not follow %v", f, next, to)
		}
	})
}

// Times with gaps have the frequency that they were made with.
func TestInfer(t *testing.T) {
	zones := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrequency(t)
		start := drawStart(t, f, zones)
		half := rapid.IntRange(6, 30).Draw(t, "half")
		steps := append(slices.Repeat([]int{1}, half), rapid.SliceOfN(rapid.IntRange(1, 9), half, half).Draw(t, "gaps")...)
		times := []time.Time{start}
		rows, weekend := 0, false // a day is at one
		for _, n := range rapid.Permutation(steps).Draw(t, "steps") {
			rows += n
			row := f.Add(start, rows)
			times = append(times, row)
			weekend = weekend || row.Weekday() == time.Saturday || row.Weekday() == time.Sunday
		}
		if f.Unit == calendar.Day && f.Count == 1 && !weekend {
			t.Skip("no day at a weekend")
		}
		got, err := calendar.Infer(times)
		if err != nil || got != f {
			t.Fatalf("%v, error %v, want %v, of %v", got, err, f, times)
		}
	})
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// Rows of the calendar, found by going through all days.
func TestAddAgreesWithLoop(t *testing.T) {
	first, last := date(1899, 12, 1), date(1905, 1, 1) // 1900 had no February 29, 1904 had one
	for _, c := range []struct {
		f  calendar.Frequency
		is func(t time.Time) bool
	}{
		{calendar.Frequency{Unit: calendar.Day}, func(time.Time) bool { return true }},
		{calendar.Frequency{Unit: calendar.BusinessDay}, func(t time.Time) bool { return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday }},
		{calendar.Frequency{Unit: calendar.Week}, func(t time.Time) bool { return t.Weekday() == time.Friday }},
		{calendar.Frequency{Unit: calendar.Month}, func(t time.Time) bool { return t.Day() == 1 }},
		{calendar.Frequency{Unit: calendar.Month, End: true}, func(t time.Time) bool { return t.AddDate(0, 0, 1).Day() == 1 }},
		{calendar.Frequency{Unit: calendar.Quarter}, func(t time.Time) bool { return t.Day() == 1 && t.Month()%3 == 1 }},
		{calendar.Frequency{Unit: calendar.Quarter, End: true}, func(t time.Time) bool { n := t.AddDate(0, 0, 1); return n.Day() == 1 && n.Month()%3 == 1 }},
		{calendar.Frequency{Unit: calendar.Year, End: true}, func(t time.Time) bool { return t.AddDate(0, 0, 1).YearDay() == 1 }},
	} {
		var rows []time.Time
		for day := first; day.Before(last); day = day.AddDate(0, 0, 1) {
			if c.is(day) {
				rows = append(rows, day)
			}
		}
		for i, want := range rows {
			if got := c.f.Add(rows[0], i); !got.Equal(want) {
				t.Fatalf("%v: row %d is %v, want %v", c.f, i, got, want)
			}
			if got := c.f.Add(rows[len(rows)-1], i+1-len(rows)); !got.Equal(want) {
				t.Fatalf("%v: row %d is %v from the end, want %v", c.f, i, got, want)
			}
		}
		c.f.Count = 1
		if got, err := calendar.Infer(rows); err != nil || got != c.f {
			t.Errorf("%v, error %v, want %v", got, err, c.f)
		}
		// The whole rows up to any day.
		n := -1
		for day := rows[0]; day.Before(last); day = day.AddDate(0, 0, 1) {
			if c.is(day) {
				n++
			}
			if got, exact := c.f.Steps(rows[0], day); got != n || exact != c.is(day) {
				t.Fatalf("%v: %d steps to %v, exact %v, want %d", c.f, got, day, exact, n)
			}
		}
	}
}

func TestBusinessDaysFromWeekends(t *testing.T) {
	f := calendar.Frequency{Unit: calendar.BusinessDay}
	saturday := date(2024, 6, 1)
	for _, c := range []struct {
		n    int
		want time.Time
	}{{-6, date(2024, 5, 24)}, {-1, date(2024, 5, 31)}, {0, saturday}, {1, date(2024, 6, 3)}, {6, date(2024, 6, 10)}} {
		for days := range 2 {
			from := saturday.AddDate(0, 0, days)
			if got := f.Add(from, c.n); c.n != 0 && !got.Equal(c.want) {
				t.Errorf("%d rows from %v: %v, want %v", c.n, from, got, c.want)
			}
		}
		if got, exact := f.Steps(saturday, c.want); got != c.n || !exact {
			t.Errorf("%d steps to %v, exact %v, want %d", got, c.want, exact, c.n)
		}
	}
}

func TestMonthsOfDifferentLengths(t *testing.T) {
	f := calendar.Frequency{Unit: calendar.Month}
	for i, want := range []time.Time{date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)} {
		if got := f.Add(date(2024, 1, 31), i); !got.Equal(want) {
			t.Errorf("%d months: %v, want %v", i, got, want)
		}
	}
}

// A day with a change to or from daylight saving is one day, of 23 or 25 hours.
func TestDaylightSaving(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	hour, day := calendar.Frequency{Unit: calendar.Hour}, calendar.Frequency{Unit: calendar.Day}
	for _, c := range []struct {
		month time.Month
		day   int
		hours int
	}{{3, 30, 24}, {3, 31, 23}, {10, 27, 25}} {
		from := time.Date(2024, c.month, c.day, 0, 0, 0, 0, berlin)
		to := day.Add(from, 1)
		if n, exact := hour.Steps(from, to); n != c.hours || !exact || to.Hour() != 0 {
			t.Errorf("%v has %d hours, want %d", from, n, c.hours)
		}
		if got := hour.Add(from, c.hours); !got.Equal(to) || got.Location() != berlin {
			t.Errorf("%v is %v", to, got)
		}
		var hours, days []time.Time
		for i := range 60 {
			hours, days = append(hours, from.Add(time.Duration(i)*time.Hour)), append(days, from.AddDate(0, 0, i))
		}
		for want, times := range map[calendar.Frequency][]time.Time{{Unit: calendar.Hour, Count: 1}: hours, {Unit: calendar.Day, Count: 1}: days} {
			if got, err := calendar.Infer(times); err != nil || got != want {
				t.Errorf("%v, error %v, want %v", got, err, want)
			}
		}
		// Days with the offset that was in force.
		for i, d := range days {
			_, offset := d.Zone()
			days[i] = d.In(time.FixedZone("", offset))
		}
		if got, err := calendar.Infer(days); err != nil || got.Unit != calendar.Day {
			t.Errorf("days with offsets: %v, error %v", got, err)
		}
		if n, exact := day.Steps(days[0], days[40]); n != 40 || !exact {
			t.Errorf("%d days, exact %v", n, exact)
		}
	}
}

func TestInferErrors(t *testing.T) {
	start := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)
	after := func(minutes ...int) (times []time.Time) {
		for _, m := range minutes {
			times = append(times, start.Add(time.Duration(m)*time.Minute))
		}
		return times
	}
	for _, c := range []struct {
		name   string
		times  []time.Time
		value  any
		remedy string
	}{
		{"few", after(0, 60), 2, "at least 3"},
		{"back", after(0, 120, 60, 180), "-1h0m0s from 2024-01-01T10:00:00Z to 2024-01-01T09:00:00Z", "sort"},
		{"twice", after(0, 60, 60), "0s from 2024-01-01T09:00:00Z to 2024-01-01T09:00:00Z", "keep one"},
		{"odd", after(0, 60, 150, 210, 270), "1h30m0s from 2024-01-01T09:00:00Z to 2024-01-01T10:30:00Z", "1h0m0s, the smallest step"},
		{"mostly longer", after(0, 60, 240, 420, 600), "1 of 4", "resample"},
		{"fractions", []time.Time{start, start.Add(1), start.Add(2)}, "1ns from 2024-01-01T08:00:00Z to 2024-01-01T08:00:00.000000001Z", "whole seconds"},
		{"odd days", []time.Time{date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 6)}, "72h0m0s from 2024-01-03T00:00:00Z to 2024-01-06T00:00:00Z", "2 days, the smallest step"},
		{"last business days", []time.Time{date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 28), date(2024, 4, 30)}, "696h0m0s from 2024-01-31T00:00:00Z to 2024-02-29T00:00:00Z", "to months"},
		{"one a month", []time.Time{date(2024, 1, 31), date(2024, 2, 1), date(2024, 3, 15), date(2024, 4, 29)}, "24h0m0s from 2024-01-31T00:00:00Z to 2024-02-01T00:00:00Z", "to months"},
		{"few days", []time.Time{date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 7), date(2024, 2, 1)}, "1 of 3", "the smallest step of day"},
		{"one clock, other zones", []time.Time{start, start.Add(time.Hour).In(time.FixedZone("", -3600)), start.Add(2 * time.Hour).In(time.FixedZone("", -7200))},
			"1h0m0s from 2024-01-01T08:00:00Z to 2024-01-01T08:00:00-01:00", ""},
	} {
		f, err := calendar.Infer(c.times)
		errtest.Check(t, err, errs.Error{Field: "times", Value: c.value})
		if f != (calendar.Frequency{}) || err != nil && !strings.Contains(err.Error(), c.remedy) {
			t.Errorf("%s: %v, error %v", c.name, f, err)
		}
	}
}

func TestTexts(t *testing.T) {
	for text, f := range map[string]calendar.Frequency{
		"second": {Unit: calendar.Second}, "15 minutes": {Unit: calendar.Minute, Count: 15}, "hour": {Unit: calendar.Hour, Count: 1},
		"2 days": {Unit: calendar.Day, Count: 2}, "business day": {Unit: calendar.BusinessDay}, "3 business days": {Unit: calendar.BusinessDay, Count: 3},
		"week": {Unit: calendar.Week}, "month": {Unit: calendar.Month}, "month end": {Unit: calendar.Month, End: true},
		"2 quarter ends": {Unit: calendar.Quarter, Count: 2, End: true}, "10 years": {Unit: calendar.Year, Count: 10},
	} {
		if got := f.String(); got != text {
			t.Errorf("%+v is %q, want %q", f, got, text)
		}
		f.Count = max(1, f.Count)
		for _, written := range []string{text, strings.ToUpper(text), " " + text + "s"} {
			if got, err := calendar.Parse(written); err != nil && !strings.HasSuffix(written, "ss") || err == nil && got != f {
				t.Errorf("%q is %+v, error %v, want %+v", written, got, err, f)
			}
		}
	}
	if got := (calendar.Frequency{}).String(); got != "unknown" {
		t.Error(got)
	}
	for _, text := range []string{"", "fortnight", "0 days", "-1 days", "day end", "1.5 hours", "2000000 days", "15", "unknown"} {
		_, err := calendar.Parse(text)
		errtest.Check(t, err, errs.Error{Field: "frequency", Value: `"` + text + `"`})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("15 minutes")
	f.Add("quarter end")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := calendar.Parse(text)
		if err != nil {
			return
		}
		if again, err := calendar.Parse(got.String()); err != nil || again != got {
			t.Fatalf("%q is %+v, then %+v, error %v", text, got, again, err)
		}
	})
}

func TestSeason(t *testing.T) {
	for text, want := range map[string]int{
		"second": 0, "minute": 1440, "15 minutes": 96, "7 minutes": 0, "hour": 24, "6 hours": 4, "24 hours": 0, "48 hours": 0, "day": 7, "2 days": 0,
		"7 days": 0, "business day": 5, "week": 52, "2 weeks": 26, "month": 12, "month end": 12, "3 months": 4, "quarter": 4, "year": 0,
	} {
		f, err := calendar.Parse(text)
		if got := f.Season(); err != nil || got != want {
			t.Errorf("%s: a season of %d rows, error %v, want %d", text, got, err, want)
		}
	}
	if got := (calendar.Frequency{}).Season(); got != 0 {
		t.Error(got)
	}
}

func TestFrequencyErrors(t *testing.T) {
	now := date(2024, 1, 1)
	for _, c := range []struct {
		f    calendar.Frequency
		want errs.Error
	}{
		{calendar.Frequency{}, errs.Error{Field: "Frequency.Unit", Value: 0}},
		{calendar.Frequency{Unit: calendar.Year + 1}, errs.Error{Field: "Frequency.Unit", Value: 10}},
		{calendar.Frequency{Unit: -1}, errs.Error{Field: "Frequency.Unit", Value: -1}},
		{calendar.Frequency{Unit: calendar.Day, Count: -1}, errs.Error{Field: "Frequency.Count", Value: -1}},
		{calendar.Frequency{Unit: calendar.Day, Count: math.MaxInt}, errs.Error{Field: "Frequency.Count", Value: math.MaxInt}},
		{calendar.Frequency{Unit: calendar.Week, End: true}, errs.Error{Field: "Frequency.End", Value: true}},
	} {
		errtest.Check(t, c.f.Check(), c.want)
		if n, exact := c.f.Steps(now, now); n != 0 || exact || !c.f.Add(now, 3).Equal(now) || calendar.Features(c.f) != nil {
			t.Errorf("%+v: %d steps, exact %v", c.f, n, exact)
		}
	}
}

func TestFeatures(t *testing.T) {
	at := time.Date(2024, 12, 31, 18, 45, 0, 0, time.UTC) // a Tuesday in the first week of 2025, in a leap year
	for feature, place := range map[calendar.Feature]float64{
		calendar.MinuteOfHour: 0.75, calendar.HourOfDay: 18.75 / 24, calendar.DayOfWeek: 1.0 / 7, calendar.DayOfMonth: 30.0 / 31,
		calendar.DayOfYear: 365.0 / 366, calendar.WeekOfYear: 0, calendar.MonthOfYear: 11.0 / 12, calendar.QuarterOf: 0.75,
	} {
		got := feature.Values(at)
		want := []float64{math.Sin(2 * math.Pi * place), math.Cos(2 * math.Pi * place)}
		if len(got) != 2 || math.Abs(got[0]-want[0]) > 1e-12 || math.Abs(got[1]-want[1]) > 1e-12 || len(feature.Names()) != 2 {
			t.Errorf("%s: %v, want %v", feature, got, want)
		}
		if err := feature.Check(); err != nil {
			t.Error(err)
		}
	}
	if week := calendar.WeekOfYear.Values(date(2021, 1, 1)); math.Abs(week[0]-math.Sin(2*math.Pi*52/53)) > 1e-12 {
		t.Errorf("the last week of 2020 has %v", week) // which has 53
	}
	errtest.Check(t, calendar.Feature("moon").Check(), errs.Error{Field: "feature", Value: `"moon"`})
	if calendar.Feature("moon").Values(at) != nil {
		t.Error("values of a feature that is unknown")
	}
	// All times of a cycle have values of their own, and their own features.
	for _, c := range []struct {
		frequency string
		rows      int
		features  []calendar.Feature
	}{
		{"hour", 24 * 7, []calendar.Feature{calendar.HourOfDay, calendar.DayOfWeek}},
		{"15 minutes", 96 * 7, []calendar.Feature{calendar.MinuteOfHour, calendar.HourOfDay, calendar.DayOfWeek}},
		{"day", 365, []calendar.Feature{calendar.DayOfWeek, calendar.DayOfMonth, calendar.DayOfYear}},
		{"week", 52, []calendar.Feature{calendar.WeekOfYear}},
		{"month", 12, []calendar.Feature{calendar.MonthOfYear}},
		{"quarter", 4, []calendar.Feature{calendar.QuarterOf}},
		{"year", 1, nil},
	} {
		f, err := calendar.Parse(c.frequency)
		if err != nil || !slices.Equal(calendar.Features(f), c.features) {
			t.Errorf("%s: %v, error %v", c.frequency, calendar.Features(f), err)
		}
		seen := map[[6]float64]bool{}
		for i := range c.rows {
			var values [6]float64
			for j, feature := range c.features {
				copy(values[2*j:], feature.Values(f.Add(date(2024, 1, 1), i)))
			}
			seen[values] = true
		}
		if len(seen) != c.rows {
			t.Errorf("%s: %d values of %d rows", c.frequency, len(seen), c.rows)
		}
	}
}

// Any times have a frequency whose rows they are, or an error.
func TestInferAnyTimes(t *testing.T) {
	zones := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		zone := zones[rapid.IntRange(0, len(zones)-1).Draw(t, "zone")]
		var times []time.Time
		for range rapid.IntRange(0, 8).Draw(t, "rows") {
			day := rapid.IntRange(-400, 400).Draw(t, "day")
			times = append(times, time.Date(2000, 1, day, rapid.SampledFrom([]int{0, 0, 0, 7}).Draw(t, "hour"), 0, 0, 0, zone))
		}
		slices.SortFunc(times, time.Time.Compare)
		f, err := calendar.Infer(times)
		if err != nil {
			return
		}
		for _, at := range times {
			if n, exact := f.Steps(times[0], at); !exact || !f.Add(times[0], n).Equal(at) {
				t.Fatalf("%v is no row of %v from %v", at, f, times[0])
			}
		}
	})
}
