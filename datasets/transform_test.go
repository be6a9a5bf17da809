package datasets_test

import (
	"math"
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
	} {
		fit, err := c.transform.Fit(c.train)
		if err != nil || c.transform.Lag() != c.lag {
			t.Errorf("%s: lag %d, error %v", c.name, c.transform.Lag(), err)
			continue
		}
		for i, want := range c.want {
			before, v := c.train[max(0, i+c.lag-1)], c.train[i+c.lag]
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
	} {
		_, err := c.transform.Fit(c.train)
		errtest.Check(t, err, c.want)
	}
	for _, v := range []float64{0, -2} {
		errtest.Check(t, datasets.LogReturn{}.Check(v), errs.Error{Value: v})
	}
}

// For any training data, Undo inverts Do step by step.
func TestTransformRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		transform := drawTransform(t)
		column := rapid.SliceOfN(rapid.Float64Range(0.5, 1000), 3, 40).Draw(t, "column")
		fit, err := transform.Fit(column)
		if err != nil {
			t.Skip("does not vary")
		}
		now, size := column[0], 1000.0
		for i, v := range column {
			before := column[max(0, i-1)]
			if now = fit.Undo(now, fit.Do(before, v)); math.Abs(now-v) > 1e-10*size {
				t.Fatalf("value %d is restored as %v, want %v", i, now, v)
			}
		}
	})
}

func drawTransform(t *rapid.T) datasets.Transform {
	return rapid.SampledFrom([]datasets.Transform{datasets.None{}, datasets.MinMax{}, datasets.Standard{},
		datasets.Difference{}, datasets.LogReturn{}}).Draw(t, "transform")
}
