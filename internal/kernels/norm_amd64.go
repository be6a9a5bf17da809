//go:build amd64 && !noasm

package kernels

func normAVX2() normKernels[float32] {
	return normKernels[float32]{
		addRows: addRowsBy(32, addRows32, addRows8),
		addAll:  addAllBy(addAll),

		rowMoments:        momentsBy(rowMoments, rowMomentsRMS),
		normalizeRows:     normalizeBy(normalizeRows),
		normalizeGradient: gradientBy(normalizeGradient, normalizeGradientRMS),
		scaleGradient:     scaleGradientBy(16, scaleGradient16, scaleGradient8),

		maxRows:         maxRows,
		maxRowsGradient: maxRowsGradient,
		scaleAround:     scaleAround,
	}
}

func normAVX512() normKernels[float32] {
	return normKernels[float32]{
		addRows: addRowsBy(64, addRows64AVX512, addRows8AVX512),
		addAll:  addAllBy(addAllAVX512),

		rowMoments:        momentsBy(rowMomentsAVX512, rowMomentsRMSAVX512),
		normalizeRows:     normalizeBy(normalizeRowsAVX512),
		normalizeGradient: gradientBy(normalizeGradientAVX512, normalizeGradientRMSAVX512),
		scaleGradient:     scaleGradientBy(32, scaleGradient32AVX512, scaleGradient8AVX512),

		maxRows:         maxRows,
		maxRowsGradient: maxRowsGradient,
		scaleAround:     scaleAround,
	}
}

// addedRows is the number of rows that are added to all columns before the next ones,
// so that long rows are read in the order in which they lie in memory.
const addedRows = 64

// addRowsBy extends kernels for a number of columns, and for 8, to any number.
func addRowsBy(columns int, wide, narrow func(rows int, x *float32, stride int, sums *float64)) func(rows, n int, x []float32, stride int, sums []float64) {
	return func(rows, n int, x []float32, stride int, sums []float64) {
		x, sums = x[:last(rows, stride)+n:len(x)], sums[:n:len(sums)]
		for from := 0; from < rows; from += addedRows {
			x, some, at := x[from*stride:], min(addedRows, rows-from), 0
			for ; at+columns <= n; at += columns {
				wide(some, &x[at], 4*stride, &sums[at])
			}
			for ; at+8 <= n; at += 8 {
				narrow(some, &x[at], 4*stride, &sums[at])
			}
			if at < n {
				addRowsGo(some, n-at, x[at:], stride, sums[at:])
			}
		}
	}
}

func addAllBy(f func(n int, x *float32) float64) func(x []float32) float64 {
	return func(x []float32) float64 {
		sum, whole := 0.0, len(x)/lanes*lanes
		if whole > 0 {
			sum = f(whole, &x[0])
		}
		return addRest(sum, x[whole:])
	}
}
