package search_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engram-go/engram/train/search"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"pgregory.net/rapid"
)

func constant(context.Context, *search.Trial) (float64, error) { return 1, nil }

// space has a parameter of each kind.
var space = search.Space{
	"rate":  search.Float{Low: 1e-4, High: 1, Log: true},
	"units": search.Int{Low: 1, High: 64},
	"cell":  search.Choice[string]{"lstm", "gru"},
}

// valley is lowest where the rate is 0.01 and units are 40. Some trials fail, each in
// another way, and each takes another time.
func valley(ctx context.Context, t *search.Trial) (float64, error) {
	rate, units, cell := t.Float("rate"), t.Int("units"), search.Chosen[string](t, "cell")
	time.Sleep(time.Duration(t.Seed % 2e6))
	switch {
	case units == 13:
		return math.NaN(), nil
	case units == 14:
		return 0, errors.New("out of memory,\nin a second line")
	case units == 15:
		panic("index out of range")
	case units == 16:
		runtime.Goexit()
	case units == 17:
		return t.Float("nothing"), nil
	}
	score := math.Pow(math.Log10(rate)+2, 2) + math.Pow(float64(units-40)/20, 2)
	if cell == "gru" {
		score += 0.5
	}
	for epoch := 1; epoch <= 20; epoch++ {
		if !t.Report(epoch, score+2/float64(epoch)) {
			return 0, nil
		}
	}
	return score, nil
}

// configs are searches of all kinds, and of more trials than there are failures.
func configs() map[string]search.Config {
	return map[string]search.Config{
		"random":       {Space: space, Method: search.Random{Trials: 80}, Seed: 3},
		"grid":         {Space: space, Method: search.Grid{Points: 5}},
		"halving":      {Space: space, Method: search.Random{Trials: 80}, Seed: 3, Halving: &search.Halving{Factor: 3}},
		"halving grid": {Space: space, Method: search.Grid{Points: 5}, Halving: &search.Halving{First: 2, Factor: 2}, Maximize: true},
	}
}

// Any number of workers gives the same result, byte for byte.
func TestWorkers(t *testing.T) {
	for name, cfg := range configs() {
		t.Run(name, func(t *testing.T) {
			cfg.Workers = 1
			want := tables(t, run(t, cfg, valley))
			for _, workers := range []int{2, 3, 16} {
				cfg.Workers = workers
				if diff := cmp.Diff(want, tables(t, run(t, cfg, valley))); diff != "" {
					t.Errorf("%d workers (-1 worker +%[1]d workers):\n%s", workers, diff)
				}
			}
		})
	}
}

// Rows say how trials that failed did so, and the others are not affected.
func TestFailures(t *testing.T) {
	r := run(t, search.Config{Space: search.Space{
		"rate": search.Choice[float64]{0.01}, "units": search.Int{Low: 12, High: 18}, "cell": search.Choice[string]{"lstm"},
	}, Method: search.Grid{Points: 7}}, valley)
	want := []string{
		"", "score must be finite, got NaN", "out of memory,\nin a second line", "the objective panicked: index out of range",
		"the objective ended its goroutine", `search: trial 5: "nothing" must be a parameter of the space: cell, rate, units`, "",
	}
	for i, row := range r.Rows {
		if row.Trial != i || row.Error != want[i] || (row.State == search.Failed) != (want[i] != "") || math.IsNaN(row.Score) != (want[i] != "") {
			t.Errorf("got %+v, want %q", row, want[i])
		}
	}
	if best, err := r.Best(); err != nil || best.Trial != 6 {
		t.Errorf("the best is %+v, %v", best, err)
	}
	all := run(t, search.Config{Space: space, Method: search.Random{Trials: 2}}, func(context.Context, *search.Trial) (float64, error) {
		return 0, errors.New("no data")
	})
	if _, err := all.Best(); err == nil || !strings.Contains(err.Error(), "trial 0 failed: no data") {
		t.Errorf("got %v", err)
	}
}

// Errors of the methods of a trial fail it.
func TestTrialErrors(t *testing.T) {
	for name, c := range map[string]struct {
		use  func(t *search.Trial)
		want string
	}{
		"type":         {func(t *search.Trial) { t.Int("rate") }, `"rate" must be read with its type, float64, got int`},
		"first":        {func(t *search.Trial) { t.Int("rate"); t.Int("x") }, `"rate" must be read with its type, float64, got int`},
		"same epoch":   {func(t *search.Trial) { t.Report(1, 1); t.Report(1, 1) }, `"epochs" must be more than in the report before, 1, got 1`},
		"epoch 0":      {func(t *search.Trial) { t.Report(0, 1) }, `"epochs" must be more than in the report before, 0, got 0`},
		"NaN":          {func(t *search.Trial) { t.Report(3, math.NaN()) }, "score after 3 epochs must be finite, got NaN"},
		"infinite":     {func(t *search.Trial) { t.Report(3, math.Inf(1)) }, "score after 3 epochs must be finite, got +Inf"},
		"after errors": {func(t *search.Trial) { t.Int("x"); t.Report(3, 1) }, `"x" must be a parameter of the space: cell, rate, units`},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, search.Config{Space: space, Method: search.Random{Trials: 1}}, func(_ context.Context, trial *search.Trial) (float64, error) {
				c.use(trial)
				return 1, nil
			})
			if row := r.Rows[0]; row.State != search.Failed || strings.TrimPrefix(row.Error, "search: trial 0: ") != c.want {
				t.Errorf("got %+v, want %q", row, c.want)
			}
		})
	}
}

// A choice of an interface type may have a nil.
func TestNilChoice(t *testing.T) {
	cfg := search.Config{Space: search.Space{"x": search.Choice[fmt.Stringer]{nil, time.Second}}, Method: search.Grid{}}
	r := run(t, cfg, func(_ context.Context, trial *search.Trial) (float64, error) {
		if s := search.Chosen[fmt.Stringer](trial, "x"); s != nil {
			return 1, nil
		}
		return 0, nil
	})
	if r.Rows[0].Score != 0 || r.Rows[1].Score != 1 {
		t.Errorf("got %+v", r.Rows)
	}
}

// An objective that changes the values of its trial does not change the result.
func TestValuesOfRows(t *testing.T) {
	cfg := search.Config{Space: space, Method: search.Random{Trials: 3}}
	r := run(t, cfg, func(_ context.Context, trial *search.Trial) (float64, error) {
		clear(trial.Values)
		return 1, nil
	})
	for i, row := range r.Rows {
		if diff := cmp.Diff(search.Random{}.Values(space, 0, i), row.Values); diff != "" {
			t.Error(diff)
		}
	}
}

// A canceled search returns what has finished, and the error of the context.
func TestCancel(t *testing.T) {
	for name, cfg := range configs() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var calls atomic.Int32
			cfg.Workers = 3
			r, err := search.Run(ctx, cfg, func(ctx context.Context, trial *search.Trial) (float64, error) {
				if calls.Add(1) == 8 {
					cancel()
				}
				return valley(ctx, trial)
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			if len(r.Rows) > 7 || calls.Load() > 10 {
				t.Errorf("%d trials finished of %d that began", len(r.Rows), calls.Load())
			}
		})
	}
}

// Trials run at the same time as far as Workers and Memory let them.
func TestLimits(t *testing.T) {
	const each = 8 << 20
	for name, c := range map[string]struct {
		cfg       search.Config
		low, high int
	}{
		"one worker":       {search.Config{Workers: 1}, 1, 1},
		"three workers":    {search.Config{Workers: 3}, 3, 3},
		"given memory":     {search.Config{Workers: 4, Memory: 2*each + 1, TrialMemory: each}, 2, 2},
		"exactly":          {search.Config{Workers: 4, Memory: 3 * each, TrialMemory: each}, 3, 3},
		"little memory":    {search.Config{Workers: 4, Memory: each / 2}, 1, 1},
		"measured":         {search.Config{Workers: 4, Memory: 5 * each / 2}, 1, 2},
		"enough, measured": {search.Config{Workers: 3, Memory: 100 * each}, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			running, most := 0, 0
			c.cfg.Space, c.cfg.Method = space, search.Random{Trials: 8}
			run(t, c.cfg, func(_ context.Context, trial *search.Trial) (float64, error) {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				held := make([]byte, each)
				time.Sleep(30 * time.Millisecond)
				mu.Lock()
				running--
				mu.Unlock()
				return float64(held[trial.Number]), nil
			})
			if most < c.low || most > c.high {
				t.Errorf("%d trials ran at the same time, want %d to %d", most, c.low, c.high)
			}
		})
	}
}

// A random search has the scores and the best trial that a plain loop over the values has.
func TestRandomAgainstALoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := search.Config{Space: space, Method: search.Random{Trials: rapid.IntRange(1, 30).Draw(t, "trials")}, Seed: rapid.Uint64().Draw(t, "seed"), Maximize: rapid.Bool().Draw(t, "maximize")}
		score := func(values map[string]any) float64 {
			return math.Mod(1000*values["rate"].(float64)+float64(values["units"].(int)), 7)
		}
		r := run(t, cfg, func(_ context.Context, trial *search.Trial) (float64, error) { return score(trial.Values), nil })
		best := -1
		var bestScore float64
		for i := range r.Rows {
			s := score(cfg.Method.Values(space, cfg.Seed, i))
			if r.Rows[i].Score != s {
				t.Fatalf("trial %d has %v, want %v", i, r.Rows[i].Score, s)
			}
			if best < 0 || cfg.Maximize && s > bestScore || !cfg.Maximize && s < bestScore {
				best, bestScore = i, s
			}
		}
		if got, err := r.Best(); err != nil || got.Trial != best {
			t.Fatalf("the best is trial %d, %v, want %d", got.Trial, err, best)
		}
		seeds := map[uint64]bool{}
		var mu sync.Mutex
		run(t, cfg, func(_ context.Context, trial *search.Trial) (float64, error) {
			mu.Lock()
			defer mu.Unlock()
			seeds[trial.Seed] = true
			return 0, nil
		})
		if len(seeds) != len(r.Rows) {
			t.Fatalf("%d trials have %d seeds", len(r.Rows), len(seeds))
		}
		if !slices.Equal(r.Names, []string{"cell", "rate", "units"}) {
			t.Fatalf("the names are %q", r.Names)
		}
	})
}
