package params

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
)

// store is the lock over the values that one set of parameters holds. A set that
// shares with others has values in several stores, and locks them all, in an
// order that is the same everywhere, so that none waits in a circle. A store is
// never replaced: programs that are running are not disturbed when their model
// becomes part of another.
type store struct {
	order   uint64 // drawn at random, which no result depends on
	mu      sync.RWMutex
	version uint64 // grows with every change
}

func newStore() *store { return &store{order: rand.Uint64()} }

// addStores is called while p is locked.
func (p *Params) addStores(more []*store) {
	all := slices.Concat(*p.stores.Load(), more)
	slices.SortFunc(all, func(a, b *store) int { return cmp.Compare(a.order, b.order) })
	all = slices.Compact(all)
	p.stores.Store(&all)
}

// locked are the stores of a set, locked.
type locked []*store

// RLock locks the values of a set for reading.
func RLock(p *Params) locked {
	for {
		stores := p.stores.Load()
		for _, s := range *stores {
			s.mu.RLock()
		}
		if p.stores.Load() == stores { // which changes only while own is locked
			return *stores
		}
		locked(*stores).RUnlock()
	}
}

// RUnlock unlocks what RLock has locked.
func (l locked) RUnlock() {
	for _, s := range l {
		s.mu.RUnlock()
	}
}

func lock(p *Params) locked {
	for {
		stores := p.stores.Load()
		for _, s := range *stores {
			s.mu.Lock()
		}
		if p.stores.Load() == stores {
			return *stores
		}
		locked(*stores).unlock()
	}
}

func (l locked) unlock() {
	for _, s := range l {
		s.mu.Unlock()
	}
}

func (l locked) holds(s *store) bool { return slices.Contains(l, s) }

// Version grows with every change of the values.
func (l locked) Version() uint64 {
	sum := uint64(0)
	for _, s := range l {
		sum += s.version
	}
	return sum
}
