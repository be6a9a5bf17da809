package kernels

// AttentionBackward computes the gradients of query, key and value from the result y, its
// gradient dy and the statistics of AttentionForward. The cores share samples and heads.
func AttentionBackward[T Float](a *Attention, set *Set[T], memory *AttentionMemory[T], in AttentionIn[T], y, dy, statistics []T, out AttentionGrad[T]) {
	n := a.Batch * a.Heads
	Share(2*n*a.Steps*a.Values*(a.K+a.N), n, 1, func(from, end int) {
		w := memory.workFor(a, set, in)
		defer memory.pool.Put(w)
		for i := from; i < end; i++ {
			w.begin(i/a.Heads, i%a.Heads)
			clear(w.dkey)
			clear(w.dvalue)
			for first := 0; first < a.Steps; first += attentionTile {
				w.backward(first, min(attentionTile, a.Steps-first), y, dy, statistics, out.Query)
			}
			w.unpack(a.Values, a.K, w.dkey, w.kRow, out.Key)
			w.unpack(a.Values, a.N, w.dvalue, w.nRow, out.Value)
		}
	})
}

// backward computes the gradient of a block of queries, and adds to those of keys and
// values. With weights P, which are e to the score less the largest one over the sum,
//
//	dvalue = Pᵀ·dy    dP = dy·valueᵀ    dscores = P ⊙ (dP − Σ dy·y)
//
// Here dy is divided by the sum, instead of the weights.
func (w *attending[T]) backward(first, queries int, y, dy, statistics, dquery []T) {
	w.loadQueries(first, queries)
	w.loadGradient(first, queries, y, dy, statistics)
	begun := false
	w.tiles(first/attentionTile, func(t scoreTile) {
		w.score(t)
		t.columns(func(i, n, keys int) {
			w.set.columns(up(keys, rowsAtATime), n, w.N, w.value[t.key*w.nRow:], w.nRow, 1, w.dyT[i:], attentionTile, w.dscores[i:], attentionTile, false)
			w.set.weighGradient(keys, n, w.scores[i:], w.dscores[i:], attentionTile, w.most[i:], w.dot[i:])
			w.set.columns(up(w.K, rowsAtATime), n, keys, w.key[t.key*w.kRow:], 1, w.kRow, w.dscores[i:], attentionTile, w.dquery[i:], attentionTile, begun)
		})
		t.rows(func(i, n, query int) {
			at, terms := i*attentionTile+query, t.queries-query
			n = up(n, rowsAtATime)
			w.set.columns(n, w.nRow, terms, w.scores[at:], attentionTile, 1, w.dy[query*w.nRow:], w.nRow, w.dvalue[(t.key+i)*w.nRow:], w.nRow, true)
			w.set.columns(n, w.kRow, terms, w.dscores[at:], attentionTile, 1, w.query[query*w.kRow:], w.kRow, w.dkey[(t.key+i)*w.kRow:], w.kRow, true)
		})
		begun = true
	})
	to, row := w.rows(dquery, w.Steps, w.K)
	if !begun {
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
func (w *attending[T]) loadGradient(first, queries int, y, dy, statistics []T) {
	columns := up(queries, tileColumns)
	most, inverse := w.statistics(statistics, first, queries)
	copy(w.most, most)
	clear(w.most[queries:])
	w.pack(queries, w.N, dy, w.Steps, first, inverse, w.dy, w.nRow)
	for i, f := range inverse {
		if f == 0 { // a query without values, whatever its gradient
			clear(w.dy[i*w.nRow:][:w.N])
		}
	}
	clear(w.dy[queries*w.nRow : columns*w.nRow])
	w.set.transposed(columns, w.N, w.dy, w.nRow, w.dyT, attentionTile)

	from, row := w.rows(y, w.Steps, w.N)
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
