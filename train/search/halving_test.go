package search_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/train/search"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A search with Halving stops the trials that a plain loop stops, which runs one trial after
// the other and sorts the scores of each rung.
func TestHalvingAgainstALoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trials := rapid.IntRange(1, 25).Draw(t, "trials")
		h := search.Halving{First: rapid.IntRange(1, 3).Draw(t, "first"), Factor: rapid.IntRange(2, 4).Draw(t, "factor")}
		maximize := rapid.Bool().Draw(t, "maximize")
		// Few scores, so that some are equal, and trials of different lengths.
		var scores [][]float64
		for range trials {
			n := rapid.IntRange(0, 20).Draw(t, "epochs")
			scores = append(scores, rapid.SliceOfN(rapid.SampledFrom([]float64{1, 2, 3, 4, math.NaN()}), n, n).Draw(t, "scores"))
		}

		reached := map[int][]float64{} // by the epochs of the rung
		var states []search.State
		var epochs []int
		for _, s := range scores {
			state, last := search.Done, 0
			next := h.First
			for e := 1; e <= len(s) && state == search.Done; e++ {
				last = e
				if math.IsNaN(s[e-1]) {
					state = search.Failed
				} else if e == next {
					reached[e] = append(reached[e], s[e-1])
					sorted := slices.Sorted(slices.Values(reached[e]))
					if maximize {
						slices.Reverse(sorted)
					}
					rank := slices.Index(sorted, s[e-1]) // as many are better
					if rank >= max(1, len(sorted)/h.Factor) {
						state = search.Stopped
					}
					next *= h.Factor
				}
			}
			states, epochs = append(states, state), append(epochs, last)
		}

		cfg := search.Config{
			Space: space, Method: search.Random{Trials: trials}, Halving: &h, Maximize: maximize,
			Workers: rapid.IntRange(1, 5).Draw(t, "workers"),
		}
		r := run(t, cfg, func(_ context.Context, trial *search.Trial) (float64, error) {
			for i, s := range scores[trial.Number] {
				if !trial.Report(i+1, s) {
					break
				}
			}
			return -1, nil
		})
		var got []search.State
		var gotEpochs []int
		for i, row := range r.Rows {
			got, gotEpochs = append(got, row.State), append(gotEpochs, row.Epochs)
			if want := -1.0; row.State == search.Done && row.Score != want || row.State == search.Stopped && row.Score != scores[i][row.Epochs-1] {
				t.Fatalf("trial %d: %+v", i, row)
			}
		}
		if diff := cmp.Diff(states, got); diff != "" {
			t.Fatalf("states (-loop +search):\n%s", diff)
		}
		if diff := cmp.Diff(epochs, gotEpochs); diff != "" {
			t.Fatalf("epochs (-loop +search):\n%s", diff)
		}
	})
}

// A report that is past several rungs is compared on each of them.
func TestHalvingSkipsRungs(t *testing.T) {
	cfg := search.Config{Space: space, Method: search.Random{Trials: 3}, Halving: &search.Halving{Factor: 2}, Workers: 1}
	r := run(t, cfg, func(_ context.Context, trial *search.Trial) (float64, error) {
		switch trial.Number {
		case 0: // ahead on the rungs 1, 2 and 4
			trial.Report(1, 5)
			trial.Report(4, 1)
		case 1: // ahead on rung 1 alone
			trial.Report(4, 3)
		case 2: // ahead on all
			trial.Report(math.MaxInt, 0)
		}
		return 0, nil
	})
	var got []search.State
	for _, row := range r.Rows {
		got = append(got, row.State)
	}
	if want := []search.State{search.Done, search.Stopped, search.Done}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// learner is a training: its loss falls to a floor, which is lowest for a rate of 0.01, and
// is noisy. It counts the epochs of all trials.
func learner(epochs int, spent *int) search.Objective {
	return func(_ context.Context, t *search.Trial) (float64, error) {
		floor := math.Pow(math.Log10(t.Float("rate"))+2, 2)
		noise := rand.New(rand.NewPCG(t.Seed, 0))
		loss := 0.0
		for e := 1; e <= epochs; e++ {
			loss = floor + 4*math.Exp(-float64(e)/8) + 0.02*noise.NormFloat64()
			*spent++
			if !t.Report(e, loss) {
				break
			}
		}
		return floor, nil
	}
}

// Searches find a planted optimum. Of the trials of a random search, the best is in the best
// twentieth of the range in 1 − 0.95ⁿ of all searches, and not in one of twenty. With
// Halving, searches of no more epochs find a better trial than random ones more often than
// a coin would decide (a sign test at 1e-4).
func TestPlantedOptimum(t *testing.T) {
	const searches, trials, epochs = 100, 20, 64
	rates := search.Space{"rate": search.Float{Low: 1e-4, High: 1, Log: true}}
	hits, wins, ties, randomEpochs, halvingEpochs := 0, 0, 0, 0, 0
	for seed := range uint64(searches) {
		plain := run(t, search.Config{Space: rates, Method: search.Random{Trials: trials}, Seed: seed, Workers: 1}, learner(epochs, &randomEpochs))
		best, err := plain.Best()
		check(t, err)
		if math.Abs(math.Log10(best.Values["rate"].(float64))+2) < 0.1 { // of 4 decades, a twentieth
			hits++
		}
		halved := run(t, search.Config{
			Space: rates, Method: search.Random{Trials: 5 * trials}, Seed: seed + searches, Workers: 1, Halving: &search.Halving{First: 4, Factor: 4},
		}, learner(epochs, &halvingEpochs))
		other, err := halved.Best()
		check(t, err)
		switch {
		case other.Score < best.Score:
			wins++
		case other.Score == best.Score:
			ties++
		}
	}
	if halvingEpochs > randomEpochs {
		t.Errorf("Halving took %d epochs and Random %d", halvingEpochs, randomEpochs)
	}
	t.Logf("%d hits, %d wins, %d and %d epochs", hits, wins, randomEpochs, halvingEpochs)
	// Binomial with 100 searches: 64 % are expected, 5 % by chance. Below 46 and above 81
	// are less than 1e-4 of all.
	if hits < 46 || hits > 81 {
		t.Errorf("%d of %d searches hit the optimum", hits, searches)
	}
	if wins < 69 || ties > 0 { // 69 or more heads of 100 are less than 1e-4
		t.Errorf("Halving was better in %d of %d searches, %d ties", wins, searches, ties)
	}
}
