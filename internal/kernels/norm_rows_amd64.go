//go:build amd64 && !noasm

package kernels

// longestRow is the longest row whose moments the assembly computes. It makes one pass
// with the first element taken off. If that one is far from all others, the squares
// grow with the length of the row, and so does the error of the variance:
//
//	(n/16 + 7) · 2⁻⁵³ · 2n
//
// of its size at most, for n of this length less than half a unit of a float32.
const longestRow = 1 << 15

func momentsBy(centred, plain func(rows, n int, x *float32, moments *float64, part, epsilon float64)) func(o Rows, rows int, x []float32, moments []float64) {
	return func(o Rows, rows int, x []float32, moments []float64) {
		switch {
		case o.N > longestRow:
			rowMomentsGo(o, rows, x, moments)
		case o.Centred:
			centred(rows, o.N, &x[0], &moments[0], 1/float64(o.N), o.Epsilon)
		default:
			plain(rows, o.N, &x[0], &moments[0], 1/float64(o.N), o.Epsilon)
		}
	}
}

func normalizeBy(f func(rows, n int, x *float32, moments *float64, gamma, beta, y *float32)) func(n, rows int, x, gamma, beta, y []float32, moments []float64) {
	return func(n, rows int, x, gamma, beta, y []float32, moments []float64) {
		f(rows, n, &x[0], &moments[0], &gamma[0], &beta[0], &y[0])
	}
}

func gradientBy(centred, plain func(rows, n int, x, dy *float32, moments *float64, gamma, dx *float32, part float64)) func(o Rows, rows int, x, dy, gamma, dx []float32, moments []float64) {
	return func(o Rows, rows int, x, dy, gamma, dx []float32, moments []float64) {
		f := plain
		if o.Centred {
			f = centred
		}
		f(rows, o.N, &x[0], &dy[0], &moments[0], &gamma[0], &dx[0], 1/float64(o.N))
	}
}

// scaleGradientBy extends kernels for a number of columns, and for 8, to any number. As
// in addRowsBy, columns of some rows follow those of the rows before.
func scaleGradientBy(columns int, wide, narrow func(rows int, x, dy *float32, moments *float64, stride int, dgamma, dbeta *float64)) func(rows, n int, x, dy []float32, stride int, moments, dgamma, dbeta []float64) {
	return func(rows, n int, x, dy []float32, stride int, moments, dgamma, dbeta []float64) {
		for from := 0; from < rows; from += addedRows {
			x, dy, m, some, at := x[from*stride:], dy[from*stride:], moments[2*from:], min(addedRows, rows-from), 0
			for ; at+columns <= n; at += columns {
				wide(some, &x[at], &dy[at], &m[0], 4*stride, &dgamma[at], &dbeta[at])
			}
			for ; at+8 <= n; at += 8 {
				narrow(some, &x[at], &dy[at], &m[0], 4*stride, &dgamma[at], &dbeta[at])
			}
			if at < n {
				scaleGradientGo(some, n-at, x[at:], dy[at:], stride, m, dgamma[at:], dbeta[at:])
			}
		}
	}
}
