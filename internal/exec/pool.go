package exec

import (
	"math"
	"slices"
)

// pool assigns memory to results that are needed for a part of a run.
type pool struct {
	first, size int     // where the pool begins, and its elements
	free        []piece // by offset; neighbours are joined
}

// piece is a part of the pool.
type piece struct{ at, size int }

// plan assigns memory to the results of all operations of a runner.
func (p *pool) plan(r *runner, results []*Node) {
	last := lastReaders(r, results)
	ends := make([][]*op, len(r.ops)) // what operation i reads last
	for o, i := range last {
		if i < len(ends) && o.Memory == nil {
			ends[i] = append(ends[i], o)
		}
	}
	for i, o := range r.ops {
		if o.Memory == nil && !o.task.keepsResult() {
			o.at.out = p.take(wholeLines(o.Shape.Size()))
		}
		// Freeing comes after, because an operation must not write to its operands.
		slices.SortFunc(ends[i], func(a, b *op) int { return a.at.out - b.at.out }) // a map has no order
		for _, e := range ends[i] {
			if !e.task.keepsResult() {
				p.put(piece{e.at.out, wholeLines(e.Shape.Size())})
			}
		}
	}
}

// lastReaders returns the index of the last operation that needs each result.
func lastReaders(r *runner, results []*Node) map[*op]int {
	at := make(map[*op]int, len(r.ops))
	last := make(map[*op]int, len(r.ops))
	for i, o := range r.ops {
		at[o], last[o] = i, i
	}
	for _, u := range r.inner {
		source := u.node.Op().(*op).owner()
		if i, ok := at[u.op]; ok { // a view reads nothing
			last[source] = max(last[source], i)
		}
	}
	for _, n := range results {
		last[n.Op().(*op).owner()] = math.MaxInt
	}
	return last
}

// owner is the operation whose memory the result of o is a part of.
func (o *op) owner() *op {
	for o.View {
		o = o.source
	}
	return o
}

// take assigns the smallest free piece that is large enough, or a new one.
func (p *pool) take(n int) int {
	best := -1
	for i, f := range p.free {
		if f.size >= n && (best < 0 || f.size < p.free[best].size) {
			best = i
		}
	}
	if best < 0 {
		at := p.end()
		if k := len(p.free) - 1; k >= 0 && p.free[k].at+p.free[k].size == at { // the last piece grows
			at = p.free[k].at
			p.free = p.free[:k]
		}
		p.size = at + n - p.first
		return at
	}
	f := &p.free[best]
	at := f.at
	f.at, f.size = f.at+n, f.size-n
	if f.size == 0 {
		p.free = slices.Delete(p.free, best, best+1)
	}
	return at
}

// end is the offset after the pool.
func (p *pool) end() int { return p.first + p.size }

// put frees a piece.
func (p *pool) put(f piece) {
	if f.size == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(p.free, f.at, func(a piece, at int) int { return a.at - at })
	p.free = slices.Insert(p.free, i, f)
	if i+1 < len(p.free) && f.at+f.size == p.free[i+1].at {
		p.free[i].size += p.free[i+1].size
		p.free = slices.Delete(p.free, i+1, i+2)
	}
	if i > 0 && p.free[i-1].at+p.free[i-1].size == p.free[i].at {
		p.free[i-1].size += p.free[i].size
		p.free = slices.Delete(p.free, i, i+1)
	}
}
