package kernels

const (
	tileRows    = 6
	tileColumns = 16
	stripRows   = 3 // up to which a tile has more panels
	// Mul packs parts of its operands. Of b, a panel of 16 columns stays in the
	// first-level cache: 192·16 float32 take 12 KB. All that is packed at once
	// stays in the second-level cache: 192·512 float32 take 393 KB, 192·192 take
	// 147 KB.
	termsAtOnce   = 192
	rowsAtOnce    = 192
	columnsAtOnce = 512
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
func (m Matrix[T]) From(row int) Matrix[T] { return m.part(row * m.Row) }

// columns is the part that begins with a column.
func (m Matrix[T]) columns(from int) Matrix[T] { return m.part(from * m.Col) }

// part is the part that begins with an element of the data, if there are any.
func (m Matrix[T]) part(at int) Matrix[T] {
	if m.Data != nil {
		m.Data = m.Data[at:]
	}
	return m
}

// panels is the number of panels of n columns.
func panels(n int) int { return (n + tileColumns - 1) / tileColumns }

// wholeRows panics where the rows of c would overlap.
func wholeRows[T Float](m int, c Matrix[T], n int) {
	if m > 1 && c.Row < n || c.Col != 1 {
		panic("kernels: rows of a product that overlap")
	}
}

// fill is a product of no terms: start, or zeros.
func fill[T Float](m, n int, c, start Matrix[T]) {
	for i := range m {
		row := c.Data[i*c.Row:][:n]
		if start.Data == nil {
			clear(row)
		} else {
			copy(row, start.Data[i*start.Row:])
		}
	}
}

// tiles divide rows into tiles of about equal size, which keeps the adders busier than whole
// ones and a small rest.
type tiles struct{ size, larger int }

// tilesOf are the tiles of m rows.
func tilesOf(m int) tiles {
	n := (m + tileRows - 1) / tileRows
	return tiles{m / n, m % n}
}

// rows is the number of rows of tile i.
func (t tiles) rows(i int) int {
	if i < t.larger {
		return t.size + 1
	}
	return t.size
}

// MulUnit is how many columns Mul computes at a time: cores may share them in
// multiples of it.
const MulUnit = tileColumns

// mulMemory is working memory of Mul.
type mulMemory[T Float] struct {
	a [rowsAtOnce * termsAtOnce]T
	b [columnsAtOnce * termsAtOnce]T
}

// Mul computes the columns from..end of the m×n matrix c = a·b over k terms, b
// being k×n, both in any order, c by rows. Each element of c is one sum in one
// order, whatever the rows and columns asked for.
func (s *Set[T]) Mul(m, k int, a, b, c Matrix[T], from, end int) {
	s.AddMul(m, k, a, b, c, Matrix[T]{}, from, end)
}

// AddMul computes start + a·b, as Mul does. Start is by rows, and may be c, or a row that
// is repeated; without data it is left out.
func (s *Set[T]) AddMul(m, k int, a, b, c, start Matrix[T], from, end int) {
	if m == 0 || from == end {
		return
	}
	if m < 0 || k < 0 || from > end {
		panic("kernels: product of no size")
	}
	wholeRows(m, c, end)
	if k == 0 {
		fill(m, end-from, c.columns(from), start.columns(from))
		return
	}
	spare, ok := s.spare.Get().(*mulMemory[T])
	if !ok {
		spare = new(mulMemory[T])
	}
	defer s.spare.Put(spare)
	direct := s.readsDirectly(m, b)
	for p := 0; p < k; p += termsAtOnce {
		terms, from := min(termsAtOnce, k-p), from
		if p > 0 {
			start = c
		}
		if direct {
			columns := end - from
			if !s.masks {
				columns = columns / tileColumns * tileColumns
			}
			if columns > 0 {
				left := Matrix[T]{a.Data[p*a.Col:], a.Row, a.Col}
				s.tile(m, columns, terms, left, tileRows*a.Row, b.From(p).Data[from:], b.Row, tileColumns, c.columns(from), start.columns(from), nil)
			}
			from += columns
		}
		for j := from; j < end; j += columnsAtOnce {
			columns := min(columnsAtOnce, end-j)
			s.packPanels(spare.b[:], Matrix[T]{b.Data[p*b.Row+j*b.Col:], b.Row, b.Col}, terms, columns)
			for i := 0; i < m; i += rowsAtOnce {
				left := Matrix[T]{a.Data[i*a.Row+p*a.Col:], a.Row, a.Col}
				s.block(min(rowsAtOnce, m-i), columns, terms, left, c.From(i).columns(j), start.From(i).columns(j), spare)
			}
		}
	}
}

// block computes m rows and n columns, whose part of b is packed.
func (s *Set[T]) block(m, n, k int, a, c, start Matrix[T], spare *mulMemory[T]) {
	tile := func(m int, a Matrix[T], aTile int, c, start Matrix[T]) {
		s.tile(m, n, k, a, aTile, spare.b[:], tileColumns, k*tileColumns, c, start, nil)
	}
	if a.Row != 1 || m <= tileRows || n <= tileColumns {
		tile(m, a, tileRows*a.Row, c, start)
		return
	}
	s.packColumns(spare.a[:], a, m, k)
	whole := m / tileRows * tileRows
	tile(whole, Matrix[T]{spare.a[:], 1, tileRows}, tileRows*k, c, start)
	if whole < m {
		tile(m-whole, Matrix[T]{spare.a[whole*k:], 1, tileRows}, tileRows*k, c.From(whole), start.From(whole))
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
