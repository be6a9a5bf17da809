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

// checkTile checks the bounds of tiles that read the given number of columns of b.
func checkTile(m, n, columns, k int, a []float32, aRow, aCol, aTile int, b []float32, bRow, panel int, c []float32, cRow int) {
	if m < 1 || n < 1 || n > 1<<60 {
		panic("kernels: tile of a wrong size")
	}
	before := (m - 1) / tileRows // tiles of all rows before the last
	if before > 0 {
		_ = a[last(before, aTile)+last(tileRows, aRow)+last(k, aCol)]
	}
	_ = a[last(before+1, aTile)+last(m-before*tileRows, aRow)+last(k, aCol)]
	whole := panels(n) - 1
	_ = b[last(k, bRow)+last(whole+1, panel)+columns-whole*tileColumns-1]
	_ = c[last(m, cRow)+n-1]
}

func tileAVX2(m, n, k int, a []float32, aRow, aCol, aTile int, b []float32, bRow, panel int, c []float32, cRow int, add bool) {
	checkTile(m, n, panels(n)*tileColumns, k, a, aRow, aCol, aTile, b, bRow, panel, c, cRow)
	at, whole := 0, n/tileColumns
	switch m { // few rows, over several panels
	case 1:
		for ; at+4 <= whole; at += 4 {
			tile1x64(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*bRow, 4*panel, &c[at*tileColumns], 4*cRow, add)
		}
	case 2:
		for ; at+2 <= whole; at += 2 {
			tile2x32(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*bRow, 4*panel, &c[at*tileColumns], 4*cRow, add)
		}
	case 3:
		for ; at+2 <= whole; at += 2 {
			tile3x32(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*bRow, 4*panel, &c[at*tileColumns], 4*cRow, add)
		}
	}
	for ; at < whole; at++ { // a panel over all rows, so that it stays in the nearest cache
		for i := 0; i < m; i += tileRows {
			panelAVX2(min(tileRows, m-i), k, &a[i/tileRows*aTile], aRow, aCol, &b[at*panel], bRow, &c[i*cRow+at*tileColumns], cRow, add)
		}
	}
	width := n - at*tileColumns
	for i := 0; i < m && width > 0; i += tileRows { // through a whole panel
		var all [tileRows * tileColumns]float32
		rows := min(tileRows, m-i)
		panelAVX2(rows, k, &a[i/tileRows*aTile], aRow, aCol, &b[at*panel], bRow, &all[0], tileColumns, false)
		for r := range rows {
			row := c[(i+r)*cRow+at*tileColumns:][:width]
			for j, x := range all[r*tileColumns:][:width] {
				if add {
					x += row[j]
				}
				row[j] = x
			}
		}
	}
}

// panelAVX2 computes m rows of one panel.
func panelAVX2(m, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, add bool) {
	switch m {
	case 1:
		tile1x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, add)
	case 2:
		tile2x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, add)
	case 3:
		tile3x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, add)
	case 4:
		tile4x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, add)
	case 5:
		tile5x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, add)
	default:
		tile6x16(k, a, 4*aRow, 4*aCol, b, 4*bRow, 0, c, 4*cRow, add)
	}
}

// tiles512 are the kernels for AVX-512 by the number of rows and of panels.
var tiles512 = [tileRows + 1][9]func(k int, a *float32, aRow, aCol int, b *float32, bRow, panel int, c *float32, cRow int, add bool, mask uint32){
	1: {1: tile1x16AVX512, 2: tile1x32AVX512, 3: tile1x48AVX512, 4: tile1x64AVX512, 8: tile1x128AVX512},
	2: {1: tile2x16AVX512, 2: tile2x32AVX512, 3: tile2x48AVX512, 4: tile2x64AVX512},
	3: {1: tile3x16AVX512, 2: tile3x32AVX512, 3: tile3x48AVX512, 4: tile3x64AVX512},
	4: {1: tile4x16AVX512, 2: tile4x32AVX512, 3: tile4x48AVX512, 4: tile4x64AVX512},
	5: {1: tile5x16AVX512, 2: tile5x32AVX512, 3: tile5x48AVX512, 4: tile5x64AVX512},
	6: {1: tile6x16AVX512, 2: tile6x32AVX512, 3: tile6x48AVX512, 4: tile6x64AVX512},
}

func tileAVX512(m, n, k int, a []float32, aRow, aCol, aTile int, b []float32, bRow, panel int, c []float32, cRow int, add bool) {
	checkTile(m, n, n, k, a, aRow, aCol, aTile, b, bRow, panel, c, cRow)
	all := panels(n)
	for at := 0; at < all; {
		count := all - at
		switch {
		case m > stripRows:
			count = min(count, 4)
		case count >= 8 && m == 1:
			count = 8
		case count >= 8:
			count = 4
		case count > 4: // two kernels of about the same size, since one panel has few sums
			count = (count + 1) / 2
		}
		mask := uint32(1<<tileColumns - 1)
		if at+count == all {
			mask >>= all*tileColumns - n
		}
		for i := 0; i < m; i += tileRows {
			tiles512[min(tileRows, m-i)][count](k, &a[i/tileRows*aTile], 4*aRow, 4*aCol, &b[at*panel], 4*bRow, 4*panel, &c[i*cRow+at*tileColumns], 4*cRow, add, mask)
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
