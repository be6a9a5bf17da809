package kernels

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every unit is computed once in every round, and no round begins before the one
// before has ended.
func TestRounds(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rapid.Check(t, func(t *rapid.T) {
		runtime.GOMAXPROCS(rapid.IntRange(1, 4).Draw(t, "cores"))
		soloUntil.Store(0)
		rounds, units := upTo(t, "rounds", 300), rapid.IntRange(1, 12).Draw(t, "units")
		times := make([]atomic.Int32, units)
		ended := 0
		Rounds(rounds, units, func(round, from, end int) {
			if round != ended {
				t.Errorf("round %d begins when %d have ended", round, ended)
			}
			for u := from; u < end; u++ {
				times[u].Add(1)
			}
		}, func(round int) {
			if round != ended {
				t.Errorf("round %d ends as the one numbered %d", round, ended)
			}
			ended++
			for u := range times {
				if n := times[u].Load(); int(n) != ended {
					t.Errorf("after %d rounds unit %d came %d times", ended, u, n)
				}
			}
		})
		if ended != rounds {
			t.Errorf("%d of %d rounds", ended, rounds)
		}
	})
}

// A helper takes part, from the last unit on, and its panics and those of the
// caller reach the caller.
func TestRoundsPanic(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, bad := range []int{0, 1} { // the caller's unit, the helper's
		soloUntil.Store(0)
		func() {
			defer func() {
				if got := recover(); got != bad {
					t.Errorf("recovered %v, want %d", got, bad)
				}
			}()
			var met atomic.Int32
			Rounds(3, 2, func(_, from, _ int) {
				met.Add(1)
				for met.Load() < 2 { // until each has one
					runtime.Gosched()
				}
				if from == bad {
					panic(bad)
				}
			}, func(int) {})
		}()
	}
}

// A caller that waited long for a helper works without one for a while, and then
// takes help again.
func TestRoundsAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	soloUntil.Store(0)
	var met atomic.Int32
	Rounds(1, 2, func(_, from, _ int) {
		met.Add(1)
		for met.Load() < 2 {
			runtime.Gosched()
		}
		if from == 1 {
			time.Sleep(50 * time.Millisecond)
		}
	}, func(int) {})
	if until := soloUntil.Load(); until == 0 {
		t.Fatal("a helper that was late for 50 ms changed nothing")
	}
	soloUntil.Store(now() + int64(time.Hour))
	defer soloUntil.Store(0)
	Rounds(1, 2, func(_, from, end int) {
		if from != 0 || end != 2 {
			t.Errorf("in the solo period, but only units %d..%d in one call", from, end)
		}
	}, func(int) {})
}
