package kernels

import "math"

// AttentionForward computes the result y [batch, steps, heads, n]. Statistics, of
// StatisticsSize elements, are what AttentionBackward needs; nil for none. The cores share
// samples, heads and blocks of queries.
func AttentionForward[T Float](a *Attention, set *Set[T], memory *AttentionMemory[T], in AttentionIn[T], y, statistics []T) {
	blocks := (a.Steps + attentionTile - 1) / attentionTile
	n := a.Batch * a.Heads * blocks
	Share(n*attentionTile*a.Values*(a.K+a.N), n, 1, func(from, end int) {
		w := memory.workFor(a, set, in)
		defer memory.release(w)
		for i := from; i < end; i++ {
			pair := i / blocks
			w.begin(pair/a.Heads, pair%a.Heads)
			w.forward(block(i%blocks, blocks), y, statistics)
		}
	})
}

// block is the i-th block of queries to compute: the first, the last, the second and so on.
// So each core has about as many tiles of a causal attention.
func block(i, blocks int) int {
	if i%2 == 0 {
		return i / 2
	}
	return blocks - 1 - i/2
}

// forward computes a block of queries.
func (w *attending[T]) forward(block int, y, statistics []T) {
	first := block * attentionTile
	queries := min(attentionTile, w.Steps-first)
	columns := up(queries, tileColumns)
	w.loadQueries(first, queries)
	for i := range w.most {
		w.most[i], w.sum[i] = T(math.Inf(-1)), 0
	}
	begun := false
	w.tiles(block, 0, len(w.copied), func(t scoreTile) {
		w.score(t)
		t.columns(func(i, n, keys int) {
			w.set.weigh(keys, n, w.scores[i:], attentionTile, w.most[i:], w.sum[i:], w.less[i:])
		})
		if begun {
			w.set.scaleColumns(w.N, columns, w.y, attentionTile, w.less)
		}
		t.columns(func(i, n, keys int) {
			w.set.columns(up(w.N, rowsAtATime), n, keys, w.value[t.key*w.nRow:], 1, w.nRow, w.scores[i:], attentionTile, w.y[i:], attentionTile, begun)
		})
		begun = true
	})
	w.finish(first, queries, y, statistics)
}

// finish divides by the sums. A query that may attend to no value gets 0; one whose scores
// are all −∞ gets 0/0, which is NaN.
func (w *attending[T]) finish(first, queries int, y, statistics []T) {
	inverse := w.less
	for i, sum := range w.sum {
		inverse[i] = 1 / sum
	}
	w.set.scaleColumns(w.N, up(queries, tileColumns), w.y, attentionTile, inverse)
	to, row := w.rows(y, w.Steps, w.N)
	w.set.transposed(w.N, queries, w.y, attentionTile, to[first*row:], row)
	for i := range queries {
		if math.IsInf(float64(w.most[i]), -1) && w.none(first+i) {
			w.most[i], inverse[i] = 0, 0
			clear(to[(first+i)*row:][:w.N])
		}
	}
	if statistics != nil {
		most, sums := w.statistics(statistics, first, queries)
		copy(most, w.most)
		copy(sums, inverse)
	}
}

// statistics are those of a block of queries: the largest scores and the inverse sums.
func (w *attending[T]) statistics(all []T, first, queries int) (most, inverse []T) {
	all = all[2*(w.sample*w.Heads+w.head)*w.Steps:][:2*w.Steps]
	return all[first:][:queries], all[w.Steps+first:][:queries]
}
