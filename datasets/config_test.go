package datasets_test

import (
	"errors"
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestWindowsErrors(t *testing.T) {
	type config = datasets.WindowConfig
	for _, c := range []struct {
		name   string
		config config
		want   errs.Error
	}{
		{"no steps", config{}, errs.Error{Path: "ramp", Field: "WindowConfig.Steps", Value: 0}},
		{"negative steps", config{Steps: -3}, errs.Error{Field: "WindowConfig.Steps", Value: -3}},
		{"negative horizon", config{Steps: 1, Horizon: -1}, errs.Error{Field: "WindowConfig.Horizon", Value: -1}},
		{"negative stride", config{Steps: 1, Stride: -1}, errs.Error{Field: "WindowConfig.Stride", Value: -1}},
		{"negative season", config{Steps: 1, Season: -1}, errs.Error{Field: "WindowConfig.Season", Value: -1}},
		{"more steps than rows", config{Steps: 21}, errs.Error{Field: "WindowConfig.Steps", Value: 21}},
		{"steps overflow", config{Steps: math.MaxInt}, errs.Error{Field: "WindowConfig.Steps", Value: math.MaxInt}},
		{"horizon overflow", config{Steps: 1, Horizon: math.MaxInt}, errs.Error{Field: "WindowConfig.Horizon", Value: math.MaxInt}},
		{"stride overflow", config{Steps: 1, Stride: math.MaxInt}, errs.Error{Field: "WindowConfig.Stride", Value: math.MaxInt}},
		{"no row to forecast", config{Steps: 20}, errs.Error{Field: "WindowConfig.Steps", Value: 20}},
		{"no row to forecast, with a lag", config{Steps: 19, Transform: datasets.Difference{}}, errs.Error{Field: "WindowConfig.Steps", Value: 19}},
		{"column", config{Steps: 1, Columns: []string{"a", "z"}}, errs.Error{Field: "WindowConfig.Columns[1]", Value: "z"}},
		{"target", config{Steps: 1, Targets: []string{"z"}}, errs.Error{Field: "WindowConfig.Targets[0]", Value: "z"}},
		{"column twice", config{Steps: 1, Columns: []string{"a", "a"}}, errs.Error{Field: "WindowConfig.Columns", Value: "a"}},
		{"target twice", config{Steps: 1, Targets: []string{"b", "b"}}, errs.Error{Field: "WindowConfig.Targets", Value: "b"}},
		{"test of all", config{Steps: 1, Test: 1}, errs.Error{Field: "WindowConfig.Test", Value: 1}},
		{"negative test", config{Steps: 1, Test: -0.1}, errs.Error{Field: "WindowConfig.Test", Value: -0.1}},
		{"test not a number", config{Steps: 1, Test: math.NaN()}, errs.Error{Field: "WindowConfig.Test", Value: "NaN"}},
		{"validation not a number", config{Steps: 1, Validation: math.NaN()}, errs.Error{Field: "WindowConfig.Validation"}},
		{"nothing to train on", config{Steps: 1, Test: 0.5, Validation: 0.5}, errs.Error{Field: "WindowConfig.Validation", Value: 0.5}},
		{"no training window", config{Steps: 10, Test: 0.6}, errs.Error{Field: "WindowConfig.Test + Validation", Value: 0.6}},
		{"no test window", config{Steps: 5, Horizon: 4, Test: 0.1}, errs.Error{Field: "WindowConfig.Test", Value: 0.1}},
		{"no validation window", config{Steps: 5, Horizon: 4, Test: 0.2, Validation: 0.1}, errs.Error{Field: "WindowConfig.Validation", Value: 0.1}},
		{"season not known", config{Steps: 1, Season: 18, Test: 0.2}, errs.Error{Field: "WindowConfig.Season", Value: 18}},
		{"dtype", config{Steps: 1, Dtype: tensor.Int}, errs.Error{Path: "ramp", Field: "WindowConfig.Dtype", Value: "int"}},
		{"ramp has one difference", config{Steps: 1, Transform: datasets.Difference{}}, errs.Error{Path: "ramp", Field: "a"}},
		{"no logarithm of 0", config{Steps: 1, Transform: datasets.LogReturn{}}, errs.Error{Path: "ramp, row 0", Field: "a", Value: 0}},
		{"lag", config{Steps: 1, Transform: odd{lag: -1}}, errs.Error{Field: "WindowConfig.Transform", Value: -1}},
		{"lag of all rows", config{Steps: 1, Transform: odd{lag: 20}}, errs.Error{Field: "WindowConfig.Transform", Value: 20}},
		{"lag overflow", config{Steps: 1, Transform: odd{lag: math.MaxInt}}, errs.Error{Field: "WindowConfig.Transform", Value: math.MaxInt}},
		{"no period", config{Steps: 1, Transform: datasets.SeasonalDifference{}}, errs.Error{Path: "ramp", Field: "a", Value: 0}},
		{"nothing fitted", config{Steps: 1, Transform: odd{}}, errs.Error{Field: "WindowConfig.Transform"}},
		{"transformed to infinity", config{Steps: 1, Transform: odd{fit: infinite{}}}, errs.Error{Path: "ramp, row 0", Field: "a", Kind: errs.ErrNotFinite}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := datasets.Windows(ramp(t, 20), c.config)
			errtest.Check(t, err, c.want)
			if w != nil {
				t.Errorf("an error came with %v", w)
			}
		})
	}
}

func TestWindowsBadNumbers(t *testing.T) {
	config := datasets.WindowConfig{Steps: 2, Columns: []string{"a"}}
	_, err := datasets.Windows(nil, config)
	errtest.Check(t, err, errs.Error{Field: "series"})
	_, err = datasets.Windows(new(datasets.Series), config)
	errtest.Check(t, err, errs.Error{Path: "series", Field: "Series.Columns"})

	s := ramp(t, 6)
	s.Index = []string{"mon", "tue", "wed", "thu", "fri", "sat"}
	s.Values[1][1] = math.NaN() // b is not used
	if _, err := datasets.Windows(s, config); err != nil {
		t.Error(err)
	}
	for _, v := range []float64{math.Inf(1), math.Inf(-1)} {
		s.Values[0][4] = v
		_, err = datasets.Windows(s, config)
		errtest.Check(t, err, errs.Error{Path: "ramp, row 4 (fri)", Field: "a", Kind: errs.ErrNotFinite})
	}
	s.Values[0][4] = 1e39
	_, err = datasets.Windows(s, config)
	errtest.Check(t, err, errs.Error{Path: "ramp, row 4 (fri)", Field: "a", Kind: errs.ErrNotFinite})
	s.Values[0] = []float64{3, 3, 3, 3, 3, 4}
	config.Test, config.Transform = 0.2, datasets.MinMax{}
	_, err = datasets.Windows(s, config)
	errtest.Check(t, err, errs.Error{Path: "ramp", Field: "a", Value: 3})
	config.Targets, config.Columns = []string{"b"}, []string{"a"}
	s.Values[0] = []float64{1, 2, 1, 2, 1, 2}
	config.Transform = datasets.Standard{}
	s.Values[1][1] = math.Inf(1)
	_, err = datasets.Windows(s, config)
	errtest.Check(t, err, errs.Error{Path: "ramp, row 1 (tue)", Field: "b", Kind: errs.ErrNotFinite})
	s.Index = s.Index[:2]
	_, err = datasets.Windows(s, config)
	errtest.Check(t, err, errs.Error{Field: "Series.Index", Value: 2})

	// A user-defined transform can return any error.
	own := errors.New("no, thank you")
	_, err = datasets.Windows(ramp(t, 6), datasets.WindowConfig{Steps: 2, Transform: odd{err: own}})
	if !errors.Is(err, own) || err.Error() != "ramp, row 0: a: no, thank you" {
		t.Errorf("error %v", err)
	}

	// The first value without a logarithm is reported, even after the training part.
	s = datasets.FromSlice("price", []float64{1, 2, 4, 3, 5, 6, 7, -1, 0, 9})
	_, err = datasets.Windows(s, datasets.WindowConfig{Steps: 2, Test: 0.3, Transform: datasets.LogReturn{}})
	errtest.Check(t, err, errs.Error{Path: "price, row 7", Field: "price", Value: -1})
}

// odd is an invalid user-defined transform.
type odd struct {
	lag int
	fit datasets.Fitted
	err error
}

func (o odd) Lag() int                               { return o.lag }
func (o odd) Check(float64) error                    { return o.err }
func (o odd) Fit([]float64) (datasets.Fitted, error) { return o.fit, nil }

type infinite struct{}

func (infinite) Do(_, _ float64) float64   { return math.Inf(1) }
func (infinite) Undo(_, _ float64) float64 { return math.Inf(1) }

// No configuration makes Windows panic, and all windows of a valid one can be read
// and scored.
func FuzzWindows(f *testing.F) {
	f.Add(20, 3, 1, 1, 0, 0.2, 0.0, uint8(0), uint8(0))
	f.Add(20, 3, 2, 3, 4, 0.2, 0.1, uint8(4), uint8(7))
	f.Add(9, math.MaxInt, math.MinInt, -1, 1, math.NaN(), math.Inf(1), uint8(1), uint8(3))
	f.Add(1, 1, 1, 1, 1, 1.0, -1.0, uint8(3), uint8(1))
	f.Add(60, 3, 2, 1, 0, 0.2, 0.1, uint8(16), uint8(5))
	f.Fuzz(func(t *testing.T, rows, steps, horizon, stride, season int, test, validation float64, kind, gap uint8) {
		v := make([]float64, min(max(rows, 0), 300))
		for i := range v {
			v[i] = 2 + math.Sin(float64(i*i))
			if gap > 0 && (i+1)%int(gap) == 0 {
				v[i] = math.NaN()
			}
		}
		kinds := append(datasets.Transforms(), datasets.SeasonalDifference{Period: int(kind)}, datasets.SeasonalLogReturn{Period: int(kind) / 2})
		w, err := datasets.Windows(datasets.FromSlice("x", v), datasets.WindowConfig{
			Steps: steps, Horizon: horizon, Stride: stride, Season: season, Test: test, Validation: validation,
			Transform: kinds[int(kind)%len(kinds)].(datasets.Transform),
		})
		if err != nil {
			if !errors.As(err, new(errs.Error)) {
				t.Fatalf("error %v", err)
			}
			return
		}
		for _, part := range []*datasets.Samples{w.Train, w.Validation, w.Test} {
			if part.Len() > 0 && (part.X() == nil || part.Y() == nil) {
				t.Fatal("no tensors")
			}
		}
		if w.Train.Len() == 0 || (test > 0) != (w.Test.Len() > 0) || (validation > 0) != (w.Validation.Len() > 0) {
			t.Fatalf("%d, %d and %d windows", w.Train.Len(), w.Validation.Len(), w.Test.Len())
		}
		w.Newest()
		if test > 0 {
			// Beside a missing value, changes of the targets are those from the value before it.
			s, err := w.Score(w.Test.Y()[0])
			if gap == 0 && (err != nil || s.RMSE > 1e-3) || err != nil && !errors.As(err, new(errs.Error)) {
				t.Fatalf("%v, error %v", s, err)
			}
		}
	})
}
