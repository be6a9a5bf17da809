package kernels

import (
	"runtime"
	"sync"
)

// Parallel shares the numbers below n among the cores in runs of whole units,
// and calls f for every run at once. Nothing that f computes may depend on
// where a run begins.
func Parallel(n, unit int, f func(from, end int)) {
	units := (n + unit - 1) / unit
	workers := min(runtime.GOMAXPROCS(0), units)
	if workers <= 1 {
		f(0, n)
		return
	}
	var all sync.WaitGroup
	for w := 1; w < workers; w++ {
		all.Add(1)
		go func() {
			defer all.Done()
			f(units*w/workers*unit, min(units*(w+1)/workers*unit, n))
		}()
	}
	f(0, units/workers*unit)
	all.Wait()
}
