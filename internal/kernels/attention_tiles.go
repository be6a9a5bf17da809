package kernels

import (
	"math"
	"slices"
)

// attentionKernels are the parts of attention in tiles. A tile of scores has keys as rows
// and queries as columns, whose number is a multiple of tileColumns.
type attentionKernels[T Float] struct {
	// columns computes m rows and n columns of c = a·b over k terms, or adds them to
	// c; m is a multiple of rowsAtATime. Element (i, j) of a lies at i·aRow + j·aCol.
	// Each element of c is one sum in one order, whatever the rows and columns.
	columns func(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int, add bool)
	// weigh is a step of a softmax over columns whose rows come part by part. Most
	// becomes the largest of each column and of itself, and x becomes eˣ⁻ᵐᵒˢᵗ. The
	// factor less is e to the difference of most before and after; sum is multiplied
	// with it, and the column added. A column with a NaN or +∞ makes sum NaN.
	weigh func(rows, n int, x []T, xRow int, most, sum, less []T)
	// weighGradient computes x = eˣ⁻ᵐᵒˢᵗ again, and dx = x·(dx − dot).
	weighGradient func(rows, n int, x, dx []T, xRow int, most, dot []T)
	// scaleColumns multiplies each row of x with by.
	scaleColumns func(rows, n int, x []T, xRow int, by []T)
	// scaleRows writes each row of x, multiplied with its element of by, to y.
	scaleRows func(rows, n int, by, x []T, xRow int, y []T, yRow int)
}

// rowsAtATime is what columns computes at once.
const rowsAtATime = 8

func attentionGo[T Float]() attentionKernels[T] {
	return attentionKernels[T]{columnsGo[T], weighGo[T], weighGradientGo[T], scaleColumnsGo[T], scaleRowsGo[T]}
}

func columnsGo[T Float](m, n, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int, add bool) {
	if m == 0 {
		return
	}
	var start []T
	if add {
		start = c
	}
	tileGo(m, n, k, a, aRow, aCol, tileRows*aRow, b, bRow, tileColumns, c, cRow, start, cRow, nil)
}

func weighGo[T Float](rows, n int, x []T, xRow int, most, sum, less []T) {
	for j := range n {
		before := most[j]
		for i := range rows {
			most[j] = max(most[j], x[i*xRow+j])
		}
		top := most[j]
		if math.IsInf(float64(top), -1) {
			top = 0 // so that the difference to −∞ is −∞, not NaN
		}
		less[j] = T(math.Exp(float64(before - top)))
		var total T
		for i := range rows {
			w := T(math.Exp(float64(x[i*xRow+j] - top)))
			x[i*xRow+j] = w
			total += w
		}
		sum[j] = sum[j]*less[j] + total
	}
}

func weighGradientGo[T Float](rows, n int, x, dx []T, xRow int, most, dot []T) {
	x, dx = slices.Clip(x), slices.Clip(dx)
	for i := range rows {
		x, dx := x[i*xRow:][:n], dx[i*xRow:][:n]
		for j, v := range x {
			x[j] = T(math.Exp(float64(v - most[j])))
			dx[j] = x[j] * (dx[j] - dot[j])
		}
	}
}

func scaleColumnsGo[T Float](rows, n int, x []T, xRow int, by []T) {
	x = slices.Clip(x)
	for i := range rows {
		row := x[i*xRow:][:n]
		for j := range row {
			row[j] *= by[j]
		}
	}
}

func scaleRowsGo[T Float](rows, n int, by, x []T, xRow int, y []T, yRow int) {
	x, y = slices.Clip(x), slices.Clip(y)
	for i := range rows {
		row := y[i*yRow:][:n]
		for j, v := range x[i*xRow:][:n] {
			row[j] = by[i] * v
		}
	}
}

// transposed writes the columns of x to the rows of y.
func (s *Set[T]) transposed(rows, n int, x []T, xRow int, y []T, yRow int) {
	whole := rows / transposeRows * transposeRows
	for i := 0; i < whole; i += transposeRows {
		s.transpose(n, x[i*xRow:], xRow, y[i:], yRow)
	}
	for i := whole; i < rows; i++ {
		for j, v := range x[i*xRow:][:n] {
			y[j*yRow+i] = v
		}
	}
}
