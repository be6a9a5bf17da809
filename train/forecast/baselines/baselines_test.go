package baselines_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/forecast/baselines"
)

// method is what all baselines have.
type method interface {
	Fit(history []float64) (*baselines.Fitted, error)
}

// methods are all of them by name, with a period where they take one.
func methods(period int) map[string]method {
	return map[string]method{
		"naive":          baselines.Naive{},
		"seasonal naive": baselines.SeasonalNaive{Period: period},
		"drift":          baselines.Drift{},
		"naive2":         baselines.Naive2{Period: period},
		"theta":          baselines.Theta{Period: period},
		"ets":            baselines.ETS{Period: period},
	}
}

func forecast(t testing.TB, m method, history []float64, horizon int) (*baselines.Fitted, baselines.Forecast) {
	t.Helper()
	f, err := m.Fit(history)
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.Forecast(horizon)
	if err != nil {
		t.Fatal(err)
	}
	return f, out
}

func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol*max(1, math.Abs(b)) }

// Means and deviations are those of testdata/baselines.py. The smoothing of Theta has an
// estimated parameter, where a sum of squares is flat.
func TestGolden(t *testing.T) {
	var golden struct {
		Series    map[string][]float64
		Forecasts []struct {
			Method, Series  string
			Period          int
			Mean, Deviation []float64
		}
	}
	data, err := os.ReadFile("testdata/baselines.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(golden.Forecasts) != 15 {
		t.Errorf("got %d forecasts, want 15", len(golden.Forecasts))
	}
	for _, g := range golden.Forecasts {
		tol := 1e-10
		if g.Method == "theta" {
			tol = 1e-5
		}
		_, got := forecast(t, methods(g.Period)[g.Method], golden.Series[g.Series], len(g.Mean))
		for h := range g.Mean {
			if !near(got.Mean[h], g.Mean[h], tol) || !near(got.Deviation[h], g.Deviation[h], tol) {
				t.Errorf("%s of %s, step %d: got %v ± %v, want %v ± %v", g.Method, g.Series, h+1,
					got.Mean[h], got.Deviation[h], g.Mean[h], g.Deviation[h])
			}
		}
	}
}

// ETS chooses a multiplicative season for the airline passengers, and forecasts the last
// two years far better than the naive methods.
func TestAirPassengers(t *testing.T) {
	x := datasets.AirPassengers().Values[0]
	mae := map[string]float64{}
	for name, m := range methods(12) {
		f, got := forecast(t, m, x[:120], 24)
		for h, v := range got.Mean {
			mae[name] += math.Abs(v-x[120+h]) / 24
		}
		if name == "ets" && (!f.Multiplicative || f.Slope <= 0) {
			t.Errorf("ETS chose %+v", f)
		}
	}
	if mae["ets"] > 0.6*mae["seasonal naive"] || mae["seasonal naive"] > mae["naive"] {
		t.Errorf("mean absolute errors %v", mae)
	}
}

// A line is continued, and a season repeated, by the methods that know them.
func TestExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(8, 60).Draw(t, "n")
		a, b := rapid.Float64Range(-100, 100).Draw(t, "a"), rapid.Float64Range(-10, 10).Draw(t, "b")
		m := rapid.IntRange(2, 7).Draw(t, "m")
		season := rapid.SliceOfN(rapid.Float64Range(-5, 5), m, m).Draw(t, "season")
		line, wave := make([]float64, n), make([]float64, 6*m)
		for i := range line {
			line[i] = a + b*float64(i)
		}
		for i := range wave {
			wave[i] = a + season[i%m]
		}
		check := func(name string, m method, history []float64, want func(i int) float64) {
			f, err := m.Fit(history)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Forecast(15)
			if err != nil {
				t.Fatal(err)
			}
			for h, v := range got.Mean {
				if w := want(len(history) + h); math.Abs(v-w) > 1e-6 {
					t.Fatalf("%s, step %d: got %v, want %v; %+v", name, h+1, v, w, f)
				}
				if d := got.Deviation[h]; d > 1e-6 {
					t.Fatalf("%s, step %d: deviation %v of an exact forecast", name, h+1, d)
				}
			}
		}
		along := func(i int) float64 { return a + b*float64(i) }
		again := func(i int) float64 { return a + season[i%m] }
		check("drift", baselines.Drift{}, line, along)
		check("ETS of a line", baselines.ETS{}, line, along)
		check("seasonal naive", baselines.SeasonalNaive{Period: m}, wave, again)
		check("ETS of a season", baselines.ETS{Period: m}, wave, again)
	})
}

// Constant histories are forecast as they are, and without deviation.
func TestConstant(t *testing.T) {
	for _, v := range []float64{0, -3, 5e300, 1e-300, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		x := make([]float64, 24)
		for i := range x {
			x[i] = v
		}
		for name, m := range methods(4) {
			f, got := forecast(t, m, x, 5)
			for h := range got.Mean {
				if math.Abs(got.Mean[h]-v) > 1e-9*math.Abs(v) || got.Deviation[h] > 1e-9*math.Abs(v) {
					t.Errorf("%s of %v: got %v ± %v, %+v", name, v, got.Mean[h], got.Deviation[h], f)
				}
			}
		}
	}
}

// Forecasts scale with the history, and do not change it.
func TestScaled(t *testing.T) {
	x := datasets.AirPassengers().Values[0][:60]
	for name, m := range methods(12) {
		_, want := forecast(t, m, x, 13)
		for _, scale := range []float64{0x1p-900, 0x1p900} {
			y := make([]float64, len(x))
			for i := range y {
				y[i] = x[i] * scale
			}
			_, got := forecast(t, m, y, 13)
			for h := range got.Mean {
				if got.Mean[h] != want.Mean[h]*scale || got.Deviation[h] != want.Deviation[h]*scale {
					t.Fatalf("%s, step %d: got %v ± %v, want %v ± %v", name, h+1, got.Mean[h]/scale, got.Deviation[h]/scale, want.Mean[h], want.Deviation[h])
				}
			}
			for i := range y {
				if y[i] != x[i]*scale {
					t.Fatalf("%s changed its history", name)
				}
			}
		}
	}
}

func TestQuantiles(t *testing.T) {
	f := baselines.Forecast{Mean: []float64{10, -1}, Deviation: []float64{2, 0}}
	low, high, err := f.Interval(0.95)
	if err != nil || !near(low[0], 10-2*1.959963984540054, 1e-12) || !near(high[0], 10+2*1.959963984540054, 1e-12) || low[1] != -1 || high[1] != -1 {
		t.Errorf("got %v to %v, %v", low, high, err)
	}
	if q, err := f.Quantile(0.5); err != nil || q[0] != 10 {
		t.Errorf("the median is %v, %v", q, err)
	}
}

func TestErrors(t *testing.T) {
	ok := []float64{1, 2, 4, 3, 5, 6, 9, 7, 8, 10, 12, 11}
	fit := func(m method, x []float64) error { _, err := m.Fit(x); return err }
	f, _ := forecast(t, baselines.Naive{}, ok, 1)
	_, horizon := f.Forecast(0)
	_, quantile := baselines.Forecast{Mean: ok, Deviation: ok}.Quantile(1)
	_, lengths := baselines.Forecast{Mean: ok}.Quantile(0.5)
	_, _, level := baselines.Forecast{Mean: ok, Deviation: ok}.Interval(math.NaN())
	for _, c := range []struct {
		err  error
		kind error
		want string
	}{
		{fit(baselines.Naive{}, ok[:1]), graph.ErrInput, "Naive must have a history of at least 2 values, got 1"},
		{fit(baselines.Drift{}, nil), graph.ErrInput, "Drift must have a history of at least 3 values, got 0"},
		{fit(baselines.SeasonalNaive{}, ok), graph.ErrInput, "SeasonalNaive.Period must be from 1 to 1000000, got 0"},
		{fit(baselines.SeasonalNaive{Period: 12}, ok), graph.ErrInput, "at least 13 values, got 12"},
		{fit(baselines.Naive2{Period: -1}, ok), graph.ErrInput, "Naive2.Period must be from 0"},
		{fit(baselines.Theta{Period: math.MaxInt}, ok), graph.ErrInput, "Theta.Period must be from 0 to 1000000"},
		{fit(baselines.Theta{}, ok[:2]), graph.ErrInput, "at least 3 values"},
		{fit(baselines.ETS{}, ok[:4]), graph.ErrInput, "ETS must have a history of at least 5 values, got 4"},
		{fit(baselines.ETS{Trend: "linear"}, ok), graph.ErrInput, `ETS.Trend must be "none", "additive", "damped" or "", got "linear"`},
		{fit(baselines.ETS{Season: "A"}, ok), graph.ErrInput, `ETS.Season must be`},
		{fit(baselines.ETS{Season: "additive"}, ok), graph.ErrInput, "ETS.Period must be at least 2 for a season, got 0"},
		{fit(baselines.ETS{Season: "additive", Period: 5001}, ok), graph.ErrInput, "ETS.Period must be at most 5000 for a season, got 5001"},
		{fit(baselines.ETS{Season: "additive", Period: 7}, ok), graph.ErrInput, "two periods of 7 for a season, got 12"},
		{fit(baselines.ETS{Season: "multiplicative", Period: 2}, []float64{1, 2, 0, 4, 5, 6, 7, 8, 9}), graph.ErrInput, `use "additive", got 0`},
		{fit(baselines.ETS{Trend: "damped"}, ok[:5]), graph.ErrInput, "choose a simpler Trend or Season, or Naive"},
		{fit(baselines.ETS{}, []float64{1, 2, math.NaN(), 4, 5}), graph.ErrNotFinite, "ETS: history[2] must be finite: remove or fill in what is missing, got NaN"},
		{fit(baselines.Naive{}, []float64{1, math.Inf(-1)}), graph.ErrNotFinite, "Naive: history[1] must be finite"},
		{horizon, graph.ErrInput, "horizon must be from 1 to 1000000, got 0"},
		{quantile, graph.ErrInput, "quantile must lie between 0 and 1, at least 1e-16 from both, got 1"},
		{lengths, graph.ErrInput, "Forecast.Deviation must have the 12 steps of Mean, got 0"},
		{level, graph.ErrInput, "level must lie between 0 and 1, got NaN"},
	} {
		if c.err == nil || !errors.Is(c.err, c.kind) || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v, want %q", c.err, c.want)
		}
	}
}

// Half a million values take a bounded time, with long periods too: all of these together take
// about a second. What is quadratic would take more than a minute.
func TestLong(t *testing.T) {
	x := make([]float64, 500_000)
	for i := range x {
		x[i] = 10 + math.Sin(float64(i)/7) + float64(i%24)
	}
	start := time.Now()
	for _, m := range []method{baselines.Theta{Period: 150_000}, baselines.ETS{Period: 24, Trend: "damped"},
		baselines.ETS{Period: 150_000, Trend: "none"}, baselines.SeasonalNaive{Period: 150_000}} {
		forecast(t, m, x, 48)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

// The criterion is that of errors in the units of the history.
func TestCriterion(t *testing.T) {
	x := datasets.AirPassengers().Values[0]
	f, _ := forecast(t, baselines.ETS{Trend: "none"}, x, 1)
	n := float64(len(x))
	sum := f.Sigma * f.Sigma * (n - 2)            // two numbers: alpha and the first level
	want := n*math.Log(sum/n) + 2*3 + 2*3*4/(n-4) // and Sigma
	if f.Method != "ETS(A,N,N)" || !near(f.AICc, want, 1e-12) {
		t.Errorf("%s: got %v, want %v", f.Method, f.AICc, want)
	}
}

// Any history gives finite forecasts or an error.
func FuzzFit(f *testing.F) {
	for _, values := range [][]float64{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1e308, -1e308, 1e308, 0, 0, 0, 0, 0, 1}, {5e-324, 1, 5e-324, 1, 5e-324, 1, 5e-324, 1, 5e-324, 1},
		{1, 1, 1e-300, 1e-300, 1e300, 1, 1, 1e-9, 1e9, 1, 1, 1, 1, 1, 1}} {
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
		f.Add(data, 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, period int) {
		var x []float64
		for ; len(data) >= 8 && len(x) < 200; data = data[8:] {
			x = append(x, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		for name, m := range methods(period) {
			fitted, err := m.Fit(x)
			if err != nil {
				continue
			}
			got, err := fitted.Forecast(20)
			if err != nil {
				if !errors.Is(err, graph.ErrNotFinite) {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			for h := range got.Mean {
				if v := got.Mean[h]; math.IsNaN(v) || math.IsInf(v, 0) || !(got.Deviation[h] >= 0) {
					t.Errorf("%s, step %d: %v ± %v", name, h+1, v, got.Deviation[h])
				}
			}
		}
	})
}

// TestETSFarFromZero adds a constant that is large beside the series. The model that is chosen and its
// forecast stay the same, up to the rounding of the values.
func TestETSFarFromZero(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	near, far := make([]float64, 120), make([]float64, 120)
	for i := range near {
		near[i] = 20 + 5*math.Sin(float64(i)/7*2*math.Pi) + r.NormFloat64()
		far[i] = near[i] + 1e11
	}
	forecasts := func(history []float64) []float64 {
		fitted, err := baselines.ETS{Period: 7}.Fit(history)
		if err != nil {
			t.Fatal(err)
		}
		f, err := fitted.Forecast(7)
		if err != nil {
			t.Fatal(err)
		}
		return f.Mean
	}
	want := forecasts(near)
	for h, got := range forecasts(far) {
		if math.Abs(got-1e11-want[h]) > 0.2 {
			t.Errorf("row %d: %v, want %v", h+1, got-1e11, want[h])
		}
	}
}
