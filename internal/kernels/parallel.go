package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Parallel divides the numbers below n into ranges of whole units and calls f for every
// range, on several cores. The results of f must not depend on the division. If f
// panics, Parallel waits for all ranges and panics on the caller's goroutine, where the
// panic can be recovered.
func Parallel(n, unit int, f func(from, end int)) {
	units := (n + unit - 1) / unit
	workers := min(runtime.GOMAXPROCS(0), units)
	if workers <= 1 {
		f(0, n)
		return
	}
	t := &task{runs: int32(workers), f: func(w int) {
		f(units*w/workers*unit, min(units*(w+1)/workers*unit, n))
	}}
	offer(t, workers-1)
	t.finish()
}

// Worth is the minimum number of multiplications for a second core.
const Worth = 1 << 18

// Share is Parallel if the number of multiplications is worth a second core. Otherwise
// it calls f once.
func Share(products, n, unit int, f func(from, end int)) {
	if products < Worth {
		f(0, n)
		return
	}
	Parallel(n, unit, f)
}

// task is work in several ranges, which helpers and the caller take one by one.
type task struct {
	runs       int32
	f          func(run int)
	next, done atomic.Int32
	panicked   atomic.Pointer[any]
}

// offer publishes a task and starts helpers until there are n. If they are busy with
// other tasks, the caller does more of the work.
func offer(t *task, n int) {
	offered.Store(t)
	for h := helpers.Load(); h < int32(n); h = helpers.Load() {
		if helpers.CompareAndSwap(h, h+1) {
			go help(t)
		}
	}
}

// finish works on the task and waits for the helpers.
func (t *task) finish() {
	t.work()
	for spin := 0; t.done.Load() < t.runs; spin++ {
		yield(spin)
	}
	offered.CompareAndSwap(t, nil) // it must not keep what f uses alive
	if p := t.panicked.Load(); p != nil {
		panic(*p)
	}
}

func (t *task) work() {
	for {
		w := t.next.Add(1) - 1
		if w >= t.runs {
			return
		}
		t.run(int(w))
	}
}

func (t *task) run(w int) {
	defer func() {
		if p := recover(); p != nil {
			t.panicked.Store(&p)
		}
		t.done.Add(1)
	}()
	t.f(w)
}

// linger is how long a helper waits for more work before it ends. Waking a sleeping
// thread took up to 0.2 ms on a virtual machine, as long as a small product on one core.
// See BenchmarkParallel.
const linger = time.Millisecond

var (
	offered atomic.Pointer[task] // the last task that waits for helpers
	helpers atomic.Int32         // fewer than the cores
)

// help works on a task and on those that follow within linger. If it ends just when a
// task is offered, the caller does the work alone.
func help(t *task) {
	defer helpers.Add(-1)
	for t != nil {
		t.work()
		t = await()
	}
}

// await waits for a task with unfinished work. It returns nil after linger.
func await() *task {
	end := time.Now().Add(linger)
	for spin := 0; ; spin++ {
		if t := offered.Load(); t != nil && t.next.Load() < t.runs {
			return t
		}
		yield(spin)
		if spin%4096 == 0 && time.Now().After(end) {
			return nil
		}
	}
}
