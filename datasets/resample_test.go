package datasets_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// timed makes a series of times and their numbers.
func timed(t testing.TB, times []time.Time, values ...float64) *datasets.Series {
	t.Helper()
	s, err := datasets.FromTimes("x", times, []string{"v"}, [][]float64{values})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func frequency(t testing.TB, text string) calendar.Frequency {
	t.Helper()
	f, err := calendar.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRegular(t *testing.T) {
	s := timed(t, []time.Time{day(1, 0), day(2, 0), day(3, 0), day(6, 0), day(7, 0), day(9, 0)}, 1, 2, nan, 6, 7, 9)
	got, err := s.Regular()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]float64{1, 2, nan, nan, nan, 6, 7, nan, 9}, got.Values[0], cmpopts.EquateNaNs()); d != "" || got.Index[3] != "2024-01-04" || got.Notes != "3 rows inserted" {
		t.Errorf("%s, %v", d, got)
	}
	if f, err := got.Frequency(); err != nil || f.String() != "day" || s.Len() != 6 {
		t.Errorf("%v, error %v", f, err)
	}
	_, err = timed(t, []time.Time{day(1, 0), day(1, 2), day(1, 5)}, 1, 2, 3).Regular()
	errtest.Check(t, err, errs.Error{Path: "x", Field: "times"})
	_, err = ramp(t, 5).Regular()
	errtest.Check(t, err, errs.Error{Path: "ramp", Field: "Series.Times"})
	_, err = (*datasets.Series)(nil).Regular()
	errtest.Check(t, err, errs.Error{Field: "series"})
	far := []time.Time{day(1, 0), day(1, 0).Add(time.Second), day(1, 0).AddDate(50, 0, 0)}
	_, err = timed(t, far, 1, 2, 3).Regular()
	errtest.Check(t, err, errs.Error{Path: "x", Field: "rows"})
}

// Rows that are taken away come back as missing ones.
func TestRegularInsertsWhatIsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := calendar.Frequency{Unit: rapid.SampledFrom([]calendar.Unit{calendar.Minute, calendar.Hour, calendar.BusinessDay, calendar.Week, calendar.Month}).Draw(t, "unit"), Count: 1}
		f.End = f.Unit == calendar.Month && rapid.Bool().Draw(t, "end")
		start := time.Date(2023, 1, 31, 10, 0, 0, 0, time.UTC)
		if !f.End {
			start = start.AddDate(0, 0, -4)
		}
		n := rapid.IntRange(12, 60).Draw(t, "rows")
		var times []time.Time
		var values, want []float64
		for i := range n {
			at := f.Add(start, i)
			if i > 5 && i < n-1 && i%3 == 0 && rapid.Bool().Draw(t, "missing") {
				want = append(want, nan)
				continue
			}
			times, values, want = append(times, at), append(values, float64(i)), append(want, float64(i))
		}
		s, err := datasets.FromTimes("x", times, []string{"v"}, [][]float64{values})
		if err != nil {
			t.Fatal(err)
		}
		if s, err = s.Regular(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, s.Values[0], cmpopts.EquateNaNs()); d != "" {
			t.Fatal(d)
		}
		for i, at := range s.Times {
			if !at.Equal(f.Add(start, i)) {
				t.Fatalf("row %d at %v, want %v", i, at, f.Add(start, i))
			}
		}
	})
}

func TestResample(t *testing.T) {
	hours := []time.Time{day(1, 3), day(1, 5), day(1, 23), day(2, 0), day(4, 12)}
	for _, c := range []struct {
		to, how string
		want    []float64
		first   string
	}{
		{"day", "mean", []float64{2, 8, nan, nan}, "2024-01-01"}, // 1 3 missing | 8 | | missing
		{"day", "sum", []float64{4, 8, nan, nan}, "2024-01-01"},
		{"day", "first", []float64{1, 8, nan, nan}, "2024-01-01"},
		{"day", "last", []float64{3, 8, nan, nan}, "2024-01-01"},
		{"day", "min", []float64{1, 8, nan, nan}, "2024-01-01"},
		{"day", "max", []float64{3, 8, nan, nan}, "2024-01-01"},
		{"2 days", "sum", []float64{12, nan}, "2024-01-01"},
		{"6 hours", "sum", []float64{4, nan, nan, nan, 8, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}, "2024-01-01T00:00:00Z"},
		{"week", "sum", []float64{12}, "2024-01-01"},
		{"month end", "sum", []float64{12}, "2024-01-31"},
		{"quarter end", "max", []float64{8}, "2024-03-31"},
		{"year", "sum", []float64{12}, "2024-01-01"},
		{"year end", "sum", []float64{12}, "2024-12-31"},
	} {
		s, err := timed(t, hours, 1, 3, nan, 8, nan).Resample(frequency(t, c.to), c.how)
		if err != nil {
			t.Errorf("%s: %v", c.to, err)
			continue
		}
		if d := cmp.Diff(c.want, s.Values[0], cmpopts.EquateNaNs()); d != "" || s.Index[0] != c.first || !strings.Contains(s.Notes, "resampled to every "+c.to+": "+c.how) {
			t.Errorf("%s, %s: %s, %v", c.to, c.how, d, s)
		}
	}
	// A higher frequency has missing values, for Fill.
	s, err := timed(t, []time.Time{day(1, 0), day(2, 0)}, 1, 4).Resample(frequency(t, "8 hours"), "mean")
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.Fill("linear"); err != nil || !slices.Equal(s.Values[0], []float64{1, 2, 3, 4}) {
		t.Errorf("%v, error %v", s, err)
	}
	// The weekend is part of Friday.
	s, err = timed(t, []time.Time{day(5, 9), day(6, 9), day(7, 9), day(8, 9)}, 1, 2, 3, 4).Resample(frequency(t, "business day"), "sum")
	if err != nil || !slices.Equal(s.Values[0], []float64{6, 4}) || s.Index[0] != "2024-01-05" || s.Index[1] != "2024-01-08" {
		t.Errorf("%v, error %v", s, err)
	}
	s, err = timed(t, []time.Time{day(7, 9), day(8, 9)}, 3, 4).Resample(frequency(t, "business day"), "sum")
	if err != nil || !slices.Equal(s.Values[0], []float64{3, 4}) || s.Index[0] != "2024-01-05" {
		t.Errorf("%v, error %v", s, err)
	}
}

// Rows of Resample are those of a loop that puts rows into drawers by the text of their time.
func TestResampleAgreesWithLoop(t *testing.T) {
	var zones []*time.Location
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Sao_Paulo"} {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, l)
	}
	drawers := map[string]func(time.Time) string{
		"hour":    func(t time.Time) string { return t.Format("2006-01-02 15 -07") },
		"day":     func(t time.Time) string { return t.Format("2006-01-02") },
		"week":    func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprint(y, w) },
		"month":   func(t time.Time) string { return t.Format("2006-01") },
		"quarter": func(t time.Time) string { return fmt.Sprint(t.Year(), (t.Month()-1)/3) },
		"year":    func(t time.Time) string { return t.Format("2006") },
	}
	rapid.Check(t, func(t *rapid.T) {
		to := rapid.SampledFrom([]string{"hour", "day", "week", "month", "quarter", "year"}).Draw(t, "to")
		most := map[string]int{"hour": 3 * 3600, "day": 60 * 3600, "week": 400 * 3600}[to]
		if most == 0 {
			most = 3000 * 3600
		}
		at := time.Date(rapid.IntRange(1985, 2024).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0,
			zones[rapid.IntRange(0, 2).Draw(t, "zone")])
		var times []time.Time
		var values []float64
		for range rapid.IntRange(1, 40).Draw(t, "rows") {
			at = at.Add(time.Duration(rapid.IntRange(1, most).Draw(t, "seconds")) * time.Second)
			times, values = append(times, at), append(values, float64(rapid.IntRange(-9, 9).Draw(t, "value")))
		}
		s, err := datasets.FromTimes("x", times, []string{"v"}, [][]float64{values})
		if err != nil {
			t.Fatal(err)
		}
		f, err := calendar.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Resample(f, "sum")
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]float64{}
		for i, at := range times {
			sums[drawers[to](at)] += values[i]
		}
		found := 0
		for i, at := range got.Times {
			want, ok := sums[drawers[to](at)]
			if v := got.Values[0][i]; ok && v != want || !ok && !math.IsNaN(v) {
				t.Fatalf("%v has %v, want %v, of %v", at, v, want, times)
			}
			if ok {
				found++
			}
		}
		if found != len(sums) {
			t.Fatalf("%d rows with values, want %d", found, len(sums))
		}
	})
}

func TestResampleErrors(t *testing.T) {
	s := timed(t, []time.Time{day(1, 0), day(2, 0)}, math.MaxFloat64, math.MaxFloat64)
	for _, c := range []struct {
		s    *datasets.Series
		to   calendar.Frequency
		how  string
		want errs.Error
	}{
		{nil, frequency(t, "day"), "sum", errs.Error{Field: "series"}},
		{ramp(t, 3), frequency(t, "day"), "sum", errs.Error{Path: "ramp", Field: "Series.Times"}},
		{s, calendar.Frequency{}, "sum", errs.Error{Path: "x", Field: "Frequency.Unit"}},
		{s, frequency(t, "day"), "median", errs.Error{Path: "x", Field: "how", Value: `"median"`}},
		{s, frequency(t, "month"), "sum", errs.Error{Field: "v", Kind: errs.ErrNotFinite}},
		{timed(t, []time.Time{day(1, 0), day(1, 0).AddDate(200, 0, 0)}, 1, 2), frequency(t, "second"), "sum", errs.Error{Path: "x", Field: "rows"}},
	} {
		got, err := c.s.Resample(c.to, c.how)
		errtest.Check(t, err, c.want)
		if got != nil {
			t.Errorf("an error came with %v", got)
		}
	}
}
