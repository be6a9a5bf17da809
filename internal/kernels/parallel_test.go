package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every number is in one run, and runs are of whole units.
func TestParallel(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rapid.Check(t, func(t *rapid.T) {
		runtime.GOMAXPROCS(rapid.IntRange(1, 9).Draw(t, "cores"))
		n, unit := upTo(t, "n", 100), rapid.IntRange(1, 20).Draw(t, "unit")
		times := make([]int, n)
		var lock sync.Mutex
		Parallel(n, unit, func(from, end int) {
			lock.Lock()
			defer lock.Unlock()
			if from%unit != 0 || end%unit != 0 && end != n {
				t.Errorf("a run %d..%d, not of units of %d", from, end, unit)
			}
			for i := from; i < end; i++ {
				times[i]++
			}
		})
		for i, k := range times {
			if k != 1 {
				t.Fatalf("%d came %d times", i, k)
			}
		}
	})
}

// A panic on any core reaches the caller, when all others have ended.
func TestParallelPanics(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for bad := range 4 {
		ended := make([]bool, 4)
		func() {
			defer func() {
				if got := recover(); got != bad {
					t.Errorf("recovered %v, want %d", got, bad)
				}
			}()
			Parallel(4, 1, func(from, _ int) {
				if from == bad {
					panic(bad)
				}
				ended[from] = true
			})
		}()
		for i, ok := range ended {
			if ok == (i == bad) {
				t.Errorf("with a panic in %d, run %d has ended: %v", bad, i, ok)
			}
		}
	}
}

// BenchmarkParallel shares work of 50 µs between two cores, with pauses of 100 µs
// as between the operations of a training step, and beside it with a goroutine
// that is started each time. The figure is what the work takes beyond 50 µs.
func BenchmarkParallel(b *testing.B) {
	const work, pause = 50 * time.Microsecond, 100 * time.Microsecond
	busy := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); {
		}
	}
	for name, share := range map[string]func(f func(from, end int)){
		"helper": func(f func(from, end int)) { Parallel(2, 1, f) },
		"goroutine": func(f func(from, end int)) {
			var other sync.WaitGroup
			other.Go(func() { f(1, 2) })
			f(0, 1)
			other.Wait()
		},
	} {
		b.Run(name, func(b *testing.B) {
			var took time.Duration
			for range b.N {
				busy(pause)
				start := time.Now()
				share(func(int, int) { busy(work) })
				took += time.Since(start)
			}
			b.ReportMetric(float64((took/time.Duration(b.N)-work).Nanoseconds())/1e3, "µs-beyond")
		})
	}
}

// Work is shared without an allocation. testing.AllocsPerRun would use one core.
func TestParallelAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs short tests, drops spare memory")
	}
	var sum atomic.Int64
	f := func(from, end int) { sum.Add(int64(end - from)) }
	const runs = 1000
	var before, after runtime.MemStats
	Parallel(16, 1, f)
	runtime.ReadMemStats(&before)
	for range runs {
		Parallel(16, 1, f)
	}
	runtime.ReadMemStats(&after)
	if n := after.Mallocs - before.Mallocs; n > runs/4 { // helpers may end and start again
		t.Errorf("%d allocations in %d runs", n, runs)
	}
}

// However many callers there are, there are fewer helpers than cores; and they
// end soon.
func TestHelpers(t *testing.T) {
	const cores = 3
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	allEnd := func() {
		for end := time.Now().Add(10 * time.Second); helpers.Load() > 0; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("helpers stay")
			}
		}
	}
	allEnd() // those of other tests
	var callers sync.WaitGroup
	var most atomic.Int32
	for range 20 {
		callers.Go(func() {
			for range 200 {
				Parallel(cores, 1, func(int, int) {
					if n := helpers.Load(); n > most.Load() {
						most.Store(n)
					}
				})
			}
		})
	}
	callers.Wait()
	if n := most.Load(); n < 1 || n >= cores {
		t.Errorf("%d helpers for %d cores", n, cores)
	}
	allEnd()
}
