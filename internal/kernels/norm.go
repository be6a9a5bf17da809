package kernels

// normKernels are sums in float64, what normalizes rows with them, and the largest
// elements of columns.
type normKernels[T Float] struct {
	addRows func(rows, n int, x []T, stride int, sums []float64)
	addAll  func(x []T) float64

	rowMoments        func(o Rows, rows int, x []T, moments []float64)
	normalizeRows     func(n, rows int, x, gamma, beta, y []T, moments []float64)
	normalizeGradient func(o Rows, rows int, x, dy, gamma, dx []T, moments []float64)
	scaleGradient     func(rows, n int, x, dy []T, stride int, moments, dgamma, dbeta []float64)

	maxRows         func(rows, n int, x []T, stride int, y []T)
	maxRowsGradient func(rows, n int, x []T, stride int, y, dy, dx []T)

	scaleAround func(rows, n int, x []T, stride int, center, scale, shift, y []T)
}

// AddRows adds rows of n elements of x, which lie stride apart, to sums: the sums of
// columns. Each is added up in float64, one row after the other, so that the result
// does not depend on how rows and columns are divided into calls. The gradient of a
// bias is such a sum:
//
//	clear(sums)                        // [n], float64
//	set.AddRows(rows, n, dy, n, sums)  // dy is [rows, n]
func (k *normKernels[T]) AddRows(rows, n int, x []T, stride int, sums []float64) {
	if rows > 0 && n > 0 {
		k.addRows(rows, n, x, stride, sums)
	}
}

// AddAll is the sum of x in float64: of 16 parallel sums, where sum i has the elements
// i, i + 16 and so on, and then of the elements that are left.
func (k *normKernels[T]) AddAll(x []T) float64 { return k.addAll(x) }

func normGo[T Float]() normKernels[T] {
	return normKernels[T]{
		addRows: addRowsGo[T], addAll: addAllGo[T],
		rowMoments: rowMomentsGo[T], normalizeRows: normalizeRowsGo[T],
		normalizeGradient: normalizeGradientGo[T], scaleGradient: scaleGradientGo[T],
		maxRows: maxRowsGo[T], maxRowsGradient: maxRowsGradientGo[T],
		scaleAround: scaleAroundGo[T],
	}
}

func addRowsGo[T Float](rows, n int, x []T, stride int, sums []float64) {
	x, sums = x[:last(rows, stride)+n:len(x)], sums[:n:len(sums)]
	for i := range rows {
		for j, v := range x[i*stride:][:n] {
			sums[j] += float64(v)
		}
	}
}

// lanes is the number of parallel sums in float64 over a row.
const lanes = 16

func addAllGo[T Float](x []T) float64 {
	whole := len(x) / lanes * lanes
	var sum [lanes]float64
	for i := 0; i < whole; i += lanes {
		for j, v := range x[i:][:lanes] {
			sum[j] += float64(v)
		}
	}
	return addRest(fold(&sum), x[whole:])
}

// fold adds up the lanes, half by half.
func fold(sum *[lanes]float64) float64 {
	for half := lanes / 2; half > 0; half /= 2 {
		for i := range half {
			sum[i] += sum[i+half]
		}
	}
	return sum[0]
}

// addRest adds the elements that are too few for all lanes.
func addRest[T Float](sum float64, x []T) float64 {
	for _, v := range x {
		sum += float64(v)
	}
	return sum
}
