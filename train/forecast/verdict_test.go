package forecast

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/metrics"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// planted compares made-up forecasts of a model, truth plus error(i, h), with the simple methods.
func planted(t *testing.T, c Config, wrong func(origin, h int) float64, series ...*datasets.Series) (*Forecaster, []place, Verdict) {
	t.Helper()
	f, parts, err := prepare(c, series, true)
	if err != nil {
		t.Fatal(err)
	}
	f.predictor.levels = levelsOf(f.config.Head)
	at := places(parts, part.tested, 0)
	var forecasts [][]predicted
	for i, p := range at {
		var all []predicted
		for j := range p.track.layout.Targets {
			var one predicted
			for h := range c.Horizon {
				one.values = append(one.values, p.track.columns[j].raw[p.row+1+h]+wrong(i, h))
			}
			for l := range f.predictor.levels {
				q := make([]float64, c.Horizon)
				for h := range q {
					q[h] = one.values[h] + float64(l-1)
				}
				one.quantiles = append(one.quantiles, q)
			}
			all = append(all, one)
		}
		forecasts = append(forecasts, all)
	}
	v, err := f.compare(context.Background(), at, forecasts, simpleMethods(f.config.Season))
	if err != nil {
		t.Fatal(err)
	}
	return f, at, v
}

func series(n int, value func(t int) float64) *datasets.Series {
	x := make([]float64, n)
	for t := range x {
		x[t] = value(t)
	}
	return datasets.FromSlice("x", x)
}

func randomWalk(n int, seed uint64) *datasets.Series {
	r, level := rand.New(rand.NewPCG(seed, 1)), 0.0
	return series(n, func(int) float64 { level += r.NormFloat64(); return level })
}

// TestVerdictOfPlantedCases has series of which one method alone is right.
func TestVerdictOfPlantedCases(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	season := []float64{3, 9, 1, 7, 2, 8}
	level := 0.0
	for name, c := range map[string]struct {
		season int
		series *datasets.Series
		wrong  float64 // of the model
		best   string
		says   string
	}{
		"model": {1, randomWalk(200, 2), 0.1, "model", "The model wins"},
		"naive": {6, series(200, func(t int) float64 {
			if t%23 == 0 {
				level = r.NormFloat64() * 9
			}
			return level
		}), 6, "naive", "The model loses: naive"},
		"seasonal naive": {6, series(200, func(t int) float64 {
			if t%60 < 6 {
				season[t%6] = r.NormFloat64() * 9
			}
			return season[t%6]
		}), 6, "seasonal naive", "The model loses: seasonal naive has a MASE"},
		"equal":      {1, series(100, func(int) float64 { return 5 }), 0, "naive", "The model is no better than naive, the best simple method: both have a MAE of 0 ("},
		"exactly so": {6, series(200, func(t int) float64 { return season[t%6] }), 1, "seasonal naive", "The model loses: seasonal naive has a MAE of 0"},
	} {
		_, _, v := planted(t, Config{Horizon: 6, Steps: 8, Season: c.season, Validation: 0.1, Test: 0.2}, func(i, h int) float64 { return c.wrong }, c.series)
		if v.Best != c.best || c.best != "model" && v.Rival != v.Best {
			t.Errorf("%s: the best is %s, the rival %s", name, v.Best, v.Rival)
		}
		if !strings.Contains(v.String(), c.says) {
			t.Errorf("%s: the verdict says %s", name, v)
		}
	}
}

// TestVerdictOfLoops computes scores and the p-value of the model again, with plain loops:
// for one series, several targets, and targets as series of their own.
func TestVerdictOfLoops(t *testing.T) {
	both, err := datasets.FromColumns("both", []string{"a", "b"}, [][]float64{randomWalk(150, 3).Values[0], randomWalk(150, 4).Values[0]})
	if err != nil {
		t.Fatal(err)
	}
	for _, pool := range []bool{false, true} {
		for _, horizon := range []int{1, 4} {
			r := rand.New(rand.NewPCG(5, 5))
			var wrong [300][4]float64
			for i := range wrong {
				for h := range wrong[i] {
					wrong[i][h] = r.NormFloat64()
				}
			}
			_, at, v := planted(t, Config{Horizon: horizon, Steps: 6, Season: 1, Pool: pool}, func(i, h int) float64 { return wrong[i][h] }, both)
			sum, scaled, n := 0.0, 0.0, 0.0
			ofTarget := map[string]float64{}                     // sums of absolute errors
			model, rival := map[int]float64{}, map[int]float64{} // sums of squared errors, by row
			first := at[0].row
			for i, p := range at {
				for j, target := range p.track.layout.Targets {
					x := p.track.columns[j].raw
					scale := 0.0
					for k := 1; k <= p.row; k++ {
						scale += math.Abs(x[k]-x[k-1]) / float64(p.row)
					}
					drift := (x[p.row] - x[0]) / float64(p.row)
					for h := range horizon {
						e := wrong[i][h]
						sum, scaled, n = sum+math.Abs(e), scaled+math.Abs(e)/scale, n+1
						ofTarget[target] += math.Abs(e)
						other := x[p.row+1+h] - x[p.row]
						if v.Rival == "drift" {
							other -= drift * float64(h+1)
						} else if v.Rival != "naive" {
							t.Fatalf("the rival is %s; take another seed", v.Rival)
						}
						model[p.row] += e * e / (scale * scale) / float64(2*horizon)
						rival[p.row] += other * other / (scale * scale) / float64(2*horizon)
					}
				}
			}
			s, _ := v.Of("model")
			near := func(what string, got *float64, want float64) {
				if got == nil || math.Abs(*got-want) > 1e-9*math.Abs(want) {
					t.Errorf("pool %v, horizon %d: %s is not %v", pool, horizon, what, want)
				}
			}
			near("MAE", s.MAE, sum/n)
			near("MAE of a", s.Targets["a"].MAE, ofTarget["a"]/(n/2))
			near("MAE of b", s.Targets["b"].MAE, ofTarget["b"]/(n/2))
			near("MASE", s.MASE, scaled/n)
			if s.Count != int(n) || v.Origins != len(model) {
				t.Errorf("%d values of %d forecasts, want %v of %d", s.Count, v.Origins, n, len(model))
			}
			// Diebold and Mariano's test of the losses of whole forecasts, one row apart.
			var d []float64
			mean := 0.0
			for i := range len(model) {
				d = append(d, model[first+i]-rival[first+i])
				mean += d[i] / float64(len(model))
			}
			variance, m, waves := 0.0, float64(len(d)), len(d)-1
			if horizon > 1 {
				waves = int(min(m/(2*float64(horizon)), 0.41*math.Cbrt(m*m)))
			}
			for j := 1; j <= waves; j++ {
				wave := 0.0
				for i, x := range d {
					wave += math.Sqrt(2/m) * x * math.Cos(math.Pi*float64(j)*(float64(i)+0.5)/m)
				}
				variance += wave * wave / float64(waves)
			}
			statistic := mean * math.Sqrt(m/variance)
			near("p", v.P, 2*distuv.StudentsT{Sigma: 1, Nu: float64(waves)}.CDF(-math.Abs(statistic)))
		}
	}
}

// TestRepeats says that a copy of the newest value repeats, and that a network which has
// learned a cycle does not.
func TestRepeats(t *testing.T) {
	walk := randomWalk(400, 1)
	cycle := series(400, func(t int) float64 { return math.Sin(float64(t) / 3) })
	learned := Config{Horizon: 2, Steps: 12, Season: 1, Head: Point{}, Epochs: 30, Network: networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 4}}}}
	copied := learned
	copied.Network, copied.Epochs = last{}, 1
	for name, c := range map[string]struct {
		config Config
		series *datasets.Series
		want   bool
	}{
		"a copy of a walk":  {copied, walk, true},
		"a copy of a cycle": {copied, cycle, true},
		"a learned cycle":   {learned, cycle, false},
	} {
		f, err := Fit(context.Background(), c.config, c.series)
		if err != nil {
			t.Fatal(err)
		}
		v := f.Verdict()
		if v.Repeats != c.want || strings.Contains(v.String(), "repeats what was last known") != c.want {
			t.Errorf("%s: %s", name, v)
		}
		if v.Origins > originsOfSeries {
			t.Errorf("%d origins", v.Origins)
		}
	}
}

// last forecasts the newest value, but for a weight that hardly moves from 0.
type last struct{}

// Model makes the model.
func (last) Model(t networks.Task) (*models.Model, error) {
	in := models.NewInput(layers.Input{Shape: graph.Shape{t.Steps, t.Past}, Name: "window"})
	m := models.NewFunctional(models.Config{Name: t.Name, Dtype: t.Dtype}, []models.Tensor{in}, models.Outputs{models.Use(newest{t.Horizon}).Call(in)})
	return &m.Model, m.Build()
}

type newest struct{ Horizon int }

func (n newest) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	x := in[0].Slice(1, in[0].Dim(1)-1, in[0].Dim(1)).Slice(2, 0, 1) // [batch, 1, 1]
	return []graph.Value{x.BroadcastTo(x.Dim(0), n.Horizon, 1).Add(s.Param("add", graph.Shape{1}, initializers.Constant{}))}
}

// TestHistory compares what simple methods and MASE read with the definition: missing values
// are filled with the one before.
func TestHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SliceOfN(rapid.Bool(), 1, 30).Draw(t, "known")
		season, most := rapid.IntRange(1, 4).Draw(t, "season"), rapid.IntRange(1, 40).Draw(t, "most")
		raw := make([]float64, len(known))
		var filled []float64
		tr := &track{columns: []*column{{raw: raw}}}
		for i, yes := range known {
			raw[i] = float64(i * i % 7)
			if !yes {
				raw[i] = math.NaN()
			}
		}
		scales := tr.naiveScales(0, season)
		for row, v := range raw {
			switch {
			case !math.IsNaN(v):
				filled = append(filled, v)
			case len(filled) > 0:
				filled = append(filled, filled[len(filled)-1])
			}
			if got, want := tr.history(0, row, most), filled[max(0, len(filled)-most):]; !slices.Equal(got, want) {
				t.Fatalf("row %d: history %v, want %v", row, got, want)
			}
			want, err := metrics.NaiveScale(filled, season)
			if err != nil {
				want = 0
			}
			if scales[row] != want {
				t.Fatalf("row %d: scale %v, want %v", row, scales[row], want)
			}
		}
	})
}
