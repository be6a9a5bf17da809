//go:build amd64 && !noasm

package kernels

import "golang.org/x/sys/cpu"

// assembly returns the sets of kernels that this processor supports, the fastest first.
// A Go wrapper checks the bounds of each kernel, so that it panics instead of accessing
// memory outside its slices.
func assembly() []*Set[float32] {
	switch {
	case !cpu.X86.HasAVX2 || !cpu.X86.HasFMA:
		return nil
	case !cpu.X86.HasAVX512F:
		return []*Set[float32]{avx2()}
	}
	return []*Set[float32]{avx512(), avx2()}
}

func avx2() *Set[float32] {
	s := portable[float32]()
	s.Name = "avx2"
	s.tile = tile
	s.strip = strip
	s.copyPanels = copyPieces(tileColumns, copyPanelsAVX2)
	s.copyTiles = copyPieces(tileRows, copyTilesAVX2)
	s.Exp = elementwise(expAVX2)
	s.Sigmoid = elementwise(sigmoidAVX2)
	s.Tanh = elementwise(tanhAVX2)
	s.softmax = softmax
	s.Sum = sum
	s.Size = size
	s.Dot = dot
	s.Axpy = axpy
	s.Plus = pairwise(plusAVX2)
	s.Minus = pairwise(minusAVX2)
	s.Times = pairwise(timesAVX2)
	s.Over = pairwise(overAVX2)
	s.SigmoidGrad = pairwise(sigmoidGradAVX2)
	s.TanhGrad = pairwise(tanhGradAVX2)
	s.AddTimes = pairwise(addTimesAVX2)
	s.lstmForward = lstmForward
	s.lstmBackward = lstmBackward
	s.gruForward = gruForward
	s.gruBackward = gruBackward
	s.Adam = adam
	s.RMSprop = rmsprop
	s.normKernels = normAVX2()
	return s
}

func tile(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, add bool) {
	_ = a[last(m, aRow)+last(k, aCol)]
	_ = b[last(k, bRow)+tileColumns-1]
	_ = c[last(m, cRow)+tileColumns-1]
	switch m {
	case 1:
		tile1x16(k, &a[0], 4*aRow, 4*aCol, &b[0], 4*bRow, &c[0], 4*cRow, add)
	case 2:
		tile2x16(k, &a[0], 4*aRow, 4*aCol, &b[0], 4*bRow, &c[0], 4*cRow, add)
	case 3:
		tile3x16(k, &a[0], 4*aRow, 4*aCol, &b[0], 4*bRow, &c[0], 4*cRow, add)
	case 4:
		tile4x16(k, &a[0], 4*aRow, 4*aCol, &b[0], 4*bRow, &c[0], 4*cRow, add)
	case 5:
		tile5x16(k, &a[0], 4*aRow, 4*aCol, &b[0], 4*bRow, &c[0], 4*cRow, add)
	case 6:
		tile6x16(k, &a[0], 4*aRow, 4*aCol, &b[0], 4*bRow, &c[0], 4*cRow, add)
	default:
		panic("kernels: tile of too many rows")
	}
}

// checkStrip checks the bounds of a strip and returns the size of a panel.
func checkStrip(m, panels, k int, a []float32, aRow, aCol int, b, c []float32, cRow int) int {
	if k > len(b) {
		panic("kernels: strip of too many terms")
	}
	panel := k * tileColumns
	_ = a[last(m, aRow)+last(k, aCol)]
	_ = b[last(panels+1, panel)-1]
	_ = c[last(m, cRow)+last(panels+1, tileColumns)-1]
	return panel
}

func strip(m, panels, k int, a []float32, aRow, aCol int, b, c []float32, cRow int, add bool) {
	panel := checkStrip(m, panels, k, a, aRow, aCol, b, c, cRow)
	at := 0
	switch m {
	case 1:
		for ; at+4 <= panels; at += 4 {
			strip1x64(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*panel, &c[at*tileColumns], 4*cRow, add)
		}
	case 2:
		for ; at+2 <= panels; at += 2 {
			strip2x32(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*panel, &c[at*tileColumns], 4*cRow, add)
		}
	case 3:
		for ; at+2 <= panels; at += 2 {
			strip3x32(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*panel, &c[at*tileColumns], 4*cRow, add)
		}
	default:
		panic("kernels: strip of too many rows")
	}
	for ; at < panels; at++ {
		tile(m, k, a, aRow, aCol, b[at*panel:], tileColumns, c[at*tileColumns:], cRow, add)
	}
}

// copyPieces adds bounds checks to a kernel.
func copyPieces(size int, f func(n int, from, to *float32, stride int)) func(n int, from, to []float32, stride int) {
	return func(n int, from, to []float32, stride int) {
		if n == 0 {
			return
		}
		_ = from[last(n+1, size)-1]
		_ = to[last(n, stride)+size-1]
		f(n, &from[0], &to[0], 4*stride)
	}
}

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

// checkCell checks the bounds of rows of n elements for four gates.
func checkCell(n, gate int, z []float32) {
	if n < 1 || n%Width != 0 || gate < n || gate > len(z) {
		panic("kernels: cell of a wrong size")
	}
	_ = z[3*gate+n-1]
}
