package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Parallel shares the numbers below n among the cores in runs of whole units,
// and calls f for every run. Nothing that f computes may depend on where a run
// begins. If f panics, so does Parallel, after all have ended: the panic of
// another goroutine could not be recovered by anyone.
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

// Worth is how many products of two elements are worth a second core.
const Worth = 1 << 18

// Share is Parallel for work of a number of products of two elements, if it is worth
// a second core.
func Share(products, n, unit int, f func(from, end int)) {
	if products < Worth {
		f(0, n)
		return
	}
	Parallel(n, unit, f)
}

// task is work in several runs, each of which a helper or the caller does,
// whichever comes first.
type task struct {
	runs       int32
	f          func(run int)
	next, done atomic.Int32
	panicked   atomic.Pointer[any]
}

// offer starts helpers until there are n. Where they are busy with other tasks,
// the caller does more itself.
func offer(t *task, n int) {
	offered.Store(t)
	for h := helpers.Load(); h < int32(n); h = helpers.Load() {
		if helpers.CompareAndSwap(h, h+1) {
			go help(t)
		}
	}
}

// finish does what is left of the task, and waits for what others do.
func (t *task) finish() {
	t.work()
	for spin := 0; t.done.Load() < t.runs; spin++ {
		rest(spin)
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

// A helper that finds no more work stays awake for a moment. To wake a thread
// that sleeps took up to 0.2 ms on a virtual machine, as long as a small product
// takes on one core: see BenchmarkParallel.
const linger = time.Millisecond

var (
	offered atomic.Pointer[task] // the last task that waits for helpers
	helpers atomic.Int32         // fewer than the cores
)

// help works on a task, and on those that come soon after it. If it leaves just
// when it is counted on, the caller does the work alone.
func help(t *task) {
	defer helpers.Add(-1)
	for t != nil {
		t.work()
		t = await()
	}
}

// await waits for a task with work to do; nil means that none came.
func await() *task {
	end := time.Now().Add(linger)
	for spin := 0; ; spin++ {
		if t := offered.Load(); t != nil && t.next.Load() < t.runs {
			return t
		}
		rest(spin)
		if spin%4096 == 0 && time.Now().After(end) {
			return nil
		}
	}
}
