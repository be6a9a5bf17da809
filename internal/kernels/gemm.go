package kernels

const (
	tileRows    = 6
	tileColumns = 16
	stripRows   = 3
	// Mul packs parts of its operands. Of b, a panel of 16 columns stays in the
	// first-level cache: 192·16 float32 take 12 KB. All that is packed at once
	// stays in the second-level cache: 192·384 float32 take 295 KB, 192·192 take
	// 147 KB.
	termsAtOnce   = 192
	rowsAtOnce    = 192
	columnsAtOnce = 384
)

// Matrix is a matrix in a slice: element (i, j) lies at i·Row + j·Col.
type Matrix[T Float] struct {
	Data     []T
	Row, Col int
}

// RowMajor is a matrix with the given number of columns.
func RowMajor[T Float](data []T, columns int) Matrix[T] { return Matrix[T]{data, columns, 1} }

// T is the transposed matrix.
func (m Matrix[T]) T() Matrix[T] { return Matrix[T]{m.Data, m.Col, m.Row} }

// From is the part of the matrix that begins with a row.
func (m Matrix[T]) From(row int) Matrix[T] { return Matrix[T]{m.Data[row*m.Row:], m.Row, m.Col} }

// panels is the number of panels of n columns.
func panels(n int) int { return (n + tileColumns - 1) / tileColumns }

// Packed is a matrix laid out for many products: panels of 16 columns, each
// with its rows one after the other, the last filled up with zeros.
type Packed[T Float] struct {
	k, n int
	data []T
}

// Pack lays out the k×n matrix b. It reuses the memory of p.
func (p *Packed[T]) Pack(set *Set[T], b Matrix[T], k, n int) {
	if size := packedSize(k, n); cap(p.data) < size {
		p.data = make([]T, size)
	} else {
		p.data = p.data[:size]
	}
	p.k, p.n = k, n
	set.packPanels(p.data, b, k, n)
}

// packedSize is the number of elements of a packed k×n matrix.
func packedSize(k, n int) int { return panels(n) * tileColumns * k }

// panels are some of the panels.
func (p *Packed[T]) panels(first, end int) Packed[T] {
	panel := p.k * tileColumns
	return Packed[T]{p.k, (end - first) * tileColumns, p.data[first*panel : end*panel]}
}

// packPanels copies the k×n matrix b in panels, row by row, since that is how
// most matrices lie in memory.
func (s *Set[T]) packPanels(to []T, b Matrix[T], k, n int) {
	panel := k * tileColumns
	for i := 0; i < k && n > 0; i++ {
		from, row, whole := b.Data[i*b.Row:], to[i*tileColumns:], 0
		if b.Col == 1 {
			whole = n / tileColumns
			s.copyPanels(whole, from, row, panel)
		}
		for j := whole * tileColumns; j < n; j += tileColumns {
			width := min(tileColumns, n-j)
			line := row[j/tileColumns*panel:][:tileColumns]
			for c := range width {
				line[c] = from[(j+c)*b.Col]
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
	wholeRows(m, c, panels(b.n)*tileColumns)
	few := m % tileRows // rows beyond whole tiles
	if few > stripRows {
		few = 0
	}
	if b.k == 0 {
		fill(m, panels(b.n)*tileColumns, c, add)
		return
	}
	s.tiles(m-few, panels(b.n), b.k, a, tileRows*a.Row, b.data, c.Data, c.Row, add)
	if few > 0 {
		a, c := a.From(m-few), c.From(m-few)
		s.strip(few, panels(b.n), b.k, a.Data, a.Row, a.Col, b.data, c.Data, c.Row, add)
	}
}

// wholeRows panics where the rows of c would overlap.
func wholeRows[T Float](m int, c Matrix[T], n int) {
	if m > 1 && c.Row < n || c.Col != 1 {
		panic("kernels: rows of a product that overlap")
	}
}

// fill is a product of no terms: zeros.
func fill[T Float](m, n int, c Matrix[T], add bool) {
	for i := 0; i < m && !add; i++ {
		clear(c.Data[i*c.Row:][:n])
	}
}

// tiles computes m rows over whole panels. The rows of a that one tile takes
// are aTile elements behind those of the tile before.
func (s *Set[T]) tiles(m, panels, k int, a Matrix[T], aTile int, b, c []T, cRow int, add bool) {
	for j := 0; j < panels; j += s.across {
		across := min(s.across, panels-j)
		b, c := b[j*tileColumns*k:(j+across)*tileColumns*k], c[j*tileColumns:]
		for i := 0; i < m; i += tileRows {
			rows, a0, c := min(tileRows, m-i), a.Data[i/tileRows*aTile:], c[i*cRow:]
			if across == 1 {
				s.tile(rows, k, a0, a.Row, a.Col, b, tileColumns, c, cRow, add)
			} else {
				s.strip(rows, across, k, a0, a.Row, a.Col, b, c, cRow, add)
			}
		}
	}
}

// MulUnit is how many columns Mul computes at a time: cores may share them in
// multiples of it.
const MulUnit = tileColumns

// mulMemory is working memory of Mul.
type mulMemory[T Float] struct {
	a    [rowsAtOnce * termsAtOnce]T
	b    [columnsAtOnce * termsAtOnce]T
	edge [tileRows * tileColumns]T
}

// Mul computes the columns from..end of the m×n matrix c = a·b over k terms, b
// being k×n, both in any order, c by rows. Each element of c is one sum in one
// order, whatever the columns asked for.
func (s *Set[T]) Mul(m, k int, a, b, c Matrix[T], from, end int) {
	s.mul(m, k, a, b, c, from, end, false)
}

// AddMul adds to c what Mul computes.
func (s *Set[T]) AddMul(m, k int, a, b, c Matrix[T], from, end int) {
	s.mul(m, k, a, b, c, from, end, true)
}

func (s *Set[T]) mul(m, k int, a, b, c Matrix[T], from, end int, add bool) {
	if m == 0 || from == end {
		return
	}
	if m < 0 || k < 0 || from > end {
		panic("kernels: product of no size")
	}
	wholeRows(m, c, end)
	if k == 0 {
		fill(m, end-from, Matrix[T]{c.Data[from:], c.Row, 1}, add)
		return
	}
	spare, ok := s.spare.Get().(*mulMemory[T])
	if !ok {
		spare = new(mulMemory[T])
	}
	defer s.spare.Put(spare)
	direct := b.Col == 1 && b.Row < longRow && m <= fewRows
	for p := 0; p < k; p += termsAtOnce {
		terms := min(termsAtOnce, k-p)
		from := from
		if direct {
			whole := (end - from) / tileColumns
			s.direct(m, whole, terms, Matrix[T]{a.Data[p*a.Col:], a.Row, a.Col}, b.From(p).Data[from:], b.Row, c.Data[from:], c.Row, add || p > 0)
			from += whole * tileColumns
		}
		for j := from; j < end; j += columnsAtOnce {
			columns := min(columnsAtOnce, end-j)
			s.packPanels(spare.b[:], Matrix[T]{b.Data[p*b.Row+j*b.Col:], b.Row, b.Col}, terms, columns)
			for i := 0; i < m; i += rowsAtOnce {
				left := Matrix[T]{a.Data[i*a.Row+p*a.Col:], a.Row, a.Col}
				s.block(min(rowsAtOnce, m-i), columns, terms, left, c.Data[i*c.Row+j:], c.Row, add || p > 0, spare)
			}
		}
	}
}

// Packing b takes as long as a product of few rows, which therefore reads b directly.
// One row times 256 by 256 elements then takes a third of the time, 20 rows times 200 by
// 800 three quarters. Rows of b of 1024 float32 (4 KB) and more map to the same cache
// sets and are slower without packing.
const (
	fewRows = 4 * tileRows
	longRow = 1024
)

// direct computes m rows of whole panels of b without packing it.
func (s *Set[T]) direct(m, panels, k int, a Matrix[T], b []T, bRow int, c []T, cRow int, add bool) {
	for j := range panels {
		b, c := b[j*tileColumns:], c[j*tileColumns:]
		for i := 0; i < m; i += tileRows {
			s.tile(min(tileRows, m-i), k, a.Data[i*a.Row:], a.Row, a.Col, b, bRow, c[i*cRow:], cRow, add)
		}
	}
}

// block computes m rows and n columns, whose part of b is packed, or adds to
// them.
func (s *Set[T]) block(m, n, k int, a Matrix[T], c []T, cRow int, add bool, spare *mulMemory[T]) {
	aTile := tileRows * a.Row
	if a.Row == 1 && m > tileRows && n > tileColumns {
		s.packColumns(spare.a[:], a, m, k)
		a, aTile = Matrix[T]{spare.a[:], 1, tileRows}, tileRows*k
	}
	whole := n / tileColumns
	s.tiles(m, whole, k, a, aTile, spare.b[:], c, cRow, add)
	if j := whole * tileColumns; j < n {
		s.edge(m, k, a, aTile, spare.b[j*k:][:k*tileColumns], c[j:], cRow, n-j, add, spare.edge[:])
	}
}

// packColumns copies k columns of m elements from a matrix in column-major order, tile
// by tile, so that the elements of one tile are adjacent. Otherwise every term of a tile
// would be on another cache line.
func (s *Set[T]) packColumns(to []T, a Matrix[T], m, k int) {
	tile, whole := k*tileRows, m/tileRows
	for p := range k {
		column, at := a.Data[p*a.Col:][:m], to[p*tileRows:]
		s.copyTiles(whole, column, at, tile)
		if whole*tileRows < m {
			copy(at[whole*tile:], column[whole*tileRows:])
		}
	}
}

// edge computes fewer than 16 columns through a whole tile.
func (s *Set[T]) edge(m, k int, a Matrix[T], aTile int, b, c []T, cRow, width int, add bool, tile []T) {
	for i := 0; i < m; i += tileRows {
		rows := min(tileRows, m-i)
		s.tile(rows, k, a.Data[i/tileRows*aTile:], a.Row, a.Col, b, tileColumns, tile, tileColumns, false)
		for r := range rows {
			row := c[(i+r)*cRow:][:width]
			for j, x := range tile[r*tileColumns:][:width] {
				if add {
					row[j] += x
				} else {
					row[j] = x
				}
			}
		}
	}
}
