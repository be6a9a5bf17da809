package datasets_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestSlice(t *testing.T) {
	s := timed(t, []time.Time{day(1, 0), day(2, 0), day(3, 0), day(4, 0)}, 1, 2, 3, 4)
	one, err := s.Slice(1, 3)
	if err != nil || !slices.Equal(one.Values[0], []float64{2, 3}) || !slices.Equal(one.Index, []string{"2024-01-02", "2024-01-03"}) || len(one.Times) != 2 {
		t.Errorf("%v, error %v", one, err)
	}
	one.Values[0][0] = 7
	if s.Values[0][1] != 2 {
		t.Error("a slice shares its numbers")
	}
	for _, c := range []struct {
		from, to time.Time
		want     []float64
	}{
		{time.Time{}, time.Time{}, []float64{1, 2, 3, 4}},
		{day(2, 0), time.Time{}, []float64{2, 3, 4}},
		{day(1, 7), day(4, 0), []float64{2, 3}},
		{time.Time{}, day(1, 1), []float64{1}},
		{day(2, 0), day(2, 1), []float64{2}},
	} {
		got, err := s.Between(c.from, c.to)
		if err != nil || !slices.Equal(got.Values[0], c.want) {
			t.Errorf("from %v to %v: %v, error %v", c.from, c.to, got, err)
		}
	}
	for _, bounds := range [][2]int{{-1, 2}, {2, 2}, {3, 1}, {0, 5}} {
		_, err := s.Slice(bounds[0], bounds[1])
		errtest.Check(t, err, errs.Error{Path: "x", Field: "range"})
	}
	_, err = s.Between(day(2, 1), day(3, 0))
	errtest.Check(t, err, errs.Error{Path: "x", Field: "range", Value: "2024-01-02T01:00:00Z to 2024-01-03T00:00:00Z"})
	_, err = ramp(t, 4).Between(day(1, 0), day(2, 0))
	errtest.Check(t, err, errs.Error{Path: "ramp", Field: "Series.Times"})
}

func TestFill(t *testing.T) {
	given := []float64{nan, 1, nan, nan, 4, nan}
	// The rows are 1, 1, 2, 1 and 1 days apart.
	times := []time.Time{day(1, 0), day(2, 0), day(3, 0), day(5, 0), day(6, 0), day(7, 0)}
	for _, c := range []struct {
		how         string
		plain, days []float64
	}{
		{"previous", []float64{nan, 1, 1, 1, 4, 4}, nil},
		{"linear", []float64{nan, 1, 2, 3, 4, nan}, []float64{nan, 1, 1.75, 3.25, 4, nan}},
		{"mean", []float64{2.5, 1, 2.5, 2.5, 4, 2.5}, nil},
		{"zero", []float64{0, 1, 0, 0, 4, 0}, nil},
	} {
		s := datasets.FromSlice("x", slices.Clone(given))
		got, err := s.Fill(c.how)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.plain, got.Values[0], cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%s: %s", c.how, d)
		}
		if d := cmp.Diff(given, s.Values[0], cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%s changed the series: %s", c.how, d)
		}
		if got, err = timed(t, times, given...).Fill(c.how, "v"); err != nil {
			t.Fatal(err)
		}
		if c.days == nil {
			c.days = c.plain
		}
		if d := cmp.Diff(c.days, got.Values[0], cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)); d != "" {
			t.Errorf("%s, with times: %s", c.how, d)
		}
	}
	two, err := datasets.FromColumns("x", []string{"a", "b"}, [][]float64{{1, nan}, {2, nan}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := two.Fill("previous", "b")
	if err != nil || !math.IsNaN(got.Values[0][1]) || got.Values[1][1] != 2 {
		t.Errorf("%v, error %v", got, err)
	}
	empty, err := datasets.FromSlice("x", []float64{nan, nan}).Fill("mean")
	if err != nil || !math.IsNaN(empty.Values[0][0]) {
		t.Errorf("%v, error %v", empty, err)
	}
}

func TestClip(t *testing.T) {
	s := datasets.FromSlice("x", []float64{5, nan, -3, 2, 1})
	for _, c := range []struct {
		low, high float64
		want      []float64
	}{{0, 2, []float64{2, nan, 0, 2, 1}}, {math.Inf(-1), 1, []float64{1, nan, -3, 1, 1}}, {1, math.Inf(1), []float64{5, nan, 1, 2, 1}}} {
		got, err := s.Clip(c.low, c.high)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got.Values[0], cmpopts.EquateNaNs()); d != "" {
			t.Error(d)
		}
	}
	// Sorted: -3, 1, 2, 5. The quantile 0.25 is at 0.75 of the way from -3 to 1.
	got, err := s.ClipQuantiles(0.25, 1)
	if err != nil || got.Values[0][2] != 0 || got.Values[0][0] != 5 {
		t.Errorf("%v, error %v", got, err)
	}
	if got, err = s.ClipQuantiles(0, 0.5, "x"); err != nil || got.Values[0][0] != 1.5 || got.Values[0][2] != -3 {
		t.Errorf("%v, error %v", got, err)
	}
}

func TestEditErrors(t *testing.T) {
	s := datasets.FromSlice("x", []float64{1, 2})
	none := (*datasets.Series)(nil)
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		edit func() (*datasets.Series, error)
		want errs.Error
	}{
		"how":           {func() (*datasets.Series, error) { return s.Fill("median") }, errs.Error{Path: "x", Field: "how", Value: `"median"`}},
		"column":        {func() (*datasets.Series, error) { return s.Fill("zero", "y") }, errs.Error{Path: "x", Field: "column", Value: "y"}},
		"column twice":  {func() (*datasets.Series, error) { return s.Fill("zero", "x", "x") }, errs.Error{Path: "x", Field: "columns", Value: "x"}},
		"bounds":        {func() (*datasets.Series, error) { return s.Clip(2, 1) }, errs.Error{Path: "x", Field: "low", Value: 2}},
		"no bound":      {func() (*datasets.Series, error) { return s.Clip(nan, 1) }, errs.Error{Path: "x", Field: "low"}},
		"infinity":      {func() (*datasets.Series, error) { return s.Clip(inf, inf) }, errs.Error{Field: "x", Kind: errs.ErrNotFinite}},
		"quantiles":     {func() (*datasets.Series, error) { return s.ClipQuantiles(-0.1, 1) }, errs.Error{Path: "x", Field: "quantiles"}},
		"no series":     {func() (*datasets.Series, error) { return none.Fill("zero") }, errs.Error{Field: "series"}},
		"none to clip":  {func() (*datasets.Series, error) { return none.Clip(0, 1) }, errs.Error{Field: "series"}},
		"none to slice": {func() (*datasets.Series, error) { return none.Slice(0, 1) }, errs.Error{Field: "series"}},
	} {
		got, err := c.edit()
		errtest.Check(t, err, c.want)
		if got != nil {
			t.Errorf("%s: an error came with %v", name, got)
		}
	}
}
