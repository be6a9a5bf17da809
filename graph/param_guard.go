package graph

import (
	"sync"
	"sync/atomic"
)

// guard is the lock over the memory of parameters, and counts their changes.
// Sets of parameters that share memory share a guard: when two meet, one takes
// the other's place.
type guard struct {
	mu      sync.RWMutex
	version uint64
	next    atomic.Pointer[guard] // the one that took its place, or nil; set under mu
}

// now is the guard in force.
func (g *guard) now() *guard {
	for n := g.next.Load(); n != nil; n = g.next.Load() {
		g = n
	}
	return g
}

// lock returns the guard in force, locked.
func (g *guard) lock() *guard {
	for {
		g = g.now()
		g.mu.Lock()
		if g.next.Load() == nil {
			return g
		}
		g.mu.Unlock()
	}
}

// rlock returns the guard in force, locked for reading.
func (g *guard) rlock() *guard {
	for {
		g = g.now()
		g.mu.RLock()
		if g.next.Load() == nil {
			return g
		}
		g.mu.RUnlock()
	}
}

// meet makes one guard of two. It never waits for a lock while it holds the
// other, so that two that meet crosswise do not wait for each other.
func meet(a, b *guard) {
	for {
		g, h := a.lock(), b.now()
		if g == h {
			g.mu.Unlock()
			return
		}
		if h.mu.TryLock() {
			done := h.next.Load() == nil
			if done {
				g.version = max(g.version, h.version) + 1 // nothing that was derived before is still good
				h.next.Store(g)
			}
			h.mu.Unlock()
			if done {
				g.mu.Unlock()
				return
			}
		}
		g.mu.Unlock()
		a, b = b, a // wait for the one that was busy
	}
}
