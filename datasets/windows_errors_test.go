package datasets_test

import (
	"errors"
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
)

func TestWindowsErrors(t *testing.T) {
	type config = datasets.WindowConfig
	for _, c := range []struct {
		name   string
		config config
		want   string
	}{
		{"no steps", config{}, "ramp: WindowConfig.Steps must be positive, got 0"},
		{"negative steps", config{Steps: -3}, "WindowConfig.Steps must be positive, got -3"},
		{"negative horizon", config{Steps: 1, Horizon: -1}, "WindowConfig.Horizon must be positive, got -1"},
		{"negative stride", config{Steps: 1, Stride: -1}, "WindowConfig.Stride must be positive, got -1"},
		{"negative season", config{Steps: 1, Season: -1}, "WindowConfig.Season must not be negative, got -1"},
		{"more steps than rows", config{Steps: 21}, "WindowConfig.Steps must be at most the 20 rows of the series, got 21"},
		{"steps out of all bounds", config{Steps: math.MaxInt}, "WindowConfig.Steps must be at most the 20 rows"},
		{"horizon out of all bounds", config{Steps: 1, Horizon: math.MaxInt}, "WindowConfig.Horizon must be at most the 20 rows"},
		{"stride out of all bounds", config{Steps: 1, Stride: math.MaxInt}, "WindowConfig.Stride must be at most the 20 rows"},
		{"no target left", config{Steps: 20}, "WindowConfig.Steps must leave room for a window and 1 rows to forecast in the 20 rows"},
		{"no room beside the lag", config{Steps: 19, Transform: datasets.Difference{}}, "with 1 lost to the transform, got 19"},
		{"column", config{Steps: 1, Columns: []string{"a", "z"}}, "WindowConfig.Columns[1] must be one of [a, b], got z"},
		{"target", config{Steps: 1, Targets: []string{"z"}}, "WindowConfig.Targets[0] must be one of [a, b], got z"},
		{"column twice", config{Steps: 1, Columns: []string{"a", "a"}}, "WindowConfig.Columns must all be different, got a"},
		{"target twice", config{Steps: 1, Targets: []string{"b", "b"}}, "WindowConfig.Targets must all be different, got b"},
		{"test of all", config{Steps: 1, Test: 1}, "WindowConfig.Test must be at least 0 and below 1, got 1"},
		{"negative test", config{Steps: 1, Test: -0.1}, "WindowConfig.Test must be at least 0 and below 1"},
		{"test no number", config{Steps: 1, Test: math.NaN()}, "WindowConfig.Test must be at least 0 and below 1, got NaN"},
		{"validation no number", config{Steps: 1, Validation: math.NaN()}, "WindowConfig.Validation must be at least 0"},
		{"nothing to train on", config{Steps: 1, Test: 0.5, Validation: 0.5}, "WindowConfig.Validation must be at least 0 and leave rows to train on, got 0.5"},
		{"no training window", config{Steps: 10, Test: 0.6}, "WindowConfig.Test + Validation must leave a window to train on, got 0.6"},
		{"no test window", config{Steps: 5, Horizon: 4, Test: 0.1}, "WindowConfig.Test must be large enough for a window, got 0.1"},
		{"no validation window", config{Steps: 5, Horizon: 4, Test: 0.2, Validation: 0.1}, "WindowConfig.Validation must be large enough for a window, got 0.1"},
		{"season not known", config{Steps: 1, Season: 18, Test: 0.2}, "WindowConfig.Season must be known in full before the first test row, got 18"},
		{"dtype", config{Steps: 1, Dtype: tensor.Int}, "ramp: WindowConfig.Dtype must be float32 or float64, got int"},
		{"ramp has one difference", config{Steps: 1, Transform: datasets.Difference{}}, "ramp: a must not always change by the same amount"},
		{"no logarithm of 0", config{Steps: 1, Transform: datasets.LogReturn{}}, "ramp, row 0: a must be positive for LogReturn, got 0"},
		{"lag", config{Steps: 1, Transform: odd{lag: 2}}, "WindowConfig.Transform must have a Lag of 0 or 1, got 2"},
		{"nothing fitted", config{Steps: 1, Transform: odd{}}, "WindowConfig.Transform must return what it fitted"},
		{"transformed to infinity", config{Steps: 1, Transform: odd{fit: infinite{}}}, "ramp, row 0: a must be finite in float32 once it is transformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := datasets.Windows(ramp(t, 20), c.config)
			var e errs.Error
			if !errors.As(err, &e) || w != nil {
				t.Fatalf("%v, error %v", w, err)
			}
			wantError(t, err, e.Unwrap(), c.want)
		})
	}
}

func TestWindowsBadNumbers(t *testing.T) {
	config := datasets.WindowConfig{Steps: 2, Columns: []string{"a"}}
	_, err := datasets.Windows(nil, config)
	wantError(t, err, errs.ErrInput, "series must not be nil")
	_, err = datasets.Windows(new(datasets.Series), config)
	wantError(t, err, errs.ErrInput, "series: Series.Columns must name a column")

	s := ramp(t, 6)
	s.Index = []string{"mon", "tue", "wed", "thu", "fri", "sat"}
	s.Values[1][1] = math.NaN() // nobody looks at b
	if _, err := datasets.Windows(s, config); err != nil {
		t.Error(err)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		s.Values[0][4] = v
		_, err = datasets.Windows(s, config)
		wantError(t, err, errs.ErrNotFinite, "ramp, row 4 (fri): a must be finite, got")
	}
	s.Values[0][4] = 1e39
	_, err = datasets.Windows(s, config)
	wantError(t, err, errs.ErrNotFinite, "ramp, row 4 (fri): a must be finite in float32 once it is transformed")
	s.Values[0] = []float64{3, 3, 3, 3, 3, 4}
	config.Test, config.Transform = 0.2, datasets.MinMax{}
	_, err = datasets.Windows(s, config)
	wantError(t, err, errs.ErrInput, "ramp: a must vary in the training part, got 3")
	config.Targets, config.Columns = []string{"b"}, []string{"a"}
	s.Values[0] = []float64{1, 2, 1, 2, 1, 2}
	config.Transform = datasets.Standard{}
	_, err = datasets.Windows(s, config)
	wantError(t, err, errs.ErrNotFinite, "ramp, row 1 (tue): b must be finite")
	s.Index = s.Index[:2]
	_, err = datasets.Windows(s, config)
	wantError(t, err, errs.ErrInput, "Series.Index must label 6 rows, got 2")

	// A user's transform may return any error.
	own := errors.New("no, thank you")
	_, err = datasets.Windows(ramp(t, 6), datasets.WindowConfig{Steps: 2, Transform: odd{err: own}})
	if !errors.Is(err, own) || err.Error() != "ramp, row 0: a: no, thank you" {
		t.Errorf("error %v", err)
	}

	// The first value that a logarithm refuses, also behind the training part.
	s = datasets.FromSlice("price", []float64{1, 2, 4, 3, 5, 6, 7, -1, 0, 9})
	_, err = datasets.Windows(s, datasets.WindowConfig{Steps: 2, Test: 0.3, Transform: datasets.LogReturn{}})
	wantError(t, err, errs.ErrInput, "price, row 7: price must be positive for LogReturn, got -1")
}

// odd is a transform of a user's that goes wrong.
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

// FuzzWindows holds that no setting makes Windows panic, and that what it
// accepts can be read from end to end and scored.
func FuzzWindows(f *testing.F) {
	f.Add(20, 3, 1, 1, 0, 0.2, 0.0, uint8(0))
	f.Add(20, 3, 2, 3, 4, 0.2, 0.1, uint8(4))
	f.Add(9, math.MaxInt, math.MinInt, -1, 1, math.NaN(), math.Inf(1), uint8(1))
	f.Add(1, 1, 1, 1, 1, 1.0, -1.0, uint8(3))
	kinds := []datasets.Transform{datasets.None{}, datasets.MinMax{}, datasets.Standard{}, datasets.Difference{}, datasets.LogReturn{}}
	f.Fuzz(func(t *testing.T, rows, steps, horizon, stride, season int, test, validation float64, kind uint8) {
		v := make([]float64, min(max(rows, 0), 300))
		for i := range v {
			v[i] = 2 + math.Sin(float64(i*i))
		}
		w, err := datasets.Windows(datasets.FromSlice("x", v), datasets.WindowConfig{
			Steps: steps, Horizon: horizon, Stride: stride, Season: season, Test: test, Validation: validation,
			Transform: kinds[int(kind)%len(kinds)],
		})
		if err != nil {
			wantError(t, err, err)
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
			if s, err := w.Score(w.Test.Y()[0]); err != nil || s.RMSE > 1e-3 {
				t.Fatalf("%v, error %v", s, err)
			}
		}
	})
}
