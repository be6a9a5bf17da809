//go:build amd64 && !noasm

package kernels

func scaleAround(rows, n int, x []float32, stride int, center, scale, shift, y []float32) {
	at := 0
	for ; at+32 <= n; at += 32 {
		scaleAround32(rows, &x[at], 4*stride, &center[at], &scale[at], &shift[at], &y[at])
	}
	for ; at+8 <= n; at += 8 {
		scaleAround8(rows, &x[at], 4*stride, &center[at], &scale[at], &shift[at], &y[at])
	}
	if at < n {
		scaleAroundGo(rows, n-at, x[at:], stride, center[at:], scale[at:], shift[at:], y[at:])
	}
}
