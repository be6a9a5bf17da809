package scores_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/forecast/scores"
)

func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol*max(1, math.Abs(b)) }

// All scores are those of testdata/scores.py.
func TestGolden(t *testing.T) {
	var g struct {
		History, Truth, A, B, Low, High []float64
		Scores                          map[string]float64
		Pairs                           [][4]float64
		Lags                            []float64
	}
	data, err := os.ReadFile("testdata/scores.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]func() (float64, error){
		"mae":       func() (float64, error) { return scores.MAE(g.Truth, g.A) },
		"rmse":      func() (float64, error) { return scores.RMSE(g.Truth, g.A) },
		"mape":      func() (float64, error) { return scores.MAPE(g.Truth, g.A) },
		"smape":     func() (float64, error) { return scores.SMAPE(g.Truth, g.A) },
		"mase1":     func() (float64, error) { return scores.MASE(g.History, 1, g.Truth, g.A) },
		"mase7":     func() (float64, error) { return scores.MASE(g.History, 7, g.Truth, g.A) },
		"pinball10": func() (float64, error) { return scores.Pinball(0.1, g.Truth, g.A) },
		"pinball75": func() (float64, error) { return scores.Pinball(0.75, g.Truth, g.A) },
		"coverage":  func() (float64, error) { return scores.Coverage(g.Truth, g.Low, g.High) },
	}
	if len(g.Scores) != len(got) {
		t.Errorf("got %d golden scores, want %d", len(g.Scores), len(got))
	}
	for name, f := range got {
		if v, err := f(); err != nil || !near(v, g.Scores[name], 1e-12) {
			t.Errorf("%s: got %v, %v, want %v", name, v, err, g.Scores[name])
		}
	}
	if len(g.Pairs) != 3 || len(g.Lags) != 5 {
		t.Errorf("got %d pairs and %d lags", len(g.Pairs), len(g.Lags))
	}
	for _, p := range g.Pairs {
		c, err := scores.DieboldMariano(g.Truth, g.A, g.B, int(p[0]))
		if err != nil || !near(c.Difference, p[1], 1e-12) || !near(c.Statistic, p[2], 1e-10) || math.Abs(c.P-p[3]) > 1e-8*p[3] {
			t.Errorf("horizon %v: got %+v, %v, want %v", p[0], c, err, p[1:])
		}
	}
	l, err := scores.Lag(g.Truth, g.A, 4)
	if err != nil || l.Best != 1 || !l.Repeats() {
		t.Errorf("a noisy copy of the last value: %+v, %v", l, err)
	}
	for k, want := range g.Lags {
		if !near(l.Correlations[k], want, 1e-12) {
			t.Errorf("lag %d: got %v, want %v", k, l.Correlations[k], want)
		}
	}
}

// Of equally good forecasts of many steps, whose errors overlap, about 5 % have a p below 0.05, also
// of few of them.
func TestDieboldMarianoSize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ n, horizon int }{{20, 1}, {18, 12}, {50, 5}, {50, 24}, {200, 12}} {
		const tests = 4000
		below := 0.0
		for range tests {
			shocks := make([]float64, c.n+c.horizon)
			for i := range shocks {
				shocks[i] = r.NormFloat64()
			}
			truth, a, b := make([]float64, c.n), make([]float64, c.n), make([]float64, c.n)
			for i := range truth {
				difference := 0.0 // of the squared errors, from shocks that the next steps share
				for _, s := range shocks[i : i+c.horizon] {
					difference += s
				}
				a[i], b[i] = math.Sqrt(max(0, difference)), math.Sqrt(max(0, -difference))
			}
			result, err := scores.DieboldMariano(truth, a, b, c.horizon)
			if err != nil {
				t.Fatal(err)
			}
			if result.P < 0.05 {
				below += 1.0 / tests
			}
		}
		if below < 0.035 || below > 0.075 {
			t.Errorf("%d forecasts of %d steps: %.3f have a p below 0.05", c.n, c.horizon, below)
		}
	}
}

// The test is symmetric, and a forecast that is the truth repeats nothing.
func TestSymmetry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(8, 40).Draw(t, "n")
		draw := func(name string) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(-100, 100), n, n).Draw(t, name)
		}
		truth, a, b := draw("truth"), draw("a"), draw("b")
		one, err := scores.DieboldMariano(truth, a, b, 2)
		two, err2 := scores.DieboldMariano(truth, b, a, 2)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%v and %v", err, err2)
		}
		if err == nil && (one.Statistic != -two.Statistic || one.P != two.P || !(one.P >= 0 && one.P <= 1)) {
			t.Fatalf("%+v and %+v", one, two)
		}
		if l, err := scores.Lag(truth, truth, 3); err == nil && l.Repeats() {
			t.Fatalf("the truth repeats itself: %+v", l)
		}
	})
}

func TestErrors(t *testing.T) {
	x, y := []float64{1, 2, 4, 3, 0}, []float64{2, 2, 3, 3, 1}
	huge := []float64{math.MaxFloat64, -math.MaxFloat64, 1, 2, 3}
	of := func(_ any, err error) error { return err }
	cover := func(low, high []float64) error { _, err := scores.Coverage(x, low, high); return err }
	for _, c := range []struct {
		err  error
		kind error
		want string
	}{
		{of(scores.MAE(nil, nil)), graph.ErrInput, "MAE must have values to score"},
		{of(scores.MAE(x, y[:4])), graph.ErrInput, "MAE: forecast must be as long as the truth, 5, got 4"},
		{of(scores.RMSE([]float64{math.NaN()}, y[:1])), graph.ErrNotFinite, "RMSE: truth[0] must be finite, got NaN"},
		{of(scores.RMSE(y[:1], []float64{math.Inf(1)})), graph.ErrNotFinite, "RMSE: forecast[0] must be finite, got +Inf"},
		{of(scores.RMSE(huge, y)), graph.ErrNotFinite, "RMSE must be within the range of float64"},
		{of(scores.MAPE(x, y)), graph.ErrInput, "MAPE: truth[4] must not be 0: use SMAPE or MASE"},
		{of(scores.MASE(x, 0, x, y)), graph.ErrInput, "MASE: period must be at least 1 and less than the 5 values of the series, got 0"},
		{of(scores.MASE(x, 5, x, y)), graph.ErrInput, "MASE: period must be at least 1"},
		{of(scores.MASE([]float64{3, 3, 3}, 1, x, y)), graph.ErrInput, "MASE: series must differ from its naive forecast"},
		{of(scores.MASE([]float64{3, math.NaN(), 3}, 1, x, y)), graph.ErrNotFinite, "MASE: series[1] must be finite"},
		{of(scores.MASE(x, 1, nil, nil)), graph.ErrInput, "MASE: MAE must have values to score"},
		{of(scores.Pinball(0, x, y)), graph.ErrInput, "Pinball: p must lie between 0 and 1, got 0"},
		{cover(y, x), graph.ErrInput, "Coverage: low[0] must be at most the high bound, 1, got 2"},
		{of(scores.DieboldMariano(x, x, y, 5)), graph.ErrInput, "DieboldMariano: horizon must be from 1 to 4, one less than the values, got 5"},
		{of(scores.DieboldMariano(x, y, y, 1)), graph.ErrInput, "must have a positive variance"},
		{of(scores.DieboldMariano(huge, x, y, 1)), graph.ErrNotFinite, "DieboldMariano must be within"},
		{of(scores.DieboldMariano(x[:1], x[:1], y[:1], 1)), graph.ErrInput, "at least 2 values, got 1"},
		{of(scores.Lag(x, y, 3)), graph.ErrInput, "Lag: maxLag must be from 1 to three less than the values, 2, got 3"},
		{of(scores.Lag(x, []float64{1, 1, 1, 1, 1}, 1)), graph.ErrInput, "Lag: forecast must not be constant"},
		{of(scores.Lag(huge, x, 1)), graph.ErrNotFinite, "Lag: truth must be within"},
	} {
		if c.err == nil || !errors.Is(c.err, c.kind) || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v, want %q", c.err, c.want)
		}
	}
	if v, err := scores.SMAPE([]float64{0, 1}, []float64{0, -1}); err != nil || v != 100 {
		t.Errorf("SMAPE of zeros and opposite signs: %v, %v", v, err)
	}
}
