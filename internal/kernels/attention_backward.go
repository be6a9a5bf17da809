package kernels

import "runtime"

// AttentionBackward computes the gradients of query, key and value from the result y, its
// gradient dy and the statistics of AttentionForward. The cores share samples and heads.
// Where there are fewer of them than cores, the cores share blocks of keys, and then blocks
// of queries, so the scores are computed once more. Both ways add up in the same order.
func AttentionBackward[T Float](a *Attention, set *Set[T], memory *AttentionMemory[T], in AttentionIn[T], y, dy, statistics []T, out AttentionGrad[T]) {
	pairs := a.Batch * a.Heads
	share := func(n int, f func(w *attending[T], i int)) { // n parts of each sample and head
		Share(2*pairs*a.Steps*a.Values*(a.K+a.N), pairs*n, 1, func(from, end int) {
			w := memory.workFor(a, set, in)
			defer memory.release(w)
			w.back = attentionBack[T]{y, dy, statistics, out}
			for i := from; i < end; i++ {
				w.begin(i/n/a.Heads, i/n%a.Heads)
				f(w, i%n)
			}
		})
	}
	queries, keys := up(a.Steps, attentionTile)/attentionTile, up(a.Values, attentionTile)/attentionTile
	if pairs >= runtime.GOMAXPROCS(0) || queries == 1 && keys == 1 {
		share(1, func(w *attending[T], _ int) { w.backwardOf(0, keys, true) })
		return
	}
	share(keys, func(w *attending[T], i int) {
		key := block(i, keys)
		w.backwardOf(key, key+1, false)
	})
	share(queries, func(w *attending[T], i int) { w.backward(block(i, queries), 0, keys, true, false) })
}

// attentionBack is what the backward pass reads and writes in addition to the operands.
type attentionBack[T Float] struct {
	y, dy, statistics []T
	out               AttentionGrad[T]
}

// backwardOf computes the gradients of keys and values from one tile to another, and perhaps
// those of all queries.
func (w *attending[T]) backwardOf(tile, end int, query bool) {
	from, rows := tile*attentionTile, min(end*attentionTile, w.Values)-tile*attentionTile
	clear(w.dkey[from*w.kRow:][:rows*w.kRow])
	clear(w.dvalue[from*w.nRow:][:rows*w.nRow])
	for i := 0; i*attentionTile < w.Steps; i++ {
		w.backward(i, tile, end, query, true)
	}
	for i := from; i < from+rows; i += attentionTile {
		n := min(attentionTile, w.Values-i)
		w.unpack(i, n, w.K, w.dkey, w.kRow, w.back.out.Key)
		w.unpack(i, n, w.N, w.dvalue, w.nRow, w.back.out.Value)
	}
}

// backward computes the gradient of a block of queries, or adds to those of keys and values
// from one tile to another, or both. With weights P, which are e to the score less the
// largest one over the sum,
//
//	dvalue = Pᵀ·dy    dP = dy·valueᵀ    dscores = P ⊙ (dP − Σ dy·y)
//
// Here dy is divided by the sum, instead of the weights.
func (w *attending[T]) backward(block, tile, end int, query, keys bool) {
	first := block * attentionTile
	queries := min(attentionTile, w.Steps-first)
	loaded := false
	w.tiles(block, tile, end, func(t scoreTile) {
		if !loaded {
			w.loadQueries(first, queries)
			w.loadGradient(first, queries)
		}
		w.score(t)
		t.columns(func(i, n, keys int) {
			w.set.columns(up(keys, rowsAtATime), n, w.N, w.value[t.key*w.nRow:], w.nRow, 1, w.dyT[i:], attentionTile, w.dscores[i:], attentionTile, false)
			w.set.weighGradient(keys, n, w.scores[i:], w.dscores[i:], attentionTile, w.most[i:], w.dot[i:])
			if query {
				w.set.columns(up(w.K, rowsAtATime), n, keys, w.key[t.key*w.kRow:], 1, w.kRow, w.dscores[i:], attentionTile, w.dquery[i:], attentionTile, loaded)
			}
		})
		loaded = true
		if !keys {
			return
		}
		t.rows(func(i, n, query int) {
			at, terms := i*attentionTile+query, t.queries-query
			n = up(n, rowsAtATime)
			w.set.columns(n, w.nRow, terms, w.scores[at:], attentionTile, 1, w.dy[query*w.nRow:], w.nRow, w.dvalue[(t.key+i)*w.nRow:], w.nRow, true)
			w.set.columns(n, w.kRow, terms, w.dscores[at:], attentionTile, 1, w.query[query*w.kRow:], w.kRow, w.dkey[(t.key+i)*w.kRow:], w.kRow, true)
		})
	})
	if !query {
		return
	}
	to, row := w.rows(w.back.out.Query, w.Steps, w.K)
	if !loaded {
		for i := range queries {
			clear(to[(first+i)*row:][:w.K])
		}
		return
	}
	w.set.scaleColumns(w.K, up(queries, tileColumns), w.dquery, attentionTile, w.scales)
	w.set.transposed(w.K, queries, w.dquery, attentionTile, to[first*row:], row)
}

// loadGradient copies a block of the gradient of the result, and computes its products with
// the result.
func (w *attending[T]) loadGradient(first, queries int) {
	columns := up(queries, tileColumns)
	most, inverse := w.statistics(w.back.statistics, first, queries)
	copy(w.most, most)
	clear(w.most[queries:])
	w.pack(queries, w.N, w.back.dy, w.Steps, first, inverse, w.dy, w.nRow)
	for i, f := range inverse {
		if f == 0 { // a query without values, whatever its gradient
			clear(w.dy[i*w.nRow:][:w.N])
		}
	}
	clear(w.dy[queries*w.nRow : columns*w.nRow])
	w.set.transposed(columns, w.N, w.dy, w.nRow, w.dyT, attentionTile)

	from, row := w.rows(w.back.y, w.Steps, w.N)
	w.set.transposed(queries, w.N, from[first*row:], row, w.y, attentionTile)
	clear(w.dot)
	for i := 0; i < w.N; i += attentionTile { // sums of few terms have smaller errors
		part := w.less[:queries]
		clear(part)
		for j := i; j < min(i+attentionTile, w.N); j++ {
			w.set.AddTimes(w.dyT[j*attentionTile:][:queries], w.y[j*attentionTile:][:queries], part)
		}
		w.set.Plus(part, w.dot, w.dot)
	}
}
