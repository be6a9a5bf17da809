package kernels

const (
	tileRows    = 6
	tileColumns = 16
	stripRows   = 3
	// termsAtOnce bounds the rows of b that are packed at once, so that they
	// stay in the first-level cache: 192·16 float32 take 12 KB.
	termsAtOnce = 192
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

// panels is how many panels n columns take.
func panels(n int) int { return (n + tileColumns - 1) / tileColumns }

// Packed is a matrix laid out for many products: panels of 16 columns, each
// with its rows one after the other, the last filled up with zeros.
type Packed[T Float] struct {
	k, n int
	data []T
}

// Pack lays out the k×n matrix b. It reuses the memory of p.
func (p *Packed[T]) Pack(b Matrix[T], k, n int) {
	if size := panels(n) * tileColumns * k; cap(p.data) < size {
		p.data = make([]T, size)
	} else {
		p.data = p.data[:size]
	}
	p.k, p.n = k, n
	for j := 0; j < n; j += tileColumns {
		packPanel(p.data[j*k:], b, 0, k, j, min(tileColumns, n-j))
	}
}

// packPanel copies rows from..to and width columns from column j on.
func packPanel[T Float](to []T, b Matrix[T], from, end, j, width int) {
	for i := from; i < end; i++ {
		row := to[(i-from)*tileColumns:][:tileColumns]
		at := i*b.Row + j*b.Col
		if b.Col == 1 {
			clear(row[copy(row, b.Data[at:at+width]):])
			continue
		}
		for c := range width {
			row[c] = b.Data[at+c*b.Col]
		}
		clear(row[width:])
	}
}

// MulPacked computes m rows of c = a·b, or adds them to c. The rows of c have
// room for whole panels, so it writes up to 15 columns beyond those of b. Each
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
	for j := 0; j < b.n && m > few; j += tileColumns {
		s.panel(m-few, b.k, a, b.data[j*b.k:(j+tileColumns)*b.k], tileColumns, c.Data[j:], c.Row, add)
	}
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

// panel computes m rows and 16 columns.
func (s *Set[T]) panel(m, k int, a Matrix[T], b []T, bRow int, c []T, cRow int, add bool) {
	for i := 0; i < m; i += tileRows {
		s.tile(min(tileRows, m-i), k, a.Data[i*a.Row:], a.Row, a.Col, b, bRow, c[i*cRow:], cRow, add)
	}
}

// Mul computes the columns from..end of the m×n matrix c = a·b over k terms, b
// being k×n, both in any order, c by rows. Room is working memory of at least
// MulRoom elements. Each element of c is one sum in one order, whatever the
// columns asked for.
func (s *Set[T]) Mul(m, k int, a, b, c Matrix[T], from, end int, room []T) {
	if m == 0 || from == end {
		return
	}
	wholeRows(m, c, end)
	if k == 0 {
		fill(m, end-from, Matrix[T]{c.Data[from:], c.Row, 1}, false)
	}
	packed := room[:termsAtOnce*tileColumns]
	edge := room[termsAtOnce*tileColumns:][:tileRows*tileColumns]
	for j := from; j < end; j += tileColumns {
		width := min(tileColumns, end-j)
		for p := 0; p < k; p += termsAtOnce {
			terms := min(termsAtOnce, k-p)
			packPanel(packed, b, p, p+terms, j, width)
			part := Matrix[T]{a.Data[p*a.Col:], a.Row, a.Col}
			if width == tileColumns {
				s.panel(m, terms, part, packed, tileColumns, c.Data[j:], c.Row, p > 0)
				continue
			}
			s.edge(m, terms, part, packed, c.Data[j:], c.Row, width, p > 0, edge)
		}
	}
}

// MulUnit is how many columns Mul computes at a time: cores may share them in
// multiples of it.
const MulUnit = tileColumns

// MulRoom is how many elements of working memory Mul needs.
const MulRoom = termsAtOnce*tileColumns + tileRows*tileColumns

// edge computes fewer than 16 columns, by way of a whole tile.
func (s *Set[T]) edge(m, k int, a Matrix[T], b []T, c []T, cRow, width int, add bool, tile []T) {
	for i := 0; i < m; i += tileRows {
		rows := min(tileRows, m-i)
		s.tile(rows, k, a.Data[i*a.Row:], a.Row, a.Col, b, tileColumns, tile, tileColumns, false)
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
