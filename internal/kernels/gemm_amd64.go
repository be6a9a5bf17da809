//go:build amd64 && !noasm

package kernels

import "sync"

func gemmAVX2() gemmKernels[float32] {
	return gemmKernels[float32]{
		tile:       tileAVX2,
		direct:     4 * tileRows,
		directLong: 2 * tileRows,
		copyPanel:  copyPanel,
		copyTiles:  copyTiles,
		transpose:  transpose,
	}
}

// gemmAVX512 are the products for AVX-512, whose vectors have the columns of a panel.
func gemmAVX512() gemmKernels[float32] {
	s := gemmAVX2()
	s.tile, s.masks = tileAVX512, true
	s.direct, s.directLong = 22*tileRows, 8*tileRows
	return s
}

// checkTile checks the bounds of tiles that read the given number of columns of b.
func checkTile(m, n, columns, k int, a Matrix[float32], aTile int, b []float32, bRow, panel int, c, start Matrix[float32]) {
	if m < 1 || n < 1 || n > 1<<60 {
		panic("kernels: tile of a wrong size")
	}
	before := (m - 1) / tileRows // tiles of all rows before the last
	if before > 0 {
		_ = a.Data[last(before, aTile)+last(tileRows, a.Row)+last(k, a.Col)]
	}
	_ = a.Data[last(before+1, aTile)+last(m-before*tileRows, a.Row)+last(k, a.Col)]
	whole := panels(n) - 1
	_ = b[last(k, bRow)+last(whole+1, panel)+columns-whole*tileColumns-1]
	checkSums(m, n, c, start)
}

// checkSums checks the bounds of m rows and n columns of sums and of what they start with.
func checkSums(m, n int, c, start Matrix[float32]) {
	_ = c.Data[last(m, c.Row)+n-1]
	if start.Data != nil {
		_ = start.Data[last(m, start.Row)+n-1]
	}
}

// pointer is the place of an element, or nil where there are none.
func pointer(x []float32, at int) *float32 {
	if x == nil {
		return nil
	}
	return &x[at]
}

// tiles256 are the kernels for AVX2 by the number of rows and of panels.
var tiles256 = [tileRows + 1][5]func(k int, a *float32, aRow, aCol int, b *float32, bRow, panel int, c *float32, cRow int, start *float32, startRow int){
	1: {1: tile1x16, 4: tile1x64},
	2: {1: tile2x16, 2: tile2x32},
	3: {1: tile3x16, 2: tile3x32},
	4: {1: tile4x16},
	5: {1: tile5x16},
	6: {1: tile6x16},
}

// tileAVX2 computes a panel over all rows, so that it stays in the first-level cache, but
// few rows over several panels. Fewer than 16 columns are computed through a whole tile.
func tileAVX2(m, n, k int, a Matrix[float32], aTile int, b []float32, bRow, panel int, c, start Matrix[float32], _ []float32) {
	checkTile(m, n, panels(n)*tileColumns, k, a, aTile, b, bRow, panel, c, start)
	tiles, at := tilesOf(m), 0
	for whole := n / tileColumns; at < whole; {
		count := 1
		if m <= stripRows {
			count = min(whole-at, 4)
			for tiles256[m][count] == nil {
				count--
			}
		}
		for i, row := 0, 0; row < m; i++ {
			rows := tiles.rows(i)
			to := at * tileColumns
			tiles256[rows][count](k, &a.Data[row/tileRows*aTile+row%tileRows*a.Row], 4*a.Row, 4*a.Col, &b[at*panel], 4*bRow, 4*panel,
				&c.Data[row*c.Row+to], 4*c.Row, pointer(start.Data, row*start.Row+to), 4*start.Row)
			row += rows
		}
		at += count
	}
	if at*tileColumns == n {
		return
	}
	sums := edges.Get().(*[tileRows * tileColumns]float32)
	for i, row := 0, 0; row < m; i++ {
		rows := tiles.rows(i)
		tiles256[rows][1](k, &a.Data[row/tileRows*aTile+row%tileRows*a.Row], 4*a.Row, 4*a.Col, &b[at*panel], 4*bRow, 0, &sums[0], 4*tileColumns, nil, 0)
		putEdge(rows, n-at*tileColumns, sums, c.From(row).columns(at*tileColumns), start.From(row).columns(at*tileColumns))
		row += rows
	}
	edges.Put(sums)
}

// edges are spare memory for the tiles of fewer than 16 columns, of *[tileRows *
// tileColumns]float32.
var edges = sync.Pool{New: func() any { return new([tileRows * tileColumns]float32) }}

// putEdge writes some rows and columns of a whole tile to c.
func putEdge(rows, width int, sums *[tileRows * tileColumns]float32, c, start Matrix[float32]) {
	for r := range rows {
		put(c.Data[r*c.Row:][:width], sums[r*tileColumns:], start.From(r).Data)
	}
}

// tiles512 are the kernels for AVX-512 by the number of rows and of panels, and partly512
// those of a panel of which there are not all columns in memory.
var tiles512 = [tileRows + 1][9]tile512{
	1: {1: tile1x16AVX512, 2: tile1x32AVX512, 3: tile1x48AVX512, 4: tile1x64AVX512, 8: tile1x128AVX512},
	2: {1: tile2x16AVX512, 2: tile2x32AVX512, 3: tile2x48AVX512, 4: tile2x64AVX512},
	3: {1: tile3x16AVX512, 2: tile3x32AVX512, 3: tile3x48AVX512, 4: tile3x64AVX512},
	4: {1: tile4x16AVX512, 2: tile4x32AVX512, 3: tile4x48AVX512, 4: tile4x64AVX512},
	5: {1: tile5x16AVX512, 2: tile5x32AVX512, 3: tile5x48AVX512, 4: tile5x64AVX512},
	6: {1: tile6x16AVX512, 2: tile6x32AVX512, 3: tile6x48AVX512, 4: tile6x64AVX512},
}

var partly512 = [tileRows + 1]tile512{
	nil, tile1x16PartlyAVX512, tile2x16PartlyAVX512, tile3x16PartlyAVX512, tile4x16PartlyAVX512, tile5x16PartlyAVX512, tile6x16PartlyAVX512,
}

type tile512 func(k int, a *float32, aRow, aCol int, b *float32, bRow, panel int, c *float32, cRow int, start *float32, startRow int, mask uint32, ahead *float32)

// panelsOf is how many of some panels a tile takes, at most most: tiles are of about equal
// size, since one panel has few sums.
func panelsOf(panels, most int) int {
	tiles := (panels + most - 1) / most
	return (panels + tiles - 1) / tiles
}

// tileAVX512 computes some panels over all rows. Meanwhile the tiles fetch the next panels,
// or what is ahead, since the processor does not do it soon enough where b is larger than
// the second-level cache.
func tileAVX512(m, n, k int, a Matrix[float32], aTile int, b []float32, bRow, panel int, c, start Matrix[float32], ahead []float32) {
	checkTile(m, n, n, k, a, aTile, b, bRow, panel, c, start)
	all, tiles := panels(n), tilesOf(m)
	whole := all // panels that can be read
	if last(k, bRow)+last(all, panel)+tileColumns > len(b) {
		whole = n / tileColumns
	}
	for at := 0; at < all; {
		count := 1
		switch {
		case m == 1 && whole-at >= 8:
			count = 8
		case at < whole:
			count = panelsOf(whole-at, 4)
		}
		mask, next := uint32(1<<tileColumns-1), ahead
		if at+count == all {
			mask >>= all*tileColumns - n
		} else {
			next = b[(at+count)*panel:]
		}
		for i, row := 0, 0; row < m; i++ {
			rows := tiles.rows(i)
			from, to := &b[at*panel], at*tileColumns
			line := from
			if place := i * k * tileColumns; place < len(next) {
				line = &next[place]
			}
			f := tiles512[rows][count]
			if at == whole {
				f = partly512[rows]
			}
			f(k, &a.Data[row/tileRows*aTile+row%tileRows*a.Row], 4*a.Row, 4*a.Col, from, 4*bRow, 4*panel,
				&c.Data[row*c.Row+to], 4*c.Row, pointer(start.Data, row*start.Row+to), 4*start.Row, mask, line)
			row += rows
		}
		at += count
	}
}

func copyPanel(n int, from []float32, row int, to []float32) {
	if n == 0 {
		return
	}
	_ = from[last(n, row)+tileColumns-1]
	_ = to[last(n+1, tileColumns)-1]
	copyPanelAVX2(n, &from[0], &to[0], 4*row)
}

func copyTiles(n int, from, to []float32, stride int) {
	if n == 0 {
		return
	}
	_ = from[last(n+1, tileRows)-1]
	_ = to[last(n, stride)+tileRows-1]
	copyTilesAVX2(n, &from[0], &to[0], 4*stride)
}

// transpose leaves the last elements of rows that are not whole vectors to plain Go.
func transpose(n int, from []float32, row int, to []float32, stride int) {
	if n == 0 {
		return
	}
	_ = from[last(transposeRows, row)+n-1]
	_ = to[last(n, stride)+transposeRows-1]
	whole := n / Width * Width
	if whole > 0 {
		transposeAVX2(whole, &from[0], 4*row, &to[0], 4*stride)
	}
	if whole < n {
		transposeGo(n-whole, from[whole:], row, to[whole*stride:], stride)
	}
}
