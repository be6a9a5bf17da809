package kernels

import (
	"runtime"
	"sync"
)

// Parallel shares the numbers below n among the cores in runs of whole units,
// and calls f for every run at once. Nothing that f computes may depend on
// where a run begins. If f panics, so does Parallel, after all have ended: the
// panic of another goroutine could not be recovered by anyone.
func Parallel(n, unit int, f func(from, end int)) {
	units := (n + unit - 1) / unit
	workers := min(runtime.GOMAXPROCS(0), units)
	if workers <= 1 {
		f(0, n)
		return
	}
	var all sync.WaitGroup
	panics := make([]any, workers)
	run := func(w int) {
		defer func() { panics[w] = recover() }()
		f(units*w/workers*unit, min(units*(w+1)/workers*unit, n))
	}
	for w := 1; w < workers; w++ {
		all.Go(func() { run(w) })
	}
	run(0)
	all.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
}
