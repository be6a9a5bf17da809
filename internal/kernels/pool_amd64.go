//go:build amd64 && !noasm

package kernels

// poolAVX2 computes whole vectors of features in assembly and the rest in Go: there is
// nothing that they round differently.
func poolAVX2() poolKernels[float32] {
	return poolKernels[float32]{
		maxPool: func(m, n, size int, x []float32, xRow, xWindow int, y []float32, yRow int) {
			checkPool(m, n, size, x, xRow, xWindow, y, yRow)
			whole := n / Width * Width
			if whole > 0 {
				maxPoolAVX2(m, whole, size, &x[0], 4*xRow, 4*xWindow, &y[0], 4*yRow)
			}
			if whole < n {
				maxPoolGo(m, n-whole, size, x[whole:], xRow, xWindow, y[whole:], yRow)
			}
		},
		maxPoolGradient: func(m, n, size int, x []float32, xRow, xWindow int, dy []float32, dyRow int, dx []float32) {
			checkPool(m, n, size, x, xRow, xWindow, dy, dyRow)
			checkPool(m, n, size, dx, xRow, xWindow, dy, dyRow)
			whole := n / Width * Width
			if whole > 0 {
				maxPoolGradientAVX2(m, whole, size, &x[0], 4*xRow, 4*xWindow, &dy[0], 4*dyRow, &dx[0])
			}
			if whole < n {
				maxPoolGradientGo(m, n-whole, size, x[whole:], xRow, xWindow, dy[whole:], dyRow, dx[whole:])
			}
		},
		meanPool: func(m, n, size int, x []float32, xRow, xWindow int, y []float32, yRow int) {
			checkPool(m, n, size, x, xRow, xWindow, y, yRow)
			whole := n / Width * Width
			if whole > 0 {
				meanPoolAVX2(m, whole, size, &x[0], 4*xRow, 4*xWindow, &y[0], 4*yRow, float64(size))
			}
			if whole < n {
				meanPoolGo(m, n-whole, size, x[whole:], xRow, xWindow, y[whole:], yRow)
			}
		},
		meanPoolGradient: func(m, n, size int, dx []float32, xRow, xWindow int, dy []float32, dyRow int) {
			checkPool(m, n, size, dx, xRow, xWindow, dy, dyRow)
			whole := n / Width * Width
			if whole > 0 {
				meanPoolGradientAVX2(m, whole, size, &dx[0], 4*xRow, 4*xWindow, &dy[0], 4*dyRow, float32(size))
			}
			if whole < n {
				meanPoolGradientGo(m, n-whole, size, dx[whole:], xRow, xWindow, dy[whole:], dyRow)
			}
		},
	}
}

// checkPool checks the bounds of windows and of their results.
func checkPool(m, n, size int, x []float32, xRow, xWindow int, y []float32, yRow int) {
	_ = x[last(m, xWindow)+last(size, xRow)+n-1]
	_ = y[last(m, yRow)+n-1]
}
