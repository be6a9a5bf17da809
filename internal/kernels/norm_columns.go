package kernels

import "math"

// MaxRows writes to y the largest of each of n columns of x, whose rows lie stride apart;
// NaN where a column has one.
func (k *normKernels[T]) MaxRows(rows, n int, x []T, stride int, y []T) {
	if rows > 0 && n > 0 {
		k.maxRows(rows, n, x[:last(rows, stride)+n:len(x)], stride, y[:n:len(y)])
	}
}

// MaxRowsGradient shares the gradient dy of MaxRows evenly between the elements of each
// column that are equal to its largest, y, and writes 0 to the others. Rows of dx lie
// stride apart too.
func (k *normKernels[T]) MaxRowsGradient(rows, n int, x []T, stride int, y, dy, dx []T) {
	if rows > 0 && n > 0 {
		end := last(rows, stride) + n
		k.maxRowsGradient(rows, n, x[:end:len(x)], stride, y[:n:len(y)], dy[:n:len(dy)], dx[:end:len(dx)])
	}
}

func maxRowsGo[T Float](rows, n int, x []T, stride int, y []T) {
	for j := range n {
		y[j] = T(math.Inf(-1))
	}
	for i := range rows {
		for j, v := range x[i*stride:][:n] {
			y[j] = max(y[j], v)
		}
	}
}

func maxRowsGradientGo[T Float](rows, n int, x []T, stride int, y, dy, dx []T) {
	for j := range n {
		equal := 0
		for i := range rows {
			if x[i*stride+j] == y[j] {
				equal++
			}
		}
		share := T(float64(dy[j]) / float64(equal))
		for i := range rows {
			dx[i*stride+j] = 0
			if x[i*stride+j] == y[j] {
				dx[i*stride+j] = share
			}
		}
	}
}

// ScaleAround computes y = (x − center) · scale + shift for rows that follow each other in
// x, as long as center, scale and shift are; y may be x. Each of the three results is
// rounded for itself. With a shift of −0 the sum changes nothing.
func (k *normKernels[T]) ScaleAround(x, center, scale, shift, y []T) {
	n := len(center)
	if len(x) == 0 {
		return
	}
	if n < 1 || len(x)%n != 0 {
		panic("kernels: scale of something else than whole rows")
	}
	k.scaleAround(len(x)/n, n, x, n, center, scale[:n:len(scale)], shift[:n:len(shift)], y[:len(x):len(y)])
}

func scaleAroundGo[T Float](rows, n int, x []T, stride int, center, scale, shift, y []T) {
	for i := range rows {
		to := y[i*stride:][:n]
		for j, v := range x[i*stride:][:n] {
			to[j] = T((v-center[j])*scale[j]) + shift[j] // each rounded for itself on every processor
		}
	}
}
