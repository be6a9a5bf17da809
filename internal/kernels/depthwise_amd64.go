//go:build amd64 && !noasm

package kernels

// depthwiseAVX2 and depthwiseAVX512 compute whole vectors of channels, and the last
// channels again in a vector that ends with them: every channel gives the same bits in
// any place.
func depthwiseAVX2(m, n, taps int, x []float32, xRow, xTap int, w []float32, wTap int, start, y []float32, yRow int) {
	checkDepthwise(m, n, taps, x, xRow, xTap, w, wTap, y, yRow)
	_ = start[n-1]
	inParts(n, Width, func(at, n int) {
		depthwiseRows(depthwise4, depthwise1, m, n, taps, x[at:], xRow, xTap, w[at:], wTap, start[at:], y[at:], yRow)
	})
}

func depthwiseAVX512(m, n, taps int, x []float32, xRow, xTap int, w []float32, wTap int, start, y []float32, yRow int) {
	if n < 2*Width {
		depthwiseAVX2(m, n, taps, x, xRow, xTap, w, wTap, start, y, yRow)
		return
	}
	checkDepthwise(m, n, taps, x, xRow, xTap, w, wTap, y, yRow)
	_ = start[n-1]
	inParts(n, 2*Width, func(at, n int) {
		depthwiseRows(depthwise4AVX512, depthwise1AVX512, m, n, taps, x[at:], xRow, xTap, w[at:], wTap, start[at:], y[at:], yRow)
	})
}

// checkDepthwise checks the bounds of all operands but the start.
func checkDepthwise(m, n, taps int, x []float32, xRow, xTap int, w []float32, wTap int, y []float32, yRow int) {
	channels := last(n+1, 1) - 1
	_ = x[last(m, xRow)+last(taps, xTap)+channels]
	_ = w[last(taps, wTap)+channels]
	_ = y[last(m, yRow)+channels]
}

// inParts calls f for the whole vectors of n channels, and for the vector at their end.
func inParts(n, vector int, f func(at, n int)) {
	whole := n / vector * vector
	f(0, whole)
	if whole < n {
		f(n-vector, vector)
	}
}

type depthwiseKernel func(m, n, taps int, x *float32, xRow, xTap, xNext int, w *float32, wTap int, start, y *float32, yRow, yNext int)

// depthwiseRows computes four rows at a time, and the rest one by one.
func depthwiseRows(four, one depthwiseKernel, m, n, taps int, x []float32, xRow, xTap int, w []float32, wTap int, start, y []float32, yRow int) {
	whole := m / 4 * 4
	if whole > 0 {
		four(whole, n, taps, &x[0], 4*xRow, 4*xTap, 4*(4*xRow-n), &w[0], 4*wTap, &start[0], &y[0], 4*yRow, 4*(4*yRow-n))
	}
	if whole < m {
		one(m-whole, n, taps, &x[whole*xRow], 4*xRow, 4*xTap, 4*(xRow-n), &w[0], 4*wTap, &start[0], &y[whole*yRow], 4*yRow, 4*(yRow-n))
	}
}

type depthwiseSumsKernel func(m, n int, x *float32, xRow, xTap int, y *float32, yRow int, w *float32, wTap int)

var (
	avx2DepthwiseSums   = [...]depthwiseSumsKernel{1: depthwiseSums1, 2: depthwiseSums2, 3: depthwiseSums3, 4: depthwiseSums4}
	avx512DepthwiseSums = [...]depthwiseSumsKernel{1: depthwiseSums1AVX512, 2: depthwiseSums2AVX512, 3: depthwiseSums3AVX512, 4: depthwiseSums4AVX512}
)

func depthwiseSumsAVX2(m, n, taps int, x []float32, xRow, xTap int, y []float32, yRow int, w []float32, wTap int) {
	depthwiseSums(&avx2DepthwiseSums, Width, m, n, taps, x, xRow, xTap, y, yRow, w, wTap)
}

func depthwiseSumsAVX512(m, n, taps int, x []float32, xRow, xTap int, y []float32, yRow int, w []float32, wTap int) {
	if n < 2*Width {
		depthwiseSumsAVX2(m, n, taps, x, xRow, xTap, y, yRow, w, wTap)
		return
	}
	depthwiseSums(&avx512DepthwiseSums, 2*Width, m, n, taps, x, xRow, xTap, y, yRow, w, wTap)
}

// depthwiseSums computes up to four taps at a time, as evenly divided as possible.
func depthwiseSums(kernels *[5]depthwiseSumsKernel, vector, m, n, taps int, x []float32, xRow, xTap int, y []float32, yRow int, w []float32, wTap int) {
	checkDepthwise(m, n, taps, x, xRow, xTap, w, wTap, y, yRow)
	parts := (taps + 3) / 4
	inParts(n, vector, func(at, n int) {
		for i := range parts {
			from, end := taps*i/parts, taps*(i+1)/parts
			kernels[end-from](m, n, &x[from*xTap+at], 4*xRow, 4*xTap, &y[at], 4*yRow, &w[from*wTap+at], 4*wTap)
		}
	})
}
