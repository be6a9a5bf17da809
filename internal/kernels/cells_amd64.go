//go:build amd64 && !noasm

package kernels

// useCells sets the cells. Wide is the number of units of a vector of AVX-512, or 0 without;
// AVX2 computes what whole ones leave over.
func useCells(s *Set[float32], wide int) {
	whole := func(n int) int {
		if wide == 0 {
			return 0
		}
		return n / wide * wide
	}
	s.lstmForward = func(n int, z []float32, gate int, before, c, tanhC, h []float32) {
		checkCell(n, gate, z)
		_, _, _, _ = before[n-1], c[n-1], tanhC[n-1], h[n-1]
		at := whole(n)
		if at > 0 {
			lstmForwardAVX512(at, &z[0], 4*gate, &before[0], &c[0], &tanhC[0], &h[0])
		}
		if at < n {
			lstmForwardAVX2(n-at, &z[at], 4*gate, &before[at], &c[at], &tanhC[at], &h[at])
		}
	}
	s.lstmBackward = func(n int, z []float32, gate int, before, tanhC, dh, dc, dz []float32) {
		checkCell(n, gate, z)
		_, _, _, _, _ = before[n-1], tanhC[n-1], dh[n-1], dc[n-1], dz[3*gate+n-1]
		at := whole(n)
		if at > 0 {
			lstmBackwardAVX512(at, &z[0], 4*gate, &before[0], &tanhC[0], &dh[0], &dc[0], &dz[0])
		}
		if at < n {
			lstmBackwardAVX2(n-at, &z[at], 4*gate, &before[at], &tanhC[at], &dh[at], &dc[at], &dz[at])
		}
	}
	s.gruForward = func(n int, z []float32, gate int, before, h []float32) {
		checkCell(n, gate, z)
		_, _ = before[n-1], h[n-1]
		at := whole(n)
		if at > 0 {
			gruForwardAVX512(at, &z[0], 4*gate, &before[0], &h[0])
		}
		if at < n {
			gruForwardAVX2(n-at, &z[at], 4*gate, &before[at], &h[at])
		}
	}
	s.gruBackward = func(n int, z []float32, gate int, before, dh, dz []float32) {
		checkCell(n, gate, z)
		_, _, _ = before[n-1], dh[n-1], dz[3*gate+n-1]
		at := whole(n)
		if at > 0 {
			gruBackwardAVX512(at, &z[0], 4*gate, &before[0], &dh[0], &dz[0])
		}
		if at < n {
			gruBackwardAVX2(n-at, &z[at], 4*gate, &before[at], &dh[at], &dz[at])
		}
	}
}

// checkCell checks the bounds of rows of n elements for four gates.
func checkCell(n, gate int, z []float32) {
	if n < 1 || n%Width != 0 || gate < n || gate > len(z) {
		panic("kernels: cell of a wrong size")
	}
	_ = z[3*gate+n-1]
}
