package datasets_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

var transforms = map[string]datasets.Transform{
	"none": datasets.None{}, "minmax": datasets.MinMax{}, "standard": datasets.Standard{},
	"difference": datasets.Difference{}, "logreturn": datasets.LogReturn{}, "log": datasets.Log{},
	"seasonaldifference": datasets.SeasonalDifference{Period: 2}, "seasonallogreturn": datasets.SeasonalLogReturn{Period: 5},
}

// TestGolden compares windows, transforms and scores with testdata/forecasts.json,
// computed by testdata/forecasts.py in NumPy.
func TestGolden(t *testing.T) {
	var cases []struct {
		Series, Column, Transform string
		Steps, Horizon, Season    int
		Test                      float64
		Windows                   int
		First                     []float64 `json:"first_input"`
		Last                      []float64 `json:"last_target"`
		RMSE, MAE                 float64
		PersistenceRMSE           float64 `json:"persistence_rmse"`
		PersistenceMAE            float64 `json:"persistence_mae"`
		SeasonalRMSE              float64 `json:"seasonal_rmse"`
		SeasonalMAE               float64 `json:"seasonal_mae"`
	}
	text, err := os.ReadFile("testdata/forecasts.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 20 {
		t.Fatalf("%d cases, error %v", len(cases), err)
	}
	series := map[string]*datasets.Series{"eustocks": datasets.EUStocks(), "airpassengers": datasets.AirPassengers(), "sunspots": datasets.Sunspots()}
	for _, c := range cases {
		t.Run(fmt.Sprint(c.Column, c.Transform, c.Horizon), func(t *testing.T) {
			w, err := datasets.Windows(series[c.Series], datasets.WindowConfig{
				Columns: []string{c.Column}, Steps: c.Steps, Horizon: c.Horizon, Season: c.Season,
				Test: c.Test, Transform: transforms[c.Transform], Dtype: tensor.Float64,
			})
			if err != nil {
				t.Fatal(err)
			}
			x, y := dense.ToFloat64(w.Test.X()[0]), dense.ToFloat64(w.Test.Y()[0])
			check := func(name string, got, want float64) {
				if !near(got, want, 1e-10) {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			if w.Test.Len() != c.Windows {
				t.Fatalf("%d windows, want %d", w.Test.Len(), c.Windows)
			}
			for i, want := range c.First {
				check("first input", x[i], want)
			}
			for i, want := range c.Last {
				check("last target", y[len(y)-c.Horizon+i], want)
			}
			half := make([]float64, len(y)) // the script's model
			for i := range half {
				half[i] = 0.5 * x[(i/c.Horizon+1)*c.Steps-1]
			}
			s, err := w.Score(dense.Of(half, c.Windows, c.Horizon))
			if err != nil {
				t.Fatal(err)
			}
			check("RMSE", s.RMSE, c.RMSE)
			check("MAE", s.MAE, c.MAE)
			check("persistence RMSE", s.PersistenceRMSE, c.PersistenceRMSE)
			check("persistence MAE", s.PersistenceMAE, c.PersistenceMAE)
			check("seasonal RMSE", s.SeasonalRMSE, c.SeasonalRMSE)
			check("seasonal MAE", s.SeasonalMAE, c.SeasonalMAE)
			check("skill", s.Skill, 1-c.RMSE/c.PersistenceRMSE)
		})
	}
}

// Known RMSEs of the naive forecast on the last fifth of the embedded series.
func TestPersistenceOfEmbedded(t *testing.T) {
	for _, c := range []struct {
		series *datasets.Series
		column string
		want   float64
	}{{datasets.EUStocks(), "DAX", 63.0}, {datasets.Sunspots(), "sunspots", 18.1}} {
		w, err := datasets.Windows(c.series, datasets.WindowConfig{Columns: []string{c.column}, Steps: 30, Test: 0.2})
		if err != nil {
			t.Fatal(err)
		}
		s, err := w.Score(w.Test.Y()[0])
		if err != nil || math.Abs(s.PersistenceRMSE-c.want) > 0.05 {
			t.Errorf("%s: %v, error %v", c.column, s, err)
		}
	}
}

// Predictions equal to the targets have no error, for any transform, dtype, horizon,
// stride and number of targets.
func TestPerfectPredictions(t *testing.T) {
	for name, transform := range transforms {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			w, err := datasets.Windows(datasets.EUStocks(), datasets.WindowConfig{
				Columns: []string{"CAC"}, Targets: []string{"FTSE", "DAX", "SMI"}, Steps: 9, Horizon: 3, Stride: 2,
				Transform: transform, Test: 0.2, Validation: 0.1, Dtype: dtype, Season: 5,
			})
			if err != nil {
				t.Fatal(err)
			}
			predictions, err := w.Predictions(w.Test.Y()[0])
			if err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-10
			if dtype == tensor.Float32 {
				tolerance = 1e-6
			}
			truth := w.Truth()
			if len(predictions) != 9 || len(truth) != 9 || len(w.SeasonalNaive()) != 9 {
				t.Fatalf("%d outputs, %d of truth", len(predictions), len(truth))
			}
			for i := range truth {
				for j, want := range truth[i] {
					if !near(predictions[i][j], want, tolerance) {
						t.Fatalf("%s %v: output %d of window %d is %v, want %v", name, dtype, i, j, predictions[i][j], want)
					}
				}
			}
			s, err := w.Score(w.Test.Y()[0])
			if err != nil || s.Skill < 0.999 || s.Target != "FTSE, DAX, SMI" || len(s.Targets) != 3 {
				t.Fatalf("%s %v: %+v, error %v", name, dtype, s, err)
			}
			// The mean of the targets' squared errors is that of the common score.
			sum := 0.0
			for i, one := range s.Targets {
				sum += one.PersistenceRMSE * one.PersistenceRMSE / 3
				if want := []string{"FTSE", "DAX", "SMI"}[i]; one.Target != want || one.Season != 5 || one.SeasonalRMSE <= 0 {
					t.Errorf("%+v, want %s", one, want)
				}
			}
			if !near(math.Sqrt(sum), s.PersistenceRMSE, 1e-12) {
				t.Errorf("persistence %v, of the targets %v", s.PersistenceRMSE, math.Sqrt(sum))
			}
		}
	}
}

func TestNext(t *testing.T) {
	s := datasets.FromSlice("x", []float64{1, 3, 4, 6, 7, 9, 10, 14}) // changes 2 1 2 1 2 1 in training
	w, err := datasets.Windows(s, datasets.WindowConfig{Steps: 2, Horizon: 2, Transform: datasets.Difference{}, Dtype: tensor.Float64})
	if err != nil {
		t.Fatal(err)
	}
	// Fitted on all rows: changes 2 1 2 1 2 1 4, mean 13/7.
	next, err := w.Next(dense.Of([]float64{0, 0}, 1, 2))
	if err != nil || len(next) != 2 || !near(next[0], 14+13.0/7, 1e-12) || !near(next[1], 14+26.0/7, 1e-12) {
		t.Errorf("next %v, error %v", next, err)
	}
	_, err = w.Next(dense.Of([]float64{0, 0}, 2, 1))
	errtest.Check(t, err, errs.Error{Path: "predictions", Field: "shape", Value: "[2, 1]"})
	_, err = w.Score(dense.Of([]float64{0, 0}, 1, 2))
	errtest.Check(t, err, errs.Error{Path: "x", Field: "WindowConfig.Test", Value: 0})
	if w.SeasonalNaive() != nil || !slices.EqualFunc(w.Truth(), [][]float64{{}, {}}, slices.Equal) {
		t.Errorf("no test part: truth %v", w.Truth())
	}
}

func TestScoreErrors(t *testing.T) {
	s := datasets.FromSlice("x", []float64{1, 3, 4, 6, 7, 9, 10, 14, 15, 17})
	w, err := datasets.Windows(s, datasets.WindowConfig{Steps: 2, Test: 0.2, Transform: datasets.LogReturn{}, Dtype: tensor.Float64})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		yhat *tensor.Dense
		want errs.Error
	}{
		{nil, errs.Error{Path: "predictions", Field: "tensor"}},
		{dense.Of([]float64{0, 0}, 2), errs.Error{Path: "predictions", Field: "shape", Value: "[2]"}},
		{dense.Of([]float64{0, 0, 0}, 3, 1), errs.Error{Path: "predictions", Field: "shape", Value: "[3, 1]"}},
		{tensor.New(tensor.WithShape(2, 1), tensor.Of(tensor.Float32)), errs.Error{Path: "predictions", Field: "dtype", Value: "float32"}},
		{dense.Of([]float64{0, math.NaN()}, 2, 1), errs.Error{Path: "predictions", Field: "element [1, 0]", Value: "NaN", Kind: errs.ErrNotFinite}},
		{dense.Of([]float64{0, 1e9}, 2, 1), errs.Error{Path: "predictions", Field: "element [1, 0]", Value: "+Inf", Kind: errs.ErrNotFinite}},
		{dense.Of([]float64{0, 2000}, 2, 1), errs.Error{Path: "x", Field: "x", Kind: errs.ErrNotFinite}},
	} {
		_, err := w.Score(c.yhat)
		errtest.Check(t, err, c.want)
	}
	// A prediction can be a transposed view.
	column := dense.Of([]float64{0.5, -0.5}, 1, 2)
	if err := column.T(); err != nil {
		t.Fatal(err)
	}
	a, err := w.Predictions(column)
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Predictions(dense.Of([]float64{0.5, -0.5}, 2, 1))
	if d := cmp.Diff(a, b); d != "" || err != nil {
		t.Errorf("%s, error %v", d, err)
	}
}

func TestScoreString(t *testing.T) {
	for _, c := range []struct {
		score   datasets.Score
		learned bool
		text    string
	}{
		{datasets.Score{Target: "DAX", Windows: 372, RMSE: 65.9, MAE: 50, PersistenceRMSE: 62.99, PersistenceMAE: 48.2, Skill: -0.046}, false,
			"DAX: RMSE 65.9, MAE 50 over 372 windows; persistence RMSE 62.99, MAE 48.2; skill -4.6 %"},
		{datasets.Score{Target: "sunspots", RMSE: 16.5, PersistenceRMSE: 18.1, Skill: 0.088}, true,
			"sunspots: RMSE 16.5, MAE 0 over 0 windows; persistence RMSE 18.1, MAE 0; skill 8.8 %"},
		{datasets.Score{Target: "x", Skill: 0.0099}, false,
			"x: RMSE 0, MAE 0 over 0 windows; persistence RMSE 0, MAE 0; skill 1.0 %"},
		{datasets.Score{Target: "flat", Windows: 9, RMSE: 0.5, MAE: 0.25}, false,
			"flat: RMSE 0.5, MAE 0.25 over 9 windows; persistence RMSE 0, MAE 0; skill undefined, as persistence is exact"},
		{datasets.Score{Target: "air", RMSE: 47.5, PersistenceRMSE: 48.7, Season: 12, SeasonalRMSE: 41.9, Skill: 0.025}, true,
			"air: RMSE 47.5, MAE 0 over 0 windows; persistence RMSE 48.7, MAE 0; seasonal-naive RMSE 41.9, MAE 0; skill 2.5 %"},
		{datasets.Score{Targets: []datasets.Score{{Target: "a"}, {Target: "b"}}}, false,
			"a: RMSE 0, MAE 0 over 0 windows; persistence RMSE 0, MAE 0; skill 0.0 %\nb: RMSE 0, MAE 0 over 0 windows; persistence RMSE 0, MAE 0; skill 0.0 %"},
	} {
		if got := fmt.Sprint(c.score); got != c.text {
			t.Errorf("text %q, want %q", got, c.text)
		}
		if c.score.Learned() != c.learned {
			t.Errorf("learned is %v at a skill of %v", !c.learned, c.score.Skill)
		}
	}
}
