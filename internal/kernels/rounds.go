package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Rounds calls f for all units from 0 to units−1 (at most 65,535), and then after, in
// every round. The caller takes units from the first on. If a core is free, a helper
// goroutine takes them from the last on, so each core computes mostly the same units
// in every round and has their data in its cache. A late helper delays only a unit
// that it has begun. The result of f must not depend on which goroutine calls it. If f
// panics, so does Rounds, after the helper has ended.
//
// It is for rounds that are too short for Parallel, which needs some microseconds to
// pass work to another goroutine. Here the helper runs for all rounds, which takes a
// few tenths of a microsecond a round.
func Rounds(rounds, units int, f func(round, from, end int), after func(round int)) {
	if runtime.GOMAXPROCS(0) == 1 || units == 1 || now() < soloUntil.Load() {
		for round := range rounds {
			f(round, 0, units)
			after(round)
		}
		return
	}
	r := &sharedRounds{f: f}
	t := &task{n: 1, unit: 1, f: func(int, int) { r.help() }}
	t.begin(1)
	offer(t, 1)
	defer func() {
		r.free.Store(over)
		if p := t.finish(); p != nil {
			panic(*p)
		}
	}()
	for round := range rounds {
		r.done.Store(0)
		r.free.Store(untaken{round, 0, units}.pack())
		for r.take(round) {
		}
		var begun int64
		for spin := 1; int(r.done.Load()) < units; spin++ {
			if t.panicked.Load() != nil {
				return
			}
			if spin%4096 == 0 { // most waits are shorter
				if begun == 0 {
					begun = now()
				} else if now()-begun > int64(stalled) {
					soloUntil.Store(now() + int64(soloPeriod))
				}
			}
			yield(spin)
		}
		after(round)
	}
}

// The operating system may preempt a helper within a unit for milliseconds while the
// caller waits. If the wait exceeds stalled, callers use no helpers for soloPeriod. So
// next to a busy process most predictions take no longer than on one core.
const (
	stalled    = time.Millisecond / 2
	soloPeriod = 100 * time.Millisecond
)

// soloUntil is the end of the current solo period.
var soloUntil atomic.Int64

// now is the time since the start of the program, in nanoseconds.
func now() int64 { return int64(time.Since(epoch)) }

var epoch = time.Now()

// sharedRounds are the rounds that a caller and a helper compute.
type sharedRounds struct {
	f    func(round, from, end int)
	free atomic.Uint64 // packed untaken
	done atomic.Int32  // units of this round
}

// untaken is the range of units of a round that nobody has taken yet.
type untaken struct{ round, first, end int }

// over is the value of free after the last round.
const over = ^uint64(0)

func (u untaken) pack() uint64 {
	return uint64(u.round)<<32 | uint64(u.first)<<16 | uint64(u.end)
}

func unpack(w uint64) untaken {
	return untaken{int(w >> 32), int(w >> 16 & 0xffff), int(w & 0xffff)}
}

// take computes the first untaken unit. It returns false if there is none.
func (r *sharedRounds) take(round int) bool {
	for {
		w := r.free.Load()
		u := unpack(w)
		if u.first == u.end {
			return false
		}
		if r.free.CompareAndSwap(w, w+1<<16) {
			r.f(round, u.first, u.first+1)
			r.done.Add(1)
			return true
		}
	}
}

// help computes the last untaken units of every round.
func (r *sharedRounds) help() {
	for spin := 0; ; spin++ {
		w := r.free.Load()
		if w == over {
			return
		}
		if u := unpack(w); u.first < u.end && r.free.CompareAndSwap(w, w-1) {
			r.f(u.round, u.end-1, u.end)
			r.done.Add(1)
			spin = 0
			continue
		}
		yield(spin)
	}
}

// yield lets other goroutines run in every 256th spin. A call of Gosched in every spin
// would take longer than most waits.
func yield(spin int) {
	if spin%256 == 255 {
		runtime.Gosched()
	}
}
