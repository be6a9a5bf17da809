package kernels

const (
	tileRows    = 6
	tileColumns = 16
	stripRows   = 3
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

// panels is the number of panels of n columns.
func panels(n int) int { return (n + tileColumns - 1) / tileColumns }

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

// tiles computes m rows and n columns. The rows of a that one tile takes are aTile elements
// behind those of the tile before.
func (s *Set[T]) tiles(m, n, k int, a Matrix[T], aTile int, b []T, bRow, panel int, c []T, cRow int, add bool) {
	few := m % tileRows // rows beyond whole tiles, which are computed over all columns
	if few > stripRows {
		few = 0
	}
	many := m - few
	if many > 0 {
		s.tile(many, n, k, a.Data, a.Row, a.Col, aTile, b, bRow, panel, c, cRow, add)
	}
	if few > 0 {
		s.tile(few, n, k, a.Data[many/tileRows*aTile:], a.Row, a.Col, aTile, b, bRow, panel, c[many*cRow:], cRow, add)
	}
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
	direct := s.readsDirectly(m, b)
	for p := 0; p < k; p += termsAtOnce {
		terms, from := min(termsAtOnce, k-p), from
		if direct {
			columns := end - from
			if !s.masks {
				columns = columns / tileColumns * tileColumns
			}
			if columns > 0 {
				s.tiles(m, columns, terms, Matrix[T]{a.Data[p*a.Col:], a.Row, a.Col}, tileRows*a.Row, b.From(p).Data[from:], b.Row, tileColumns, c.Data[from:], c.Row, add || p > 0)
			}
			from += columns
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

// block computes m rows and n columns, whose part of b is packed, or adds to
// them.
func (s *Set[T]) block(m, n, k int, a Matrix[T], c []T, cRow int, add bool, spare *mulMemory[T]) {
	aTile := tileRows * a.Row
	if a.Row == 1 && m > tileRows && n > tileColumns {
		s.packColumns(spare.a[:], a, m, k)
		a, aTile = Matrix[T]{spare.a[:], 1, tileRows}, tileRows*k
	}
	s.tiles(m, n, k, a, aTile, spare.b[:], tileColumns, k*tileColumns, c, cRow, add)
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
