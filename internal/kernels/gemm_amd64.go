//go:build amd64 && !noasm

package kernels

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

// checkTile checks the bounds of tiles that read the given number of columns of b. It
// returns where the last row of the last panel of b lies.
func checkTile(m, n, columns, k int, a []float32, aRow, aCol, aTile int, b []float32, bRow, panel int, c []float32, cRow int, start []float32, startRow int) (end int) {
	if m < 1 || n < 1 || n > 1<<60 {
		panic("kernels: tile of a wrong size")
	}
	before := (m - 1) / tileRows // tiles of all rows before the last
	if before > 0 {
		_ = a[last(before, aTile)+last(tileRows, aRow)+last(k, aCol)]
	}
	_ = a[last(before+1, aTile)+last(m-before*tileRows, aRow)+last(k, aCol)]
	whole := panels(n) - 1
	end = last(k, bRow) + last(whole+1, panel)
	_ = b[end+columns-whole*tileColumns-1]
	checkSums(m, n, c, cRow, start, startRow)
	return end
}

// checkSums checks the bounds of m rows and n columns of sums and of what they start with.
func checkSums(m, n int, c []float32, cRow int, start []float32, startRow int) {
	_ = c[last(m, cRow)+n-1]
	if start != nil {
		_ = start[last(m, startRow)+n-1]
	}
}

// place is where an element of start lies, or nil without start.
func place(start []float32, at int) *float32 {
	if start == nil {
		return nil
	}
	return &start[at]
}

// tileAVX2 computes a panel over all rows, so that it stays in the nearest cache, but few
// rows beyond whole tiles over all columns.
func tileAVX2(m, n, k int, a []float32, aRow, aCol, aTile int, b []float32, bRow, panel int, c []float32, cRow int, start []float32, startRow int, _ []float32) {
	checkTile(m, n, panels(n)*tileColumns, k, a, aRow, aCol, aTile, b, bRow, panel, c, cRow, start, startRow)
	few := m % tileRows
	if few > stripRows {
		few = 0
	}
	whole := m - few
	if whole > 0 {
		rowsAVX2(whole, n, k, a, aRow, aCol, aTile, b, bRow, panel, c, cRow, start, startRow)
	}
	if few > 0 {
		rowsAVX2(few, n, k, a[whole/tileRows*aTile:], aRow, aCol, aTile, b, bRow, panel, c[whole*cRow:], cRow, after(start, whole*startRow), startRow)
	}
}

func rowsAVX2(m, n, k int, a []float32, aRow, aCol, aTile int, b []float32, bRow, panel int, c []float32, cRow int, start []float32, startRow int) {
	at, whole := 0, n/tileColumns
	switch m { // few rows, over several panels
	case 1:
		for ; at+4 <= whole; at += 4 {
			tile1x64(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*bRow, 4*panel, &c[at*tileColumns], 4*cRow, place(start, at*tileColumns), 4*startRow)
		}
	case 2:
		for ; at+2 <= whole; at += 2 {
			tile2x32(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*bRow, 4*panel, &c[at*tileColumns], 4*cRow, place(start, at*tileColumns), 4*startRow)
		}
	case 3:
		for ; at+2 <= whole; at += 2 {
			tile3x32(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*bRow, 4*panel, &c[at*tileColumns], 4*cRow, place(start, at*tileColumns), 4*startRow)
		}
	}
	for ; at < whole; at++ {
		for i := 0; i < m; i += tileRows {
			panelAVX2(min(tileRows, m-i), k, &a[i/tileRows*aTile], aRow, aCol, &b[at*panel], bRow, &c[i*cRow+at*tileColumns], cRow, place(start, i*startRow+at*tileColumns), startRow)
		}
	}
	width := n - at*tileColumns
	for i := 0; i < m && width > 0; i += tileRows { // through a whole panel
		var all [tileRows * tileColumns]float32
		rows := min(tileRows, m-i)
		panelAVX2(rows, k, &a[i/tileRows*aTile], aRow, aCol, &b[at*panel], bRow, &all[0], tileColumns, nil, 0)
		putEdge(rows, width, all[:], c[i*cRow+at*tileColumns:], cRow, after(start, i*startRow+at*tileColumns), startRow)
	}
}

// panelAVX2 computes m rows of one panel.
func panelAVX2(m, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, start *float32, startRow int) {
	switch m {
	case 1:
		tile1x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, start, 4*startRow)
	case 2:
		tile2x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, start, 4*startRow)
	case 3:
		tile3x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, start, 4*startRow)
	case 4:
		tile4x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, start, 4*startRow)
	case 5:
		tile5x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, start, 4*startRow)
	default:
		tile6x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, start, 4*startRow)
	}
}

// putEdge writes some rows and columns of a whole tile to c.
func putEdge(rows, width int, sums, c []float32, cRow int, start []float32, startRow int) {
	for r := range rows {
		put(c[r*cRow:][:width], sums[r*tileColumns:], after(start, r*startRow))
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

// mostPanels is how many panels a tile has at most, if it has more than a row.
const mostPanels = 4

// panelsOf is how many of some panels a tile takes. The last ones are of about equal size,
// since one panel has few sums.
func panelsOf(panels int) int {
	switch {
	case panels > 2*mostPanels:
		return mostPanels
	case panels > mostPanels:
		return (panels + 1) / 2
	}
	return panels
}

// tileAVX512 computes some panels over all rows. Meanwhile the tiles fetch the next panels,
// or what is ahead, since the processor does not do it soon enough where b is larger than
// the second-level cache.
func tileAVX512(m, n, k int, a []float32, aRow, aCol, aTile int, b []float32, bRow, panel int, c []float32, cRow int, start []float32, startRow int, ahead []float32) {
	end := checkTile(m, n, n, k, a, aRow, aCol, aTile, b, bRow, panel, c, cRow, start, startRow)
	all, tiles := panels(n), tilesOf(m)
	whole := all // panels that can be read
	if end+tileColumns > len(b) {
		whole = n / tileColumns
	}
	for at := 0; at < all; {
		count := 1
		switch {
		case m == 1 && whole-at >= 8:
			count = 8
		case at < whole:
			count = panelsOf(whole - at)
		}
		mask, next, apart := uint32(1<<tileColumns-1), ahead, k*tileColumns // the parts of what the tiles fetch
		if at+count == all {
			mask >>= all*tileColumns - n
		} else {
			next, apart = b[(at+count)*panel:], panel
		}
		for i, row := 0, 0; row < m; i++ {
			rows := tiles.rows(i)
			from, to := &b[at*panel], at*tileColumns
			line := from
			if skip := i * apart; skip < len(next) {
				line = &next[skip]
			}
			f := tiles512[rows][count]
			if at == whole {
				f = partly512[rows]
			}
			f(k, &a[row/tileRows*aTile+row%tileRows*aRow], 4*aRow, 4*aCol, from, 4*bRow, 4*panel,
				&c[row*cRow+to], 4*cRow, place(start, row*startRow+at*tileColumns), 4*startRow, mask, line)
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
