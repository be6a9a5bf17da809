package kernels

// Packed is a matrix laid out for many products: panels of 16 columns, each
// with its rows one after the other, the last filled up with zeros.
type Packed[T Float] struct {
	k, n  int
	data  []T
	after []T // of a part: the panels behind it, which are probably read next
}

// Pack lays out the k×n matrix b. It reuses the memory of p.
func (p *Packed[T]) Pack(set *Set[T], b Matrix[T], k, n int) {
	if size := PackedSize(k, n); cap(p.data) < size {
		p.data = make([]T, size)
	} else {
		p.data = p.data[:size]
	}
	p.k, p.n = k, n
	set.packPanels(p.data, b, k, n)
}

// panels are some of the panels.
func (p *Packed[T]) panels(first, end int) Packed[T] {
	panel := p.k * tileColumns
	return Packed[T]{p.k, (end - first) * tileColumns, p.data[first*panel : end*panel], p.data[end*panel:]}
}

// PackedSize is the number of elements of a packed k×n matrix.
func PackedSize(k, n int) int { return panels(n) * tileColumns * k }

// SetMemory makes p lie in memory of PackedSize elements, for a k×n matrix.
func (p *Packed[T]) SetMemory(memory []T, k, n int) {
	p.k, p.n, p.data = k, n, memory[:PackedSize(k, n)]
}

// PackColumns lays out the columns from..end of b, which begin with a multiple of
// MulUnit.
func (p *Packed[T]) PackColumns(set *Set[T], b Matrix[T], from, end int) {
	if from < end && p.k > 0 {
		b.Data = b.Data[from*b.Col:]
		set.packPanels(p.data[from*p.k:PackedSize(p.k, end)], b, p.k, end-from)
	}
}

// Mul computes the columns from..end of c = start + a·b in m rows, without start if that
// has no data. It makes the same sums as Set.AddMul, and from is a multiple of MulUnit.
func (p *Packed[T]) Mul(set *Set[T], m int, a, c, start Matrix[T], from, end int) {
	if m == 0 || from == end {
		return
	}
	if from%tileColumns != 0 || from > end || end > p.n {
		panic("kernels: columns that are no panels")
	}
	wholeRows(m, c, end)
	sums, first := c.Data[from:], after(start.Data, from)
	if p.k == 0 {
		fill(m, end-from, sums, c.Row, first, start.Row)
		return
	}
	b, panel, firstRow := p.data[from*p.k:], p.k*tileColumns, start.Row
	for q := 0; q < p.k; q += termsAtOnce {
		if q > 0 {
			first, firstRow = sums, c.Row
		}
		set.tile(m, end-from, min(termsAtOnce, p.k-q), a.Data[q*a.Col:], a.Row, a.Col, tileRows*a.Row, b[q*tileColumns:], tileColumns, panel,
			sums, c.Row, first, firstRow, nil)
	}
}

// copiedRows is how many rows are copied to all panels at a time. Long rows are on
// different pages, which a processor addresses fast only for the last 64 or so, and the
// caches keep few lines that are a multiple of a page apart. On a Zen 5, this copies 192
// rows of 1024 elements in half of the time of a panel at a time.
const copiedRows = 16

// packPanels copies the k×n matrix b in panels. Whole panels of a matrix by rows are
// copied some rows at a time, and those of a matrix by columns some columns at a time.
func (s *Set[T]) packPanels(to []T, b Matrix[T], k, n int) {
	panel, whole := k*tileColumns, n/tileColumns
	switch {
	case b.Col == 1 && k > 0:
		for i := 0; i < k; i += copiedRows {
			rows := min(copiedRows, k-i)
			for j := range whole {
				s.copyPanel(rows, b.Data[i*b.Row+j*tileColumns:], b.Row, to[j*panel+i*tileColumns:])
			}
		}
	case b.Row == 1 && k > 0:
		for j := 0; j < whole*tileColumns; j += transposeRows {
			s.transpose(k, b.Data[j*b.Col:], b.Col, to[j/tileColumns*panel+j%tileColumns:], tileColumns)
		}
	default:
		whole = 0
	}
	for j := whole * tileColumns; j < n; j += tileColumns {
		width := min(tileColumns, n-j)
		for i := range k {
			line := to[j/tileColumns*panel+i*tileColumns:][:tileColumns]
			for c := range width {
				line[c] = b.Data[i*b.Row+(j+c)*b.Col]
			}
			clear(line[width:])
		}
	}
}

// MulPacked computes m rows of c = a·b, or adds them to c. The rows of c have
// space for whole panels, so it writes up to 15 columns beyond those of b. Each
// element of c is one sum in one order, whatever the number of rows.
func (s *Set[T]) MulPacked(m int, a Matrix[T], b *Packed[T], c Matrix[T], add bool) {
	if m == 0 || b.n == 0 {
		return
	}
	n := panels(b.n) * tileColumns
	wholeRows(m, c, n)
	var start []T
	if add {
		start = c.Data
	}
	if b.k == 0 {
		fill(m, n, c.Data, c.Row, start, c.Row)
		return
	}
	s.tile(m, n, b.k, a.Data, a.Row, a.Col, tileRows*a.Row, b.data, tileColumns, b.k*tileColumns, c.Data, c.Row, start, c.Row, b.after)
}
