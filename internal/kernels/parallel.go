package kernels

import (
	"runtime"
	"sync"
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
	t, ok := tasks.Get().(*task)
	if !ok {
		t = new(task)
	}
	t.n, t.unit, t.f = n, unit, f
	t.begin(uint32(workers))
	offer(t, workers-1)
	p := t.finish()
	t.f = nil // it must not keep what f uses alive
	tasks.Put(t)
	if p != nil {
		panic(*p)
	}
}

// tasks are spare ones.
var tasks sync.Pool

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

// task is work in several ranges, which helpers and the caller take one by one. It is used
// again for other work, so a helper may still look at it then. That does no harm: it reads
// the fields only when it has taken a range, and the work ends only after that range.
type task struct {
	n, unit  int
	f        func(from, end int)
	state    atomic.Uint64 // the number of ranges, and in the lower half how many are taken
	done     atomic.Uint32
	panicked atomic.Pointer[any]
}

// begin offers so many ranges.
func (t *task) begin(ranges uint32) {
	t.done.Store(0)
	t.panicked.Store(nil)
	t.state.Store(uint64(ranges) << 32)
}

// take takes the next range.
func (t *task) take() (i, ranges int, ok bool) {
	for {
		s := t.state.Load()
		if !left(s) {
			return 0, 0, false
		}
		if t.state.CompareAndSwap(s, s+1) {
			return int(uint32(s)), int(s >> 32), true
		}
	}
}

// left reports whether there are ranges that nobody has taken.
func left(state uint64) bool { return uint32(state) < uint32(state>>32) }

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

// finish works on the task, waits for the helpers, and returns what panicked.
func (t *task) finish() *any {
	t.work()
	ranges := uint32(t.state.Load() >> 32)
	for spin := 0; t.done.Load() < ranges; spin++ {
		yield(spin)
	}
	offered.CompareAndSwap(t, nil)
	return t.panicked.Load()
}

func (t *task) work() {
	for {
		i, ranges, ok := t.take()
		if !ok {
			return
		}
		t.run(i, ranges)
	}
}

// run computes range i.
func (t *task) run(i, ranges int) {
	defer func() {
		if p := recover(); p != nil {
			kept := p // only here, so that nothing is allocated without a panic
			t.panicked.Store(&kept)
		}
		t.done.Add(1)
	}()
	units := (t.n + t.unit - 1) / t.unit
	t.f(units*i/ranges*t.unit, min(units*(i+1)/ranges*t.unit, t.n))
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
		if t := offered.Load(); t != nil && left(t.state.Load()) {
			return t
		}
		yield(spin)
		if spin%4096 == 0 && time.Now().After(end) {
			return nil
		}
	}
}
