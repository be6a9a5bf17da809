//go:build amd64 && !noasm

package kernels

func lstmForward(n int, z []float32, gate int, before, c, tanhC, h []float32) {
	checkCell(n, gate, z)
	_, _, _, _ = before[n-1], c[n-1], tanhC[n-1], h[n-1]
	lstmForwardAVX2(n, &z[0], 4*gate, &before[0], &c[0], &tanhC[0], &h[0])
}

func lstmBackward(n int, z []float32, gate int, before, tanhC, dh, dc, dz []float32) {
	checkCell(n, gate, z)
	_, _, _, _, _ = before[n-1], tanhC[n-1], dh[n-1], dc[n-1], dz[3*gate+n-1]
	lstmBackwardAVX2(n, &z[0], 4*gate, &before[0], &tanhC[0], &dh[0], &dc[0], &dz[0])
}

func gruForward(n int, z []float32, gate int, before, h []float32) {
	checkCell(n, gate, z)
	_, _ = before[n-1], h[n-1]
	gruForwardAVX2(n, &z[0], 4*gate, &before[0], &h[0])
}

func gruBackward(n int, z []float32, gate int, before, dh, dz []float32) {
	checkCell(n, gate, z)
	_, _, _ = before[n-1], dh[n-1], dz[3*gate+n-1]
	gruBackwardAVX2(n, &z[0], 4*gate, &before[0], &dh[0], &dz[0])
}

// checkCell holds a row of n elements for each of four gates against its slice.
func checkCell(n, gate int, z []float32) {
	if n < 1 || n%Width != 0 || gate < n || gate > len(z) {
		panic("kernels: cell of a wrong size")
	}
	_ = z[3*gate+n-1]
}
