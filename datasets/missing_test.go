package datasets_test

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
)

var nan = math.NaN()

// Inputs are filled, an input says where, and windows with a missing target have no weight.
func TestWindowsWithMissingValues(t *testing.T) {
	s, err := datasets.FromColumns("x", []string{"a", "b"}, [][]float64{{nan, 2, nan, 4, 6, nan}, {1, 2, 3, 4, 5, 6}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := datasets.Windows(s, datasets.WindowConfig{Columns: []string{"a", "b"}, Targets: []string{"a"}, Steps: 2, Dtype: tensor.Float64})
	if err != nil {
		t.Fatal(err)
	}
	if !w.InputShape().Equal(shapes.Shape{2, 3}) {
		t.Error(w.InputShape())
	}
	var b datasets.Batch
	if err := w.Train.Gather([]int{0, 1, 2, 3}, &b); err != nil {
		t.Fatal(err)
	}
	// Columns a, b, and where a is missing. The first row is the mean of 2, 4 and 6.
	want := []float64{4, 1, 1, 2, 2, 0 /**/, 2, 2, 0, 2, 3, 1 /**/, 2, 3, 1, 4, 4, 0 /**/, 4, 4, 0, 6, 5, 0}
	if got := dense.ToFloat64(b.Inputs[0]); !slices.Equal(got, want) {
		t.Errorf("inputs %v, want %v", got, want)
	}
	if got := dense.ToFloat64(b.Targets[0]); !slices.Equal(got, []float64{2, 4, 6, 6}) {
		t.Errorf("targets %v", got)
	}
	if len(b.Weights) != 1 || !b.Weights[0].Shape().Eq(tensor.Shape{4}) || !slices.Equal(dense.ToFloat64(b.Weights[0]), []float64{0, 1, 1, 0}) {
		t.Errorf("weights %v", b.Weights)
	}
	if got := dense.ToFloat64(w.Newest()[0]); !slices.Equal(got, []float64{6, 5, 0, 6, 6, 1}) {
		t.Errorf("newest %v", got)
	}
	// Without a missing target there are no weights; a missing input has no part in that.
	w, err = datasets.Windows(s, datasets.WindowConfig{Columns: []string{"a"}, Targets: []string{"b"}, Steps: 2})
	if err != nil || w.Train.Gather([]int{0}, &b) != nil || b.Weights != nil {
		t.Errorf("weights %v, error %v", b.Weights, err)
	}
}

// A missing value does not change from the one before, and the next change is that of both.
func TestChangesWithMissingValues(t *testing.T) {
	for _, c := range []struct {
		transform     datasets.Transform
		column        []float64
		x, y, weights []float64 // of windows of one row
		forecast      []float64 // of the mean change, for the two rows after the last
	}{
		{datasets.Difference{}, []float64{nan, 1, 3, nan, 8, 9, 11, 12, nan}, // changes 2, 1, 2 and 1: mean 1.5, deviation 0.5
			[]float64{0, 1, -3, 7, -1, 1, -1}, []float64{1, -3, 7, -1, 1, -1, -3}, []float64{1, 0, 0, 1, 1, 1, 0}, []float64{13.5, 15}},
		{datasets.SeasonalDifference{Period: 2}, []float64{1, 10, nan, 11, 4, 13, 8, nan}, // changes 1, 2 and 4: mean 7/3
			nil, nil, []float64{1, 0, 1, 1, 0}, []float64{8 + 7.0/3, 13 + 7.0/3}},
	} {
		s := datasets.FromSlice("x", c.column)
		w, err := datasets.Windows(s, datasets.WindowConfig{Steps: 1, Transform: c.transform, Dtype: tensor.Float64})
		if err != nil {
			t.Fatal(err)
		}
		rows := upTo(w.Train.Len())
		var b datasets.Batch
		if err := w.Train.Gather(rows, &b); err != nil {
			t.Fatal(err)
		}
		if got := dense.ToFloat64(b.Weights[0]); !slices.Equal(got, c.weights) {
			t.Errorf("%T: weights %v, want %v", c.transform, got, c.weights)
		}
		x, y := dense.ToFloat64(b.Inputs[0]), dense.ToFloat64(b.Targets[0])
		for i := range c.y {
			if !near(x[2*i], c.x[i], 1e-12) || !near(y[i], c.y[i], 1e-12) {
				t.Errorf("%T: %v → %v, want %v → %v", c.transform, x, y, c.x, c.y)
			}
		}
		w, err = datasets.Windows(s, datasets.WindowConfig{Steps: 1, Horizon: 2, Transform: c.transform, Dtype: tensor.Float64})
		if err != nil {
			t.Fatal(err)
		}
		next, err := w.Next(dense.Of([]float64{0, 0}, 1, 2))
		if err != nil || !near(next[0], c.forecast[0], 1e-12) || !near(next[1], c.forecast[1], 1e-12) {
			t.Errorf("%T: next %v, error %v, want %v", c.transform, next, err, c.forecast)
		}
	}
}

// Naive forecasts take the last value that is known, and scores leave out what is missing.
func TestScoresWithMissingValues(t *testing.T) {
	s := datasets.FromSlice("x", []float64{1, 2, 3, 5, nan, nan, 7, nan, 9, 6})
	w, err := datasets.Windows(s, datasets.WindowConfig{Steps: 2, Test: 0.4, Season: 2, Dtype: tensor.Float64})
	if err != nil {
		t.Fatal(err)
	}
	// Rows 6 to 9: 7, missing, 9, 6, each forecast from the row before.
	score, err := w.Score(dense.Of([]float64{8, 100, 9, 8}, 4, 1))
	if err != nil || score.Windows != 4 || !near(score.MAE, 1, 1e-12) || !near(score.RMSE, math.Sqrt(5.0/3), 1e-12) {
		t.Errorf("%v, error %v", score, err)
	}
	if got := w.Persistence()[0]; !slices.Equal(got, []float64{5, 7, 7, 9}) {
		t.Errorf("persistence %v", got)
	}
	if got := w.SeasonalNaive()[0]; !slices.Equal(got, []float64{3, 5, 7, 5}) {
		t.Errorf("seasonal naive %v", got)
	}
	if !near(score.PersistenceMAE, (2+2+3)/3.0, 1e-12) || !near(score.SeasonalMAE, (4+2+1)/3.0, 1e-12) {
		t.Errorf("%v", score)
	}
	for _, c := range []struct {
		known   []float64
		season  int
		want    []float64
		missing bool
	}{
		{[]float64{1, nan, nan}, 1, []float64{1, 1, 1}, false},
		{[]float64{1, 2, nan, 4}, 2, []float64{1, 4, 1}, false},
		{[]float64{nan, 2, nan, 4}, 2, []float64{4, 4, 4}, false},
		{[]float64{nan, nan}, 1, nil, true},
	} {
		got, err := datasets.SeasonalNaive(c.known, c.season, 3)
		if !slices.Equal(got, c.want) || (err != nil) != c.missing {
			t.Errorf("%v: %v, error %v", c.known, got, err)
		}
	}
	s.Values[0][6], s.Values[0][8], s.Values[0][9] = nan, nan, nan
	if w, err = datasets.Windows(s, datasets.WindowConfig{Steps: 2, Test: 0.4, Dtype: tensor.Float64}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Score(dense.Of([]float64{1, 2, 3, 4}, 4, 1))
	errtest.Check(t, err, errs.Error{Path: "x", Field: "x"})
}

func TestMissingValueErrors(t *testing.T) {
	for _, c := range []struct {
		values []float64
		config datasets.WindowConfig
		want   errs.Error
	}{
		{[]float64{nan, nan, nan, nan, 5, 6}, datasets.WindowConfig{Steps: 1, Test: 0.4}, errs.Error{Path: "x", Field: "x"}},
		{[]float64{1, nan, nan, 4, 5, 6}, datasets.WindowConfig{Steps: 1, Test: 0.5}, errs.Error{Path: "x", Field: "training and validation"}},
		{[]float64{1, 2, 3, nan, 5, 6}, datasets.WindowConfig{Steps: 1, Test: 0.33, Validation: 0.17}, errs.Error{Path: "x", Field: "training and validation"}},
		{[]float64{1, nan, 2, nan, 5, 6}, datasets.WindowConfig{Steps: 1, Test: 0.34, Transform: datasets.Difference{}}, errs.Error{Path: "x", Field: "x"}},
	} {
		_, err := datasets.Windows(datasets.FromSlice("x", c.values), c.config)
		errtest.Check(t, err, c.want)
	}
}

// With missing values too, windows are those of a simple loop, weights are 1 exactly where all
// targets are known, nothing of the test part changes the others, and perfect predictions
// have no error.
func TestMissingValuesAgreeWithNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawWindows(t)
		c.Test = 0.2
		for _, column := range s.Values {
			for i := range column {
				if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
					column[i] = nan
				}
			}
		}
		w, err := datasets.Windows(s, c)
		if err != nil {
			t.Skip(err)
		}
		lag := c.Transform.Lag()
		var b datasets.Batch
		if err := w.Train.Gather(upTo(w.Train.Len()), &b); err != nil {
			t.Fatal(err)
		}
		x, err := datasets.Rows(b.Inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		y := dense.ToFloat64(b.Targets[0])
		width := w.InputShape()[1]
		for i := range w.Train.Len() {
			end, known := lag+c.Steps-1+i*c.Stride, true // the last row of the window
			for h := range c.Horizon {
				for j, name := range c.Targets {
					v, err := s.Column(name)
					if err != nil {
						t.Fatal(err)
					}
					row := end + 1 + h
					if math.IsNaN(v[row]) || math.IsNaN(v[row-lag]) {
						known = false
						continue
					}
					fit, err := c.Transform.Fit(v[:fittedRows(s.Len(), c)])
					if err != nil {
						t.Fatal(err)
					}
					if got := y[(i*c.Horizon+h)*len(c.Targets)+j]; got != fit.Do(v[row-lag], v[row]) {
						t.Fatalf("target %v of row %d, want %v", got, row, fit.Do(v[row-lag], v[row]))
					}
				}
			}
			weight := 1.0
			if b.Weights != nil {
				weight = dense.At(b.Weights[0], i)
			}
			if known != (weight == 1) {
				t.Fatalf("window %d has the weight %v", i, weight)
			}
			flag := len(c.Columns)
			for _, name := range c.Columns {
				v, err := s.Column(name)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(v, math.IsNaN) {
					continue
				}
				for step := range c.Steps {
					if got, missing := x[i][step*width+flag], math.IsNaN(v[end-c.Steps+1+step]); (got == 1) != missing || got != 0 && got != 1 {
						t.Fatalf("%v says whether %v is missing", got, v[end-c.Steps+1+step])
					}
				}
				flag++
			}
			if flag != width {
				t.Fatalf("%d inputs, want %d", width, flag)
			}
		}

		from := int(math.Floor(float64(s.Len())*0.8 + 1e-6))
		gaps := b.Weights != nil
		for _, column := range s.Values {
			for i := from; i < len(column); i++ {
				column[i] *= 1000
			}
		}
		after, err := datasets.Windows(s, c)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(w.Train.X()[0].Float64s(), after.Train.X()[0].Float64s()) || !slices.Equal(w.Train.Y()[0].Float64s(), after.Train.Y()[0].Float64s()) {
			t.Fatal("test values influence training windows")
		}
		if lag == 0 || !gaps {
			if score, err := w.Score(w.Test.Y()[0]); err == nil && score.RMSE > 1e-6 {
				t.Fatalf("%+v", score)
			}
		}
	})
}

// fittedRows are those that training windows touch.
func fittedRows(rows int, c datasets.WindowConfig) (n int) {
	border := int(math.Floor(float64(rows)*(1-c.Test-c.Validation) + 1e-6))
	for end := c.Transform.Lag() + c.Steps - 1; end+c.Horizon < border; end += c.Stride {
		n = end + c.Horizon + 1
	}
	return n
}
