package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Rounds calls f for runs of all units below units, which are fewer than 65,536,
// and then after, round by round. The caller takes units from the first on and, where
// a core is free, a helper takes them from the last on. So each core meets much
// the same units in every round, and finds what they read in its own cache. A
// helper that is late, or never comes, delays nothing but a unit that it has
// begun. Nothing that f computes may depend on who computes it. If f panics, so
// does Rounds, after the helper has ended.
//
// It is for rounds too short for Parallel, which takes some microseconds to hand
// work over: here that takes a few tenths of one, since the helper stays for all
// rounds.
func Rounds(rounds, units int, f func(round, from, end int), after func(round int)) {
	if runtime.GOMAXPROCS(0) == 1 || units == 1 || now() < alone.Load() {
		for round := range rounds {
			f(round, 0, units)
			after(round)
		}
		return
	}
	r := &shared{f: f}
	t := &task{runs: 1, f: func(int) { r.help() }}
	offer(t, 1)
	defer func() {
		r.free.Store(over)
		t.finish()
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
					alone.Store(now() + int64(recess))
				}
			}
			rest(spin)
		}
		after(round)
	}
}

// Where the system has something else to run, it may stop a helper in the middle
// of a unit for milliseconds, and the caller must wait. If that took longer than
// stalled, callers work without helpers for a recess: so next to a busy process
// most predictions take no longer than on one core.
const (
	stalled = time.Millisecond / 2
	recess  = 100 * time.Millisecond
)

// alone is the end of the recess.
var alone atomic.Int64

// now is the time since the program began, in nanoseconds.
func now() int64 { return int64(time.Since(epoch)) }

var epoch = time.Now()

// shared are rounds that a caller and a helper work on.
type shared struct {
	f    func(round, from, end int)
	free atomic.Uint64 // packed untaken
	done atomic.Int32  // units of this round
}

// untaken are the units of a round that are not taken yet.
type untaken struct{ round, first, end int }

// over says that there are no more rounds.
const over = ^uint64(0)

func (u untaken) pack() uint64 {
	return uint64(u.round)<<32 | uint64(u.first)<<16 | uint64(u.end)
}

func unpack(w uint64) untaken {
	return untaken{int(w >> 32), int(w >> 16 & 0xffff), int(w & 0xffff)}
}

// take computes the first unit that is not taken yet; false means that there was
// none.
func (r *shared) take(round int) bool {
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

// help takes the last units of every round.
func (r *shared) help() {
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
		rest(spin)
	}
}

// rest lets other goroutines run every now and then: to do so each time would
// take longer than most waits.
func rest(spin int) {
	if spin%256 == 255 {
		runtime.Gosched()
	}
}
