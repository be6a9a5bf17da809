package params

import (
	"fmt"
	"sync"
	"testing"
)

// Sets that share with each other in both directions, from many goroutines,
// while they are read and changed, neither wait for ever nor race.
func TestShareConcurrently(t *testing.T) {
	sets := make([]*Params, 8)
	for i := range sets {
		sets[i] = newParams(t)
		ok(t, declare(sets[i], "a/w", 0))
	}
	var wg sync.WaitGroup
	for i := range sets {
		for k := range sets {
			if i == k {
				continue
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				at := fmt.Sprint("from ", k)
				if err := Share(sets[i], at, sets[k], "a", false); err != nil {
					t.Error(err)
				}
				if err := declare(sets[i], at+"/w", 0); err != nil {
					t.Error(err)
				}
				err := sets[i].Update(func() error { sets[k].byPath["a/w"].Value().Float64s()[0]++; return nil })
				if err != nil {
					t.Error(err)
				}
				sets[k].Version()
			}()
		}
	}
	wg.Wait()
	for i, p := range sets {
		if p.Version() != sets[0].Version() {
			t.Errorf("versions %d and %d", p.Version(), sets[0].Version())
		}
		if got := p.Get("a/w").Value().Float64s()[0]; got != float64(len(sets)-1) {
			t.Errorf("set %d was changed %v times, want %d", i, got, len(sets)-1)
		}
	}
}

// A run of one set waits for a change through any set that shares a value.
func TestUpdateExcludesReaders(t *testing.T) {
	owner, left, right := newParams(t), newParams(t), newParams(t)
	ok(t, Share(left, "l", owner, "a", false), Share(right, "r", owner, "a", false), declare(left, "l/w", 0), declare(right, "r/w", 0))
	var wg sync.WaitGroup
	for _, p := range []*Params{owner, left, right} {
		for range 3 {
			wg.Add(2)
			go func() {
				defer wg.Done()
				for range 100 {
					p.Update(func() error {
						for i := range 3 {
							owner.byPath["a/w"].value.Float64s()[i]++
						}
						return nil
					})
				}
			}()
			go func() {
				defer wg.Done()
				for range 100 {
					p.View(func() error {
						if w := owner.byPath["a/w"].value.Float64s(); w[0] != w[1] || w[0] != w[2] {
							t.Errorf("half of a change: %v", w)
						}
						return nil
					})
				}
			}()
		}
	}
	wg.Wait()
	if got := owner.Get("a/w").Value().Float64s()[0]; got != 900 {
		t.Errorf("%v changes, want 900", got)
	}
}

func TestVersionGrowsWithStores(t *testing.T) {
	p, other := newParams(t), newParams(t)
	before := p.Version()
	ok(t, other.Update(func() error { return nil }), Share(p, "a", other, "a", false))
	if got := p.Version(); got <= before {
		t.Errorf("version %d after %d", got, before)
	}
}
