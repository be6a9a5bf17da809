package baselines

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/engram-go/engram/datasets"
)

// R prints for HoltWinters(AirPassengers, seasonal = "mult") the parameters and states
// below. It starts at the second year, with the decomposition of the first two and the
// line through their trend.
func TestSmoothingAsInR(t *testing.T) {
	x := datasets.AirPassengers().Values[0]
	effects := decompose(x[:24], 12, true)
	adjusted := runningMeans(x[:24], 12)
	trend := make([]float64, 12)
	for i := range trend {
		trend[i] = (adjusted[i] + adjusted[i+1]) / 2
	}
	level, slope := line(trend)
	s := newSmoothing(x[12:], 12, "additive", "multiplicative")
	s.initial = states{level, slope, effects.effects}
	p := parameters{alpha: 0.2755925, beta: 0.03269295, gamma: 0.8707292, phi: 1}
	got, theirs := s.run(p)
	near := func(what string, got, want, tol float64) {
		t.Helper()
		if !(math.Abs(got-want) <= tol*math.Abs(want)) {
			t.Errorf("%s: got %.9g, want %.9g", what, got, want)
		}
	}
	near("level", got.level, 469.3232206, 1e-6)
	near("slope", got.slope, 3.0215391, 1e-5)
	for i, want := range []float64{0.9464611, 0.8829239, 0.9717369, 1.0304825, 1.0476884, 1.1805272,
		1.3590778, 1.3331706, 1.1083381, 0.9868813, 0.8361333, 0.9209877} {
		near("season", got.season[i], want, 1e-6)
	}
	found, ok := s.estimate()
	if !ok {
		t.Fatal("no parameters")
	}
	if _, ours := s.run(found); ours.sum > theirs.sum*(1+1e-7) {
		t.Errorf("sum of squares %v with %+v, R has %v", ours.sum, found, theirs.sum)
	}
	near("alpha", found.alpha, p.alpha, 0.01)
	near("beta", found.beta, p.beta, 0.02)
	near("gamma", found.gamma, p.gamma, 0.01)
}

// The nine models agree with testdata/baselines.py: sums of squares and forecasts with
// given parameters, and the least sum of squares.
func TestSmoothings(t *testing.T) {
	var golden struct {
		Series     map[string][]float64
		Smoothings []struct {
			Series, Trend, Season string
			Period                int
			Parameters            [4]float64 // alpha, phi, beta, gamma
			Sum, Least            float64
			Mean, Deviation       []float64
		}
	}
	data, err := os.ReadFile("testdata/baselines.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(golden.Smoothings) != 18 {
		t.Errorf("got %d models, want 18", len(golden.Smoothings))
	}
	for _, g := range golden.Smoothings {
		t.Run(g.Series+" "+g.Trend+" "+g.Season, func(t *testing.T) {
			s := newSmoothing(golden.Series[g.Series], g.Period, g.Trend, g.Season)
			p := parameters{alpha: g.Parameters[0], phi: g.Parameters[1], beta: g.Parameters[2], gamma: g.Parameters[3]}
			end, out := s.run(p)
			if !(math.Abs(out.sum-g.Sum) <= 1e-10*g.Sum) {
				t.Errorf("sum of squares %v, want %v", out.sum, g.Sum)
			}
			got, err := (&Fitted{Level: end.level, Slope: end.slope, Season: end.season, Multiplicative: s.multiplicative,
				Damping: p.phi, Alpha: p.alpha, Beta: p.beta, Gamma: p.gamma, Sigma: 1}).Forecast(len(g.Mean))
			if err != nil {
				t.Fatal(err)
			}
			for h := range g.Mean {
				if !(math.Abs(got.Mean[h]-g.Mean[h]) <= 1e-10*math.Abs(g.Mean[h])) {
					t.Errorf("step %d: mean %v, want %v", h+1, got.Mean[h], g.Mean[h])
				}
				if !(math.Abs(got.Deviation[h]-g.Deviation[h]) <= 1e-10*g.Deviation[h]) {
					t.Errorf("step %d: deviation %v, want %v", h+1, got.Deviation[h], g.Deviation[h])
				}
			}
			found, ok := s.estimate()
			if _, ours := s.run(found); !ok || ours.sum > g.Least*(1+1e-6) {
				t.Errorf("sum of squares %v with %+v, the grid has %v", ours.sum, found, g.Least)
			}
		})
	}
}
