//go:build amd64 && !noasm

package kernels

// attentionAVX2 and attentionAVX512 give the same bits.
func attentionAVX2() attentionKernels[float32] {
	return attentionKernels[float32]{
		columns:       columnsAVX2,
		weigh:         weighing(weighAVX2),
		weighGradient: weighingGradient(weighGradientAVX2),
		scaleColumns:  scalingColumns(scaleColumnsAVX2),
		scaleRows:     scaleRows,
	}
}

func attentionAVX512() attentionKernels[float32] {
	k := attentionAVX2()
	k.columns = columnsAVX512
	k.weigh = weighing(weighAVX512)
	k.weighGradient = weighingGradient(weighGradientAVX512)
	k.scaleColumns = scalingColumns(scaleColumnsAVX512)
	return k
}

// checkColumns checks the bounds of a product.
func checkColumns(m, n, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int) {
	if m%rowsAtATime != 0 || n < 1 || n%tileColumns != 0 {
		panic("kernels: product of a wrong size")
	}
	_ = a[last(m, aRow)+last(k, aCol)]
	_ = b[last(k, bRow)+n-1]
	_ = c[last(m, cRow)+n-1]
}

func columnsAVX2(m, n, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, add bool) {
	checkColumns(m, n, k, a, aRow, aCol, b, bRow, c, cRow)
	for j := 0; j < n; j += 16 {
		attend4x16(m/4, k, &a[0], 4*aRow, 4*aCol, &b[j], 4*bRow, &c[j], 4*cRow, add)
	}
}

func columnsAVX512(m, n, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, add bool) {
	checkColumns(m, n, k, a, aRow, aCol, b, bRow, c, cRow)
	j := 0
	for ; j+32 <= n; j += 32 {
		attend8x32AVX512(m/8, k, &a[0], 4*aRow, 4*aCol, &b[j], 4*bRow, &c[j], 4*cRow, add)
	}
	if j < n {
		attend8x16AVX512(m/8, k, &a[0], 4*aRow, 4*aCol, &b[j], 4*bRow, &c[j], 4*cRow, add)
	}
}

// checkScores checks the bounds of rows of whole vectors.
func checkScores(rows, n int, x []float32, row int) {
	if n < 1 || n%tileColumns != 0 {
		panic("kernels: tile of a wrong size")
	}
	_ = x[last(rows, row)+n-1]
}

func weighing(f func(rows, n int, x *float32, xRow int, most, sum, less *float32)) func(rows, n int, x []float32, xRow int, most, sum, less []float32) {
	return func(rows, n int, x []float32, xRow int, most, sum, less []float32) {
		checkScores(rows, n, x, xRow)
		_, _, _ = most[n-1], sum[n-1], less[n-1]
		f(rows, n, &x[0], 4*xRow, &most[0], &sum[0], &less[0])
	}
}

func weighingGradient(f func(rows, n int, x, dx *float32, xRow int, most, dot *float32)) func(rows, n int, x, dx []float32, xRow int, most, dot []float32) {
	return func(rows, n int, x, dx []float32, xRow int, most, dot []float32) {
		checkScores(rows, n, x, xRow)
		checkScores(rows, n, dx, xRow)
		_, _ = most[n-1], dot[n-1]
		f(rows, n, &x[0], &dx[0], 4*xRow, &most[0], &dot[0])
	}
}

func scalingColumns(f func(rows, n int, x *float32, xRow int, by *float32)) func(rows, n int, x []float32, xRow int, by []float32) {
	return func(rows, n int, x []float32, xRow int, by []float32) {
		checkScores(rows, n, x, xRow)
		_ = by[n-1]
		f(rows, n, &x[0], 4*xRow, &by[0])
	}
}

// checkRows checks the bounds of rows of any length.
func checkRows(rows, n int, x []float32, row int) {
	if n < 1 {
		panic("kernels: rows of no elements")
	}
	_ = x[last(rows, row)+n-1]
}

func scaleRows(rows, n int, by, x []float32, xRow int, y []float32, yRow int) {
	checkRows(rows, n, x, xRow)
	checkRows(rows, n, y, yRow)
	_ = by[rows-1]
	whole := n / Width * Width
	if whole > 0 {
		scaleRowsAVX2(rows, whole, &by[0], &x[0], 4*xRow, &y[0], 4*yRow)
	}
	if whole < n {
		scaleRowsGo(rows, n-whole, by, x[whole:], xRow, y[whole:], yRow)
	}
}
