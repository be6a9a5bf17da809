package kernels

import "slices"

// gemmKernels are the parts of matrix products.
type gemmKernels[T Float] struct {
	// tile computes m rows and n columns of c = start + a·b over k terms, without start if
	// that is nil. Element (i, p) of a tile of tileRows rows of a lies at i·aRow + p·aCol,
	// and its tiles lie aTile elements apart. Columns of b lie in panels of tileColumns,
	// panel elements apart, and its rows bRow elements apart. If masks is not set, the last
	// panel of b must have memory for all of its columns. Start may be c. Ahead is memory
	// that is read soon.
	//
	// direct is the number of rows up to which Mul reads b without packing it, because
	// packing takes as long as a product of few rows, and directLong the same where rows of
	// b are longRow elements or more apart. Measured on a Zen 5, AVX-512 gains up to 132 and
	// 48 rows, because it reads an element half as often, and AVX2 up to 24 and 12.
	tile               func(m, n, k int, a []T, aRow, aCol, aTile int, b []T, bRow, panel int, c []T, cRow int, start []T, startRow int, ahead []T)
	direct, directLong int
	masks              bool

	// copyPanel copies n rows of tileColumns elements to rows that follow each other.
	copyPanel func(n int, from []T, row int, to []T)
	// copyTiles copies n pieces of tileRows elements that follow each other to places
	// that lie stride apart.
	copyTiles func(n int, from, to []T, stride int)
	// transpose copies transposeRows rows of n elements to as many columns.
	transpose func(n int, from []T, row int, to []T, stride int)
}

// longRow are the elements of a page of memory: rows that are as far apart are on different
// pages, and a tile needs more of them than a processor addresses fast.
const longRow = 1024

// readsDirectly reports whether Mul reads b without packing it, for m rows.
func (g *gemmKernels[T]) readsDirectly(m int, b Matrix[T]) bool {
	if b.Row >= longRow {
		return b.Col == 1 && m <= g.directLong
	}
	return b.Col == 1 && m <= g.direct
}

// transposeRows divides tileColumns.
const transposeRows = 8

func portableGemm[T Float]() gemmKernels[T] {
	return gemmKernels[T]{
		tile:       tileGo[T],
		direct:     4 * tileRows,
		directLong: 4 * tileRows,
		masks:      true,
		copyPanel:  copyPanelGo[T],
		copyTiles:  copyTilesGo[T],
		transpose:  transposeGo[T],
	}
}

func tileGo[T Float](m, n, k int, a []T, aRow, aCol, aTile int, b []T, bRow, panel int, c []T, cRow int, start []T, startRow int, _ []T) {
	if m < 1 {
		panic("kernels: tile of a wrong size")
	}
	b, c, start = slices.Clip(b), slices.Clip(c), slices.Clip(start) // keeps a row from reading beyond them
	for at := 0; at < n; at += tileColumns {
		width, b := min(tileColumns, n-at), b[at/tileColumns*panel:]
		for i := range m {
			var sum [tileColumns]T
			for p := range k {
				x := a[i/tileRows*aTile+i%tileRows*aRow+p*aCol]
				for j, y := range b[p*bRow:][:width] {
					sum[j] += x * y
				}
			}
			put(c[i*cRow+at:][:width], sum[:], after(start, i*startRow+at))
		}
	}
}

// put writes a row of sums, plus start unless that is nil; start may be the row.
func put[T Float](row, sums, start []T) {
	if start == nil {
		copy(row, sums)
		return
	}
	start = start[:len(row)]
	for j := range row {
		row[j] = start[j] + sums[j]
	}
}

func copyPanelGo[T Float](n int, from []T, row int, to []T) {
	from, to = slices.Clip(from), slices.Clip(to)
	for i := range n {
		copy(to[i*tileColumns:][:tileColumns], from[i*row:][:tileColumns])
	}
}

func copyTilesGo[T Float](n int, from, to []T, stride int) {
	from, to = slices.Clip(from), slices.Clip(to)
	for i := range n {
		copy(to[i*stride:][:tileRows], from[i*tileRows:][:tileRows])
	}
}

func transposeGo[T Float](n int, from []T, row int, to []T, stride int) {
	from, to = slices.Clip(from), slices.Clip(to)
	for j := range transposeRows {
		for i, x := range from[j*row:][:n] {
			to[i*stride:][:transposeRows][j] = x
		}
	}
}
