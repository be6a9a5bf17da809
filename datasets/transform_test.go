package datasets_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestTransforms(t *testing.T) {
	e := math.E
	for _, c := range []struct {
		name      string
		transform datasets.Transform
		train     []float64
		lag       int
		want      []float64 // of train, from row lag on, computed by hand
	}{
		{"None", datasets.None{}, []float64{3, -1}, 0, []float64{3, -1}},
		{"MinMax", datasets.MinMax{}, []float64{2, 6, 3}, 0, []float64{0, 1, 0.25}},
		{"Standard", datasets.Standard{}, []float64{1, 3, 1, 3}, 0, []float64{-1, 1, -1, 1}},             // mean 2, deviation 1
		{"Difference", datasets.Difference{}, []float64{10, 11, 14, 15, 18}, 1, []float64{-1, 1, -1, 1}}, // 1 3 1 3
		{"LogReturn", datasets.LogReturn{}, []float64{1, e, e * e * e * e, math.Pow(e, 5), math.Pow(e, 8)}, 1, []float64{-1, 1, -1, 1}},
		{"Log", datasets.Log{}, []float64{e, e * e * e, e, e * e * e}, 0, []float64{-1, 1, -1, 1}},
		{"SeasonalDifference", datasets.SeasonalDifference{Period: 2}, []float64{10, 100, 11, 103, 12, 106}, 2, []float64{-1, 1, -1, 1}}, // 1 3 1 3
		{"SeasonalLogReturn", datasets.SeasonalLogReturn{Period: 2}, []float64{1, e * e, e, math.Pow(e, 5), e * e, math.Pow(e, 8)}, 2, []float64{-1, 1, -1, 1}},
	} {
		fit, err := c.transform.Fit(c.train)
		if err != nil || c.transform.Lag() != c.lag {
			t.Errorf("%s: lag %d, error %v", c.name, c.transform.Lag(), err)
			continue
		}
		for i, want := range c.want {
			before, v := c.train[i], c.train[i+c.lag]
			if err := c.transform.Check(v); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			got := fit.Do(before, v)
			if !near(got, want, 1e-12) {
				t.Errorf("%s: value %d is %v, want %v", c.name, i, got, want)
			}
			if back := fit.Undo(before, got); !near(back, v, 1e-12) {
				t.Errorf("%s: value %d is restored as %v, want %v", c.name, i, back, v)
			}
		}
	}
}

func TestTransformErrors(t *testing.T) {
	ramp, growth := make([]float64, 500), make([]float64, 500)
	for i := range ramp {
		ramp[i], growth[i] = 0.1*float64(i)+7, 100*math.Pow(1.01, float64(i))
	}
	for _, c := range []struct {
		transform datasets.Transform
		train     []float64
		want      errs.Error
	}{
		{datasets.MinMax{}, []float64{5, 5, 5}, errs.Error{Value: 5}},
		{datasets.Standard{}, []float64{0.1, 0.1, 0.1}, errs.Error{Value: 0.1}},
		{datasets.Standard{}, []float64{7}, errs.Error{}},
		{datasets.Standard{}, nil, errs.Error{}},
		{datasets.MinMax{}, nil, errs.Error{}},
		{datasets.Difference{}, []float64{1, 2, 3, 4}, errs.Error{Value: 1}},
		{datasets.Difference{}, ramp, errs.Error{}}, // but for rounding
		{datasets.Difference{}, nil, errs.Error{}},
		{datasets.LogReturn{}, []float64{1, 2, 4, 8}, errs.Error{}},
		{datasets.LogReturn{}, growth, errs.Error{}},
		{datasets.Standard{}, []float64{1e300, -1e300}, errs.Error{}},
		{datasets.MinMax{}, []float64{1.5e308, -1.5e308}, errs.Error{}},
		{datasets.Log{}, []float64{5, 5}, errs.Error{}},
		{datasets.Standard{}, []float64{math.NaN(), math.NaN()}, errs.Error{}},
		{datasets.MinMax{}, []float64{math.NaN(), 2}, errs.Error{Value: 2}},
		{datasets.Difference{}, []float64{1, math.NaN(), 5, math.NaN(), 8}, errs.Error{}}, // no change is known
		{datasets.SeasonalDifference{Period: 3}, []float64{1, 5, 2}, errs.Error{}},
		{datasets.SeasonalDifference{}, []float64{1, 5, 2}, errs.Error{Value: 0}},
		{datasets.SeasonalLogReturn{Period: -1}, []float64{1, 5, 2}, errs.Error{Value: -1}},
		{datasets.SeasonalLogReturn{Period: 2}, []float64{1, 2, 4, 8}, errs.Error{}},
	} {
		_, err := c.transform.Fit(c.train)
		errtest.Check(t, err, c.want)
	}
	for _, v := range []float64{0, -2} {
		errtest.Check(t, datasets.LogReturn{}.Check(v), errs.Error{Value: v})
		errtest.Check(t, datasets.SeasonalLogReturn{}.Check(v), errs.Error{Value: v})
		errtest.Check(t, datasets.Log{}.Check(v), errs.Error{Value: v})
	}
}

// For any training data, Undo inverts Do step by step, from the values undone before.
func TestTransformRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		transform := drawTransform(t)
		column := rapid.SliceOfN(rapid.Float64Range(0.5, 1000), 5, 40).Draw(t, "column")
		fit, err := transform.Fit(column)
		if err != nil {
			t.Skip("does not vary")
		}
		undone, lag, size := slices.Clone(column[:transform.Lag()]), transform.Lag(), 1000.0
		for i := lag; i < len(column); i++ {
			before := 0.0
			if lag > 0 {
				before = undone[i-lag]
			}
			undone = append(undone, fit.Undo(before, fit.Do(column[i-lag], column[i])))
			if v := column[i]; math.Abs(undone[i]-v) > 1e-10*size {
				t.Fatalf("value %d is restored as %v, want %v", i, undone[i], v)
			}
		}
	})
}

// A transform that is restored of its parameters computes the same bits, also of values that
// are missing.
func TestTransformRestore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		transform := drawTransform(t)
		column := rapid.SliceOfN(rapid.Float64Range(0.5, 1000), 5, 40).Draw(t, "column")
		fit, err := transform.Fit(column)
		if err != nil {
			t.Skip("does not vary")
		}
		parameters := fit.(datasets.Restorable).Parameters()
		again, err := transform.(datasets.Restorer).Restore(parameters)
		if err != nil || !slices.Equal(again.(datasets.Restorable).Parameters(), parameters) {
			t.Fatalf("%v, error %v, want %v", again, err, parameters)
		}
		for i, v := range append(column, math.NaN()) {
			before := column[max(0, i-1)]
			do, undo := fit.Do(before, v), fit.Undo(before, v/1000)
			if math.Float64bits(again.Do(before, v)) != math.Float64bits(do) || math.Float64bits(again.Undo(before, v/1000)) != math.Float64bits(undo) {
				t.Fatalf("%v and %v of %v", again.Do(before, v), again.Undo(before, v/1000), v)
			}
			if math.IsNaN(do) != math.IsNaN(v) {
				t.Fatalf("%v of %v", do, v)
			}
		}
	})
	for _, transform := range datasets.Transforms() {
		for _, parameters := range [][]float64{{1}, {1, 0}, {1, -2}, {math.NaN(), 1}, {1, math.Inf(1)}, {1, 2, 3}} {
			_, err := transform.(datasets.Restorer).Restore(parameters)
			errtest.Check(t, err, errs.Error{Field: reflect.TypeOf(transform).Name(), Value: fmt.Sprint(parameters)})
		}
	}
}

// Fit learns the same of a column with missing values as of the values and the changes that
// are known.
func TestFitSkipsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		transform := drawTransform(t)
		column := rapid.SliceOfN(rapid.Float64Range(0.5, 1000), 8, 40).Draw(t, "column")
		for i := range column {
			if rapid.IntRange(0, 3).Draw(t, "missing") == 0 {
				column[i] = math.NaN()
			}
		}
		// Pairs of a value and the one before it, one behind another, have the same changes.
		var known []float64
		lag := transform.Lag()
		for i := range column {
			if lag == 0 && !math.IsNaN(column[i]) {
				known = append(known, column[i])
			}
			if lag > 0 && i >= lag && !math.IsNaN(column[i]) && !math.IsNaN(column[i-lag]) {
				known = append(known, column[i-lag], column[i])
			}
		}
		fit, err := transform.Fit(column)
		var want []float64
		switch transform.(type) {
		case datasets.None:
			return
		case datasets.MinMax, datasets.Standard, datasets.Log:
			whole, wrong := transform.Fit(known)
			if (err == nil) != (wrong == nil) {
				t.Fatalf("error %v, want %v", err, wrong)
			}
			if err != nil {
				return
			}
			want = whole.(datasets.Restorable).Parameters()
		default:
			var changes []float64
			for i := 0; i < len(known); i += 2 {
				change := known[i+1] - known[i]
				if transform.Check(-1) != nil {
					change = math.Log(known[i+1]) - math.Log(known[i])
				}
				changes = append(changes, change)
			}
			mean, square := 0.0, 0.0
			for _, c := range changes {
				mean += c / float64(len(changes))
			}
			for _, c := range changes {
				square += (c - mean) * (c - mean) / float64(len(changes))
			}
			if err != nil {
				if math.Sqrt(square) > 1e-9 {
					t.Fatalf("error %v of changes %v", err, changes)
				}
				return
			}
			want = []float64{mean, math.Sqrt(square)}
		}
		for i, got := range fit.(datasets.Restorable).Parameters() {
			if !near(got, want[i], 1e-9) {
				t.Fatalf("parameter %d is %v, want %v", i, got, want[i])
			}
		}
	})
}

func drawTransform(t *rapid.T) datasets.Transform {
	transform := rapid.SampledFrom(datasets.Transforms()).Draw(t, "transform")
	period := rapid.IntRange(1, 4).Draw(t, "period")
	switch transform.(type) {
	case datasets.SeasonalDifference:
		return datasets.SeasonalDifference{Period: period}
	case datasets.SeasonalLogReturn:
		return datasets.SeasonalLogReturn{Period: period}
	}
	return transform.(datasets.Transform)
}
