package kernels

import "slices"

// convKernels are the parts of convolutions.
type convKernels[T Float] struct {
	// mulTaps computes m rows and n columns of c = start + a·b, without start if that is nil,
	// over k terms of each tap, in order; none of the numbers is 0. Term p of tap j of row i
	// of a lies at i·aRow + j·aTap + p·aCol. In b, the terms of the taps follow each other,
	// and its panels of tileColumns columns lie panel elements apart. Start may be c.
	mulTaps func(m, n, taps, k int, a []T, aRow, aTap, aCol int, b []T, panel int, c []T, cRow int, start []T, startRow int)

	// depthwise and depthwiseSums are Depthwise and DepthwiseSums, of at least one
	// row and tap and of at least Width channels.
	depthwise     func(m, n, taps int, x []T, xRow, xTap int, w []T, wTap int, start, y []T, yRow int)
	depthwiseSums func(m, n, taps int, x []T, xRow, xTap int, y []T, yRow int, w []T, wTap int)

	poolKernels[T]
}

func convGo[T Float]() convKernels[T] {
	return convKernels[T]{
		mulTaps:   mulTapsGo[T],
		depthwise: depthwiseGo[T], depthwiseSums: depthwiseSumsGo[T],
		poolKernels: poolGo[T](),
	}
}

// Taps is the left operand of a convolution: term p of tap j of row i lies at
// i·Row + j·Tap + p·Col.
type Taps[T Float] struct {
	Data          []T
	Row, Tap, Col int
}

// from is the part that begins with a tap and a term.
func (a Taps[T]) from(tap, term int) Taps[T] {
	a.Data = a.Data[tap*a.Tap+term*a.Col:]
	return a
}

// Filters is the right operand of a convolution, a matrix of k terms and n columns for
// each tap, laid out for many products: panels of 16 columns, each with the terms of
// the taps one after the other, the last panel filled up with zeros.
type Filters[T Float] struct {
	taps, k, n int
	data       []T
}

// FiltersSize is the number of elements that Filters take.
func FiltersSize(taps, k, n int) int { return PackedSize(taps*k, n) }

// Pack lays out the filters: term p and column c of tap j lie at first + j·tap + p·row +
// c·col of data. It reuses the memory of f.
func (f *Filters[T]) Pack(set *Set[T], taps, k, n int, data []T, first, tap, row, col int) {
	size := PackedSize(taps*k, n)
	if cap(f.data) < size {
		f.data = make([]T, size)
	}
	f.taps, f.k, f.n, f.data = taps, k, n, f.data[:size]
	panel := taps * k * tileColumns
	for j := 0; j < taps && k > 0; j++ {
		for q := range panels(n) {
			b := Matrix[T]{data[first+j*tap+q*tileColumns*col:], row, col}
			set.packPanels(f.data[q*panel+j*k*tileColumns:], b, k, min(tileColumns, n-q*tileColumns))
		}
	}
}

// MulTaps computes m rows of the sums of products c = start + Σ a_j·b_j over taps
// from..end of b. Tap 0 of a belongs to tap from of b. Start may be c, or a row that is
// repeated; without data it is left out. Each element of c is one sum in one order,
// whatever the number of rows.
func (s *Set[T]) MulTaps(m int, a Taps[T], b *Filters[T], from, end int, c, start Matrix[T]) {
	if from < 0 || end > b.taps || from > end {
		panic("kernels: product of other taps")
	}
	if m == 0 || b.n == 0 {
		return
	}
	wholeRows(m, c, b.n)
	if from == end || b.k == 0 {
		fill(m, b.n, c.Data, c.Row, start.Data, start.Row)
		return
	}
	panel := b.taps * b.k * tileColumns
	taps, terms := max(1, termsAtOnce/b.k), min(b.k, termsAtOnce) // at once
	for j := from; j < end; j += taps {
		for p := 0; p < b.k; p += terms {
			left := a.from(j-from, p)
			s.mulTaps(m, b.n, min(taps, end-j), min(terms, b.k-p), left.Data, left.Row, left.Tap, left.Col, b.data[(j*b.k+p)*tileColumns:], panel,
				c.Data, c.Row, start.Data, start.Row)
			start = c
		}
	}
}

// PackedRows are k rows of n columns, the right operand of a product that sums over rows.
type PackedRows[T Float] struct {
	k, n       int
	data       []T
	row, panel int // elements from a row, or a panel, to the next
}

// PackRows lays out k rows of n columns, which lie row elements apart, in the given
// memory. Short rows stay where they are.
func (s *Set[T]) PackRows(memory []T, k, n int, data []T, row int) PackedRows[T] {
	if s.masks && row <= shortRow {
		return PackedRows[T]{k, n, data, row, tileColumns}
	}
	s.packPanels(memory, Matrix[T]{data, row, 1}, k, n)
	return PackedRows[T]{k, n, memory, tileColumns, k * tileColumns}
}

// shortRow are as many elements as the panels that a tile takes at most have columns. Such
// rows are read one after the other, and packing them takes a tenth of the time of 160 rows
// of products. Parts of longer rows would take the places of each other in the first-level
// cache.
const shortRow = 64

// AddMulRows adds to m rows of c the products of k rows of b, the first being from: row
// i of c gets Σ a_p,i·b_p, where element i of row p of a lies at p·row + i·column. Ahead is
// memory that is read soon.
func (s *Set[T]) AddMulRows(m, k int, a []T, row, column int, b PackedRows[T], from int, c Matrix[T], ahead []T) {
	if from < 0 || k < 0 || from+k > b.k {
		panic("kernels: product of other rows")
	}
	if m == 0 || k == 0 || b.n == 0 {
		return
	}
	wholeRows(m, c, b.n)
	s.tile(m, b.n, k, a, column, row, tileRows*column, b.data[from*b.row:], b.row, b.panel, c.Data, c.Row, c.Data, c.Row, ahead)
}

func mulTapsGo[T Float](m, n, taps, k int, a []T, aRow, aTap, aCol int, b []T, panel int, c []T, cRow int, start []T, startRow int) {
	b, c, start = slices.Clip(b), slices.Clip(c), slices.Clip(start) // keeps a row from reading beyond them
	for i := range m {
		for q := 0; q < n; q += tileColumns {
			var sum [tileColumns]T
			for j := range taps {
				for p := range k {
					x := a[i*aRow+j*aTap+p*aCol]
					for l, y := range b[q/tileColumns*panel+(j*k+p)*tileColumns:][:tileColumns] {
						sum[l] += x * y
					}
				}
			}
			put(c[i*cRow+q:][:min(tileColumns, n-q)], sum[:], after(start, i*startRow+q))
		}
	}
}
