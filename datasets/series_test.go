package datasets_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestEmbedded(t *testing.T) {
	for _, c := range []struct {
		series      *datasets.Series
		name        string
		columns     []string
		rows        int
		first, last float64 // of the last column
		from, to    string
	}{
		{datasets.EUStocks(), "eustocks", []string{"DAX", "SMI", "CAC", "FTSE"}, 1860, 2443.6, 5455, "1991.4962", "1998.6462"},
		{datasets.AirPassengers(), "airpassengers", []string{"passengers"}, 144, 112, 432, "1949-01", "1960-12"},
		{datasets.Sunspots(), "sunspots", []string{"sunspots"}, 3177, 58, 37, "1749-01", "2013-09"},
	} {
		if c.series.Name != c.name || c.series.Len() != c.rows || len(c.series.Index) != c.rows {
			t.Errorf("%s: name %q, %d rows, %d labels", c.name, c.series.Name, c.series.Len(), len(c.series.Index))
			continue
		}
		if d := cmp.Diff(c.columns, c.series.Columns); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		v, err := c.series.Column(c.columns[len(c.columns)-1])
		if err != nil || len(v) != c.rows || v[0] != c.first || v[c.rows-1] != c.last {
			t.Errorf("%s: column %v, error %v", c.name, v, err)
		}
		if c.series.Index[0] != c.from || c.series.Index[c.rows-1] != c.to {
			t.Errorf("%s: from %s to %s", c.name, c.series.Index[0], c.series.Index[c.rows-1])
		}
	}
	for _, s := range []*datasets.Series{datasets.AirPassengers(), datasets.Sunspots()} {
		if f, err := s.Frequency(); err != nil || f.String() != "month" {
			t.Errorf("%s: every %v, error %v", s.Name, f, err)
		}
	}
	_, err := datasets.EUStocks().Frequency() // years and fractions
	errtest.Check(t, err, errs.Error{Path: "eustocks", Field: "Series.Times"})
	// Every call returns a new table.
	datasets.EUStocks().Values[0][0] = math.NaN()
	if v := datasets.EUStocks().Values[0][0]; v != 1628.75 {
		t.Errorf("a change to one table changed the next: %v", v)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		s    *datasets.Series
		want errs.Error
	}{
		{nil, errs.Error{Field: "series"}},
		{&datasets.Series{Columns: []string{"a"}, Values: [][]float64{{1, 2}}, Times: []time.Time{day(1, 0)}}, errs.Error{Path: "series", Field: "Series.Times", Value: 1}},
		{&datasets.Series{Columns: []string{"a"}, Values: [][]float64{{1, 2}}, Times: []time.Time{day(2, 0), day(1, 0)}}, errs.Error{Path: "series", Field: "Series.Times", Value: "2024-01-01T00:00:00Z after 2024-01-02T00:00:00Z in row 1"}},
		{&datasets.Series{Columns: []string{"a"}, Values: [][]float64{{1, math.Inf(1)}}, Times: []time.Time{day(1, 0), day(2, 0)}}, errs.Error{Path: "series, row 1 (2024-01-02T00:00:00Z)", Field: "a", Kind: errs.ErrNotFinite}},
	} {
		errtest.Check(t, c.s.Check(), c.want)
	}
	if err := datasets.FromSlice("x", []float64{1, math.NaN()}).Check(); err != nil {
		t.Error(err)
	}
}

func TestFromSlices(t *testing.T) {
	s := datasets.FromSlice("x", []float64{1, 2, 3})
	v, err := s.Column("x")
	if err != nil || s.Len() != 3 || v[2] != 3 {
		t.Errorf("%v, error %v", s, err)
	}
	_, err = s.Column("y")
	errtest.Check(t, err, errs.Error{Path: "x", Field: "column", Value: "y"})
	if n := new(datasets.Series).Len(); n != 0 {
		t.Errorf("empty series has %d rows", n)
	}

	s, err = datasets.FromColumns("", []string{"a", "b"}, [][]float64{{1, 2}, {3, 4}})
	if err != nil || s.Len() != 2 || s.Columns[1] != "b" || s.Values[1][0] != 3 {
		t.Errorf("%v, error %v", s, err)
	}
	for _, c := range []struct {
		names  []string
		values [][]float64
		want   errs.Error
	}{
		{nil, nil, errs.Error{Path: "series", Field: "Series.Columns"}},
		{[]string{"a"}, nil, errs.Error{Field: "Series.Values", Value: 0}},
		{[]string{"a"}, [][]float64{{}}, errs.Error{Field: "Series.Values"}},
		{[]string{"a", "b"}, [][]float64{{1, 2}, {1}}, errs.Error{Field: "b", Value: 1}},
		{[]string{"a", "a"}, [][]float64{{1}, {1}}, errs.Error{Field: "Series.Columns", Value: "a"}},
	} {
		_, err := datasets.FromColumns("", c.names, c.values)
		errtest.Check(t, err, c.want)
	}
}

func TestFromTimes(t *testing.T) {
	names, values := []string{"a"}, [][]float64{{1, 2}}
	s, err := datasets.FromTimes("x", []time.Time{day(2, 0), day(3, 0)}, names, values)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&datasets.Series{Name: "x", Index: []string{"2024-01-02", "2024-01-03"}, Times: []time.Time{day(2, 0), day(3, 0)}, Columns: names, Values: values}, s); d != "" {
		t.Error(d)
	}
	if s, err = datasets.FromTimes("x", []time.Time{day(2, 0), day(2, 7)}, names, values); err != nil || s.Index[1] != "2024-01-02T07:00:00Z" {
		t.Errorf("%v, error %v", s, err)
	}
	_, err = datasets.FromTimes("x", []time.Time{day(2, 0), day(4, 0), day(3, 0), day(5, 0)}, names, [][]float64{{1, 2, 3, 4}})
	errtest.Check(t, err, errs.Error{Path: "x", Field: "Series.Times", Value: "2024-01-03 after 2024-01-04 in row 2"})
	for _, c := range []struct {
		times []time.Time
		field string
	}{
		{nil, "Series.Index"}, {[]time.Time{day(2, 0)}, "Series.Index"}, {[]time.Time{day(2, 1), day(2, 0)}, "Series.Times"},
		{[]time.Time{day(2, 7), day(2, 7)}, "Series.Times"},
	} {
		_, err := datasets.FromTimes("x", c.times, names, values)
		errtest.Check(t, err, errs.Error{Path: "x", Field: c.field})
	}
}
