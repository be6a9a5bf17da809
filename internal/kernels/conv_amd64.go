//go:build amd64 && !noasm

package kernels

type tapsKernel func(taps, k int, a *float32, aRow, aCol, skip int, b *float32, panel int, c *float32, cRow int, start *float32, startRow int, mask uint32)

// tapsPanels is the largest number of panels of a tile.
const tapsPanels = 4

// avx2Taps and avx512Taps are the kernels for each number of rows and panels. Only those
// for AVX-512 read the mask.
var avx2Taps = [tileRows + 1][tapsPanels + 1]tapsKernel{
	1: {1: taps1x16, 4: taps1x64},
	2: {1: taps2x16, 2: taps2x32},
	3: {1: taps3x16, 2: taps3x32},
	4: {1: taps4x16},
	5: {1: taps5x16},
	6: {1: taps6x16},
}

var avx512Taps = [tileRows + 1][tapsPanels + 1]tapsKernel{
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
func mulTapsAVX512(m, n, taps, k int, a Taps[float32], b []float32, panel int, c, start Matrix[float32]) {
	checkTaps(m, n, taps, k, a, b, panel, c, start)
	tiles, skip := tilesOf(m), 4*(a.Tap-k*a.Col)
	for all, at := panels(n), 0; at < all; {
		count, mask, to := panelsOf(all-at, tapsPanels), uint32(1<<tileColumns-1), at*tileColumns
		if at+count == all {
			mask >>= all*tileColumns - n
		}
		for i, row := 0, 0; row < m; i++ {
			rows := tiles.rows(i)
			avx512Taps[rows][count](taps, k, &a.Data[row*a.Row], 4*a.Row, 4*a.Col, skip, &b[at*panel], 4*panel,
				&c.Data[row*c.Row+to], 4*c.Row, pointer(start.Data, row*start.Row+to), 4*start.Row, mask)
			row += rows
		}
		at += count
	}
}

// mulTapsAVX2 computes tiles as tileAVX2 does.
func mulTapsAVX2(m, n, taps, k int, a Taps[float32], b []float32, panel int, c, start Matrix[float32]) {
	checkTaps(m, n, taps, k, a, b, panel, c, start)
	tiles, skip, at := tilesOf(m), 4*(a.Tap-k*a.Col), 0
	for whole := n / tileColumns; at < whole; {
		count, to := 1, at*tileColumns
		if m <= stripRows {
			count = min(whole-at, tapsPanels)
			for avx2Taps[m][count] == nil {
				count--
			}
		}
		for i, row := 0, 0; row < m; i++ {
			rows := tiles.rows(i)
			avx2Taps[rows][count](taps, k, &a.Data[row*a.Row], 4*a.Row, 4*a.Col, skip, &b[at*panel], 4*panel,
				&c.Data[row*c.Row+to], 4*c.Row, pointer(start.Data, row*start.Row+to), 4*start.Row, 0)
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
		avx2Taps[rows][1](taps, k, &a.Data[row*a.Row], 4*a.Row, 4*a.Col, skip, &b[at*panel], 0, &sums[0], 4*tileColumns, nil, 0, 0)
		putEdge(rows, n-at*tileColumns, sums, c.From(row).columns(at*tileColumns), start.From(row).columns(at*tileColumns))
		row += rows
	}
	edges.Put(sums)
}

// checkTaps checks the bounds of a product.
func checkTaps(m, n, taps, k int, a Taps[float32], b []float32, panel int, c, start Matrix[float32]) {
	if m < 1 || n < 1 || taps < 1 || k < 1 || taps > len(b)/k {
		panic("kernels: product of no size")
	}
	_ = a.Data[last(m, a.Row)+last(taps, a.Tap)+last(k, a.Col)]
	_ = b[last(panels(n), panel)+last(taps*k+1, tileColumns)-1]
	checkSums(m, n, c, start)
}
