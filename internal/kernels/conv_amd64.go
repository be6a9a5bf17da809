//go:build amd64 && !noasm

package kernels

import "sync"

type tapsKernel func(taps, k int, a *float32, aRow, aCol, skip int, b *float32, panel int, c *float32, cRow int, start *float32, startRow int, mask uint32)

// avx2Taps and avx512Taps are the kernels for each number of rows and panels. Only those
// for AVX-512 read the mask.
var avx2Taps = [tileRows + 1][mostPanels + 1]tapsKernel{
	1: {1: taps1x16, 4: taps1x64},
	2: {1: taps2x16, 2: taps2x32},
	3: {1: taps3x16, 2: taps3x32},
	4: {1: taps4x16},
	5: {1: taps5x16},
	6: {1: taps6x16},
}

var avx512Taps = [tileRows + 1][mostPanels + 1]tapsKernel{
	1: {1: taps1x16AVX512, 2: taps1x32AVX512, 3: taps1x48AVX512, 4: taps1x64AVX512},
	2: {1: taps2x16AVX512, 2: taps2x32AVX512, 3: taps2x48AVX512, 4: taps2x64AVX512},
	3: {1: taps3x16AVX512, 2: taps3x32AVX512, 3: taps3x48AVX512, 4: taps3x64AVX512},
	4: {1: taps4x16AVX512, 2: taps4x32AVX512, 3: taps4x48AVX512, 4: taps4x64AVX512},
	5: {1: taps5x16AVX512, 2: taps5x32AVX512, 3: taps5x48AVX512, 4: taps5x64AVX512},
	6: {1: taps6x16AVX512, 2: taps6x32AVX512, 3: taps6x48AVX512, 4: taps6x64AVX512},
}

func convAVX2() convKernels[float32] {
	k := convGo[float32]()
	k.mulTaps = mulTapsAVX2
	k.depthwise, k.depthwiseSums = depthwiseAVX2, depthwiseSumsAVX2
	k.poolKernels = poolAVX2()
	return k
}

func convAVX512() convKernels[float32] {
	k := convAVX2()
	k.mulTaps = mulTapsAVX512
	k.depthwise, k.depthwiseSums = depthwiseAVX512, depthwiseSumsAVX512
	return k
}

// mulTapsAVX512 computes tiles of as many panels as there are kernels for.
func mulTapsAVX512(m, n, taps, k int, a []float32, aRow, aTap, aCol int, b []float32, panel int, c []float32, cRow int, start []float32, startRow int) {
	checkTaps(m, n, taps, k, a, aRow, aTap, aCol, b, panel, c, cRow, start, startRow)
	tiles, skip := tilesOf(m), 4*(aTap-k*aCol)
	for all, at := panels(n), 0; at < all; {
		count, mask := panelsOf(all-at), uint32(1<<tileColumns-1)
		if at+count == all {
			mask >>= all*tileColumns - n
		}
		for i, row := 0, 0; row < m; i++ {
			rows := tiles.rows(i)
			avx512Taps[rows][count](taps, k, &a[row*aRow], 4*aRow, 4*aCol, skip, &b[at*panel], 4*panel,
				&c[row*cRow+at*tileColumns], 4*cRow, place(start, row*startRow+at*tileColumns), 4*startRow, mask)
			row += rows
		}
		at += count
	}
}

// edges are spare memory for the tiles of fewer than 16 columns, of *[tileRows *
// tileColumns]float32.
var edges = sync.Pool{New: func() any { return new([tileRows * tileColumns]float32) }}

// mulTapsAVX2 computes one panel at a time, so that it stays in the first-level cache, but
// few rows over several panels. Fewer than 16 columns are computed through a whole tile.
func mulTapsAVX2(m, n, taps, k int, a []float32, aRow, aTap, aCol int, b []float32, panel int, c []float32, cRow int, start []float32, startRow int) {
	checkTaps(m, n, taps, k, a, aRow, aTap, aCol, b, panel, c, cRow, start, startRow)
	skip, at := 4*(aTap-k*aCol), 0
	for whole := n / tileColumns; at < whole; {
		count := 1
		if m <= stripRows {
			count = min(whole-at, mostPanels)
			for avx2Taps[m][count] == nil {
				count--
			}
		}
		for i := 0; i < m; i += tileRows {
			avx2Taps[min(tileRows, m-i)][count](taps, k, &a[i*aRow], 4*aRow, 4*aCol, skip, &b[at*panel], 4*panel,
				&c[i*cRow+at*tileColumns], 4*cRow, place(start, i*startRow+at*tileColumns), 4*startRow, 0)
		}
		at += count
	}
	width := n - at*tileColumns
	if width == 0 {
		return
	}
	tile := edges.Get().(*[tileRows * tileColumns]float32)
	for i := 0; i < m; i += tileRows {
		rows := min(tileRows, m-i)
		avx2Taps[rows][1](taps, k, &a[i*aRow], 4*aRow, 4*aCol, skip, &b[at*panel], 4*panel, &tile[0], 4*tileColumns, nil, 0, 0)
		putEdge(rows, width, tile[:], c[i*cRow+at*tileColumns:], cRow, after(start, i*startRow+at*tileColumns), startRow)
	}
	edges.Put(tile)
}

// checkTaps checks the bounds of a product.
func checkTaps(m, n, taps, k int, a []float32, aRow, aTap, aCol int, b []float32, panel int, c []float32, cRow int, start []float32, startRow int) {
	if m < 1 || n < 1 || taps < 1 || k < 1 || taps > len(b)/k {
		panic("kernels: product of no size")
	}
	_ = a[last(m, aRow)+last(taps, aTap)+last(k, aCol)]
	_ = b[last(panels(n), panel)+last(taps*k+1, tileColumns)-1]
	checkSums(m, n, c, cRow, start, startRow)
}
