//go:build amd64 && !noasm

package kernels

import "golang.org/x/sys/cpu"

// assembly are the kernels of this processor, or nil.
func assembly() *Set[float32] {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	return &Set[float32]{
		Name:         "avx2",
		tile:         tileAVX2,
		exp:          mapAVX2(expAVX2),
		sigmoid:      mapAVX2(sigmoidAVX2),
		tanh:         mapAVX2(tanhAVX2),
		lstmForward:  lstmForward,
		lstmBackward: lstmBackward,
		gruForward:   gruForward,
		gruBackward:  gruBackward,
		adam:         adam,
	}
}

// The functions below check in Go that the assembly stays within its slices.
// An index that is too large panics before a pointer is handed on.

func tileAVX2(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, add bool) {
	if m < 1 || k < 1 || aRow < 0 || aCol < 0 || bRow < tileColumns || cRow < tileColumns {
		panic("kernels: tile of no size")
	}
	_ = a[(m-1)*aRow+(k-1)*aCol]
	_ = b[(k-1)*bRow+tileColumns-1]
	_ = c[(m-1)*cRow+tileColumns-1]
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

// mapAVX2 runs a kernel on whole vectors, and on a copy of what is left.
func mapAVX2(f func(n int, x, y *float32)) func(x, y []float32) {
	return func(x, y []float32) {
		y = y[:len(x)]
		whole := len(x) / Width * Width
		if whole > 0 {
			f(whole, &x[0], &y[0])
		}
		if whole < len(x) {
			var rest [Width]float32
			copy(rest[:], x[whole:])
			f(Width, &rest[0], &rest[0])
			copy(y[whole:], rest[:])
		}
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

// checkCell holds a row of n elements for each of four gates against its slice.
func checkCell(n, gate int, z []float32) {
	if n < 1 || n%Width != 0 || gate < n {
		panic("kernels: cell of a wrong size")
	}
	_ = z[3*gate+n-1]
}

func adam(w, g, m, v []float32, keep1, keep2, rate, epsilon float32) {
	n := len(w)
	g, m, v = g[:n], m[:n], v[:n]
	whole := n / Width * Width
	if whole > 0 {
		adamAVX2(whole, &w[0], &g[0], &m[0], &v[0], keep1, keep2, rate, epsilon)
	}
	adamGo(w[whole:], g[whole:], m[whole:], v[whole:], keep1, keep2, rate, epsilon)
}
