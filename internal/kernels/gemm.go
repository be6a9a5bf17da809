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
func (m Matrix[T]) From(row int) Matrix[T] { return Matrix[T]{m.Data[row*m.Row:], m.Row, m.Col} }

// after is the part of start that begins with an element, or nil if there is no start.
func after[T Float](start []T, at int) []T {
	if start == nil {
		return nil
	}
	return start[at:]
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
func fill[T Float](m, n int, c []T, cRow int, start []T, startRow int) {
	for i := range m {
		if start == nil {
			clear(c[i*cRow:][:n])
		} else {
			copy(c[i*cRow:][:n], start[i*startRow:])
		}
	}
}

// tiles divide rows into tiles of about equal size, which keeps the adders busier than whole
// ones and a small rest.
type tiles struct{ size, larger int }

// tilesOf are the tiles of m rows.
func tilesOf(m int) tiles {
	if m <= tileRows { // the usual number of a prediction, without a slow division
		return tiles{m, 0}
	}
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
	s.mul(m, k, a, b, c, nil, 0, from, end)
}

// AddMul computes start + a·b, as Mul does. Start is by rows, and may be c, or a row that
// is repeated; without data it is left out.
func (s *Set[T]) AddMul(m, k int, a, b, c, start Matrix[T], from, end int) {
	s.mul(m, k, a, b, c, start.Data, start.Row, from, end)
}

func (s *Set[T]) mul(m, k int, a, b, c Matrix[T], start []T, startRow, from, end int) {
	if m == 0 || from == end {
		return
	}
	if m < 0 || k < 0 || from > end {
		panic("kernels: product of no size")
	}
	wholeRows(m, c, end)
	if k == 0 {
		fill(m, end-from, c.Data[from:], c.Row, after(start, from), startRow)
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
			start, startRow = c.Data, c.Row
		}
		if direct {
			columns := end - from
			if !s.masks {
				columns = columns / tileColumns * tileColumns
			}
			if columns > 0 {
				s.tile(m, columns, terms, a.Data[p*a.Col:], a.Row, a.Col, tileRows*a.Row, b.Data[p*b.Row+from:], b.Row, tileColumns,
					c.Data[from:], c.Row, after(start, from), startRow, nil)
			}
			from += columns
		}
		for j := from; j < end; j += columnsAtOnce {
			columns := min(columnsAtOnce, end-j)
			s.packPanels(spare.b[:], Matrix[T]{b.Data[p*b.Row+j*b.Col:], b.Row, b.Col}, terms, columns)
			for i := 0; i < m; i += rowsAtOnce {
				left := Matrix[T]{a.Data[i*a.Row+p*a.Col:], a.Row, a.Col}
				s.block(min(rowsAtOnce, m-i), columns, terms, left, c.Data[i*c.Row+j:], c.Row, after(start, i*startRow+j), startRow, spare)
			}
		}
	}
}

// block computes m rows and n columns, whose part of b is packed.
func (s *Set[T]) block(m, n, k int, a Matrix[T], c []T, cRow int, start []T, startRow int, spare *mulMemory[T]) {
	tile := func(row, m int, a Matrix[T], aTile int) {
		s.tile(m, n, k, a.Data, a.Row, a.Col, aTile, spare.b[:], tileColumns, k*tileColumns, c[row*cRow:], cRow, after(start, row*startRow), startRow, nil)
	}
	if a.Row != 1 || m <= tileRows || n <= tileColumns {
		tile(0, m, a, tileRows*a.Row)
		return
	}
	s.packColumns(spare.a[:], a, m, k)
	whole := m / tileRows * tileRows
	tile(0, whole, Matrix[T]{spare.a[:], 1, tileRows}, tileRows*k)
	if whole < m {
		tile(whole, m-whole, Matrix[T]{spare.a[whole*k:], 1, tileRows}, tileRows*k)
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
