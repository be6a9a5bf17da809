package kernels

import (
	"math"
	"sync"
)

// Attention computes softmax(Scale · query·keyᵀ) · value for every sample and head,
// from query [batch, steps, heads, k], key [batch, values, heads, k] and value
// [batch, values, heads, n], in tiles of scores (Dao et al. 2022, "FlashAttention: Fast and
// Memory-Efficient Exact Attention with IO-Awareness"). A tile stays in the cache from the
// product of queries and keys to that of weights and values. The softmax is computed
// along with the tiles: what was added up is rescaled where a tile has a larger score.
//
// The scores are not kept. Training keeps the largest score and the inverse sum of each
// query, from which the backward pass computes each tile again. Like in Dao 2023
// ("FlashAttention-2"), it needs Σ dy·y of a query in place of Σ weight·gradient.
//
// A score that is not allowed has no effect, even if it is NaN or infinite.
type Attention struct {
	Batch, Steps, Heads, K, Values, N int // all positive

	Scale  float64
	Causal bool // a query does not attend to values after its step
}

// attentionTile is the number of queries and of keys of a tile. Its scores take 16 KB, as
// 64 keys of 64 float32 do.
const attentionTile = 64

// StatisticsSize is the number of elements that the forward pass keeps for the backward
// pass: the largest score and the inverse sum of each query.
func (a *Attention) StatisticsSize() int { return 2 * a.Batch * a.Heads * a.Steps }

// AttentionIn and AttentionGrad are the operands and their gradients.
type (
	AttentionIn[T Float] struct {
		Query, Key, Value []T

		// The masks are optional. A query may attend to a value unless one of them is 0:
		// that of the query [batch, steps], that of the value [batch, values], and that
		// of both, which for sample b, step i and value j is element
		// b·Strides[0] + i·Strides[1] + j·Strides[2] of Allowed.
		QueryMask, ValueMask, Allowed []T
		Strides                       [3]int
	}
	AttentionGrad[T Float] struct{ Query, Key, Value []T }
)

// attending is the work on one sample and head, with memory for it.
type attending[T Float] struct {
	*Attention
	set *Set[T]
	in  AttentionIn[T]

	sample, head int
	key, value   []T    // [values, kRow] and [values, nRow], rows rounded up
	copied       []bool // the tiles of key and value that were
	kRow, nRow   int    // k and n, rounded up to tileColumns

	query           []T // [queries, kRow], times Scale
	queryT          []T // [kRow, queries]
	scores          []T // [keys, queries], then the weights
	y               []T // [nRow, queries], the sum so far
	most, sum, less []T // [queries]
	ones, scales    []T // [queries]

	// for the backward pass
	back         attentionBack[T]
	dkey, dvalue []T // as key and value
	dscores      []T // [keys, queries]
	dy, dyT      []T // [queries, nRow], [nRow, queries], over the sum of each query
	dot          []T // [queries], Σ dy·y
	dquery       []T // [kRow, queries]
}

// AttentionMemory is spare memory for one Attention: for Forward, or for Backward.
type AttentionMemory[T Float] struct {
	Backward bool
	pool     sync.Pool
}

// up rounds a size up to a multiple of unit.
func up(n, unit int) int { return (n + unit - 1) / unit * unit }

// workFor takes the work on one sample and head from spare memory, or makes it.
func (m *AttentionMemory[T]) workFor(a *Attention, set *Set[T], in AttentionIn[T]) *attending[T] {
	w, ok := m.pool.Get().(*attending[T])
	if !ok {
		w = &attending[T]{Attention: a, set: set, kRow: up(a.K, tileColumns), nRow: up(a.N, tileColumns)}
		w.allocate(m.Backward)
	}
	w.in, w.sample, w.head = in, -1, -1
	return w
}

// release returns the work to the spare memory, without what it read and wrote: programs
// move to other memory, and this must not be kept.
func (m *AttentionMemory[T]) release(w *attending[T]) {
	w.in, w.back = AttentionIn[T]{}, attentionBack[T]{}
	m.pool.Put(w)
}

// allocate makes the memory, all in one block.
func (w *attending[T]) allocate(backward bool) {
	const t = attentionTile
	keys := up(w.Values, rowsAtATime)
	k, n := w.kRow, w.nRow
	var memory []T
	take := func(size int) (x []T) {
		x, memory = memory[:size:size], memory[size:]
		return x
	}
	size := keys*(k+n) + t*(2*k+t+n+5)
	if backward {
		size += keys*(k+n) + t*(t+2*n+1+k)
	}
	memory = make([]T, size)
	w.key, w.value = take(keys*k), take(keys*n)
	w.copied = make([]bool, up(w.Values, t)/t)
	w.query, w.queryT, w.scores, w.y = take(t*k), take(t*k), take(t*t), take(t*n)
	w.most, w.sum, w.less, w.ones, w.scales = take(t), take(t), take(t), take(t), take(t)
	for i := range t {
		w.ones[i], w.scales[i] = 1, T(w.Scale)
	}
	if backward {
		w.dkey, w.dvalue = take(keys*k), take(keys*n)
		w.dscores, w.dy, w.dyT, w.dot, w.dquery = take(t*t), take(t*n), take(t*n), take(t), take(t*k)
	}
}

// rows are those of one sample and head of a tensor [batch, steps, heads, size], and their
// distance.
func (w *attending[T]) rows(data []T, steps, size int) ([]T, int) {
	row := w.Heads * size
	return data[w.sample*steps*row+w.head*size:], row
}

// begin turns to a sample and head, whose keys and values are not copied yet.
func (w *attending[T]) begin(sample, head int) {
	if sample == w.sample && head == w.head {
		return
	}
	w.sample, w.head = sample, head
	clear(w.copied)
}

// load copies the keys and values of a tile, once for all blocks of queries.
func (w *attending[T]) load(t scoreTile) {
	if done := &w.copied[t.key/attentionTile]; !*done {
		w.pack(t.keys, w.K, w.in.Key, w.Values, t.key, w.ones, w.key[t.key*w.kRow:], w.kRow)
		w.pack(t.keys, w.N, w.in.Value, w.Values, t.key, w.ones, w.value[t.key*w.nRow:], w.nRow)
		*done = true
	}
}

// pack copies at most attentionTile rows of one sample and head from a tensor, beginning
// with row from, each multiplied with a factor.
func (w *attending[T]) pack(rows, size int, data []T, steps, from int, factors, to []T, toRow int) {
	x, row := w.rows(data, steps, size)
	w.set.scaleRows(rows, size, factors, x[from*row:], row, to, toRow)
}

// unpack copies the rows of a tile from working memory back.
func (w *attending[T]) unpack(from, rows, size int, x []T, xRow int, data []T) {
	to, row := w.rows(data, w.Values, size)
	w.set.scaleRows(rows, size, w.ones, x[from*xRow:], xRow, to[from*row:], row)
}

// scoreTile is a part of the scores: some queries and some keys.
type scoreTile struct {
	query, queries int // first and number
	key, keys      int
	diagonal       bool // the keys of later steps than a query are not allowed
}

// columns calls f for parts of the queries that need the same number of keys: for n of
// them from the given one on.
func (t scoreTile) columns(f func(from, n, keys int)) {
	if !t.diagonal {
		f(0, up(t.queries, tileColumns), t.keys)
		return
	}
	for i := 0; i < t.queries; i += tileColumns {
		f(i, tileColumns, min(i+tileColumns, t.keys))
	}
}

// rows calls f for parts of the keys that the same queries need: for n of them from the
// given one on, and all queries from the given one on.
func (t scoreTile) rows(f func(from, n, query int)) {
	if !t.diagonal {
		f(0, t.keys, 0)
		return
	}
	for i := 0; i < min(t.keys, t.queries); i += tileColumns {
		f(i, min(tileColumns, t.keys-i), i)
	}
}

// tiles calls f for the tiles of a block of queries with the keys of one tile to another.
func (w *attending[T]) tiles(block, tile, end int, f func(t scoreTile)) {
	query := block * attentionTile
	for key := tile * attentionTile; key < min(end*attentionTile, w.Values) && !(w.Causal && key > query); key += attentionTile {
		t := scoreTile{query, min(attentionTile, w.Steps-query), key, min(attentionTile, w.Values-key), w.Causal && key == query}
		if w.some(t) {
			w.load(t)
			f(t)
		}
	}
}

// some reports whether the mask of the values leaves one of a tile.
func (w *attending[T]) some(t scoreTile) bool {
	if w.in.ValueMask == nil {
		return true
	}
	for _, ok := range w.in.ValueMask[w.sample*w.Values+t.key:][:t.keys] {
		if ok != 0 {
			return true
		}
	}
	return false
}

// loadQueries copies a block of queries, and transposes it. Columns beyond the last query
// are 0.
func (w *attending[T]) loadQueries(from, n int) {
	w.pack(n, w.K, w.in.Query, w.Steps, from, w.scales, w.query, w.kRow)
	clear(w.query[n*w.kRow : up(n, tileColumns)*w.kRow])
	w.set.transposed(up(n, tileColumns), w.K, w.query, w.kRow, w.queryT, attentionTile)
}

// score computes the scores of a tile; those that are not allowed are −∞.
func (w *attending[T]) score(t scoreTile) {
	t.columns(func(i, n, keys int) {
		w.set.columns(up(keys, rowsAtATime), n, w.K, w.key[t.key*w.kRow:], w.kRow, 1, w.queryT[i:], attentionTile, w.scores[i:], attentionTile, false)
	})
	forbidden := T(math.Inf(-1))
	queries := up(t.queries, tileColumns)
	for r := range t.keys {
		row := w.scores[r*attentionTile:][:queries]
		if t.diagonal {
			for c := r / tileColumns * tileColumns; c < min(r, queries); c++ {
				row[c] = forbidden
			}
		}
		if m := w.in.ValueMask; m != nil && m[w.sample*w.Values+t.key+r] == 0 {
			for c := range row {
				row[c] = forbidden
			}
		}
	}
	if m := w.in.QueryMask; m != nil {
		for c, ok := range m[w.sample*w.Steps+t.query:][:t.queries] {
			for r := 0; r < t.keys && ok == 0; r++ {
				w.scores[r*attentionTile+c] = forbidden
			}
		}
	}
	if m := w.in.Allowed; m != nil {
		for c := range t.queries {
			at := w.allowedAt(t.query+c, t.key)
			for r := range t.keys {
				if m[at+r*w.in.Strides[2]] == 0 {
					w.scores[r*attentionTile+c] = forbidden
				}
			}
		}
	}
}

// allowedAt is where Allowed has a query and a key.
func (w *attending[T]) allowedAt(query, key int) int {
	s := w.in.Strides
	return w.sample*s[0] + query*s[1] + key*s[2]
}

// none reports whether a query may attend to no value.
func (w *attending[T]) none(query int) bool {
	if m := w.in.QueryMask; m != nil && m[w.sample*w.Steps+query] == 0 {
		return true
	}
	for key := range w.Values {
		values, allowed := w.in.ValueMask, w.in.Allowed
		if !(w.Causal && key > query) && (values == nil || values[w.sample*w.Values+key] != 0) && (allowed == nil || allowed[w.allowedAt(query, key)] != 0) {
			return false
		}
	}
	return true
}
