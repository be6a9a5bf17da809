//go:build amd64 && !noasm

package kernels

// Both are bound by memory, as scaleAround is, so that wider vectors would gain nothing.

func maxRows(rows, n int, x []float32, stride int, y []float32) {
	at := 0
	for ; at+32 <= n; at += 32 {
		maxRows32(rows, &x[at], 4*stride, &y[at])
	}
	for ; at+8 <= n; at += 8 {
		maxRows8(rows, &x[at], 4*stride, &y[at])
	}
	if at < n {
		maxRowsGo(rows, n-at, x[at:], stride, y[at:])
	}
}

// mostCounted is the largest number of equal elements that a float32 holds exactly.
const mostCounted = 1 << 24

func maxRowsGradient(rows, n int, x []float32, stride int, y, dy, dx []float32) {
	at := 0
	for ; at+32 <= n && rows <= mostCounted; at += 32 {
		maxRowsGradient32(rows, &x[at], 4*stride, &y[at], &dy[at], &dx[at])
	}
	for ; at+8 <= n && rows <= mostCounted; at += 8 {
		maxRowsGradient8(rows, &x[at], 4*stride, &y[at], &dy[at], &dx[at])
	}
	if at < n {
		maxRowsGradientGo(rows, n-at, x[at:], stride, y[at:], dy[at:], dx[at:])
	}
}

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
