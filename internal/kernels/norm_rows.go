package kernels

import "math"

// Rows describes the normalization of rows of N elements:
//
//	y = (x − mean(x)) / √(var(x) + Epsilon) · γ + β    if Centred
//	y = x / √(mean(x²) + Epsilon) · γ + β              otherwise
//
// What is divided by the root is computed in float64 and rounded; then γ and β are
// applied as in any other product and sum.
type Rows struct {
	N       int
	Centred bool
	Epsilon float64
}

// normalizedAtOnce is about how many elements are read twice, so that they are still in
// the cache.
const normalizedAtOnce = 1 << 12

// NormalizeRows computes y from the rows that follow each other in x, with gamma (γ) and
// beta (β) of N elements; y may be x. It writes the mean, or 0, and 1/√(… + Epsilon) of
// each row to moments, which has 2 elements for each; the gradients need them.
//
// The moments differ from the exact ones by roundings of float64: by less than a
// float32 is rounded by.
func (k *normKernels[T]) NormalizeRows(o Rows, x, gamma, beta, y []T, moments []float64) {
	rows := o.rows(len(x))
	if rows == 0 {
		return
	}
	gamma, beta, y, moments = gamma[:o.N:len(gamma)], beta[:o.N:len(beta)], y[:len(x):len(y)], moments[:2*rows:len(moments)]
	block := max(1, normalizedAtOnce/o.N)
	for from := 0; from < rows; from += block {
		n := min(block, rows-from)
		at, end := from*o.N, (from+n)*o.N
		m := moments[2*from:][:2*n]
		k.rowMoments(o, n, x[at:end], m)
		k.normalizeRows(o.N, n, x[at:end], gamma, beta, y[at:end], m)
	}
}

// NormalizeGradient computes the gradient dx of NormalizeRows from x, dy, gamma and the
// moments:
//
//	dx = r·(g − mean(g) − z·mean(g·z))    with g = γ·dy, z = (x − mean)·r
//
// where mean(g) is left out if the rows are not centred; dx may be dy. It is computed in
// float64 and rounded once.
func (k *normKernels[T]) NormalizeGradient(o Rows, x, dy, gamma, dx []T, moments []float64) {
	rows := o.rows(len(x))
	if rows == 0 {
		return
	}
	dy, gamma, dx, moments = dy[:len(x):len(dy)], gamma[:o.N:len(gamma)], dx[:len(x):len(dx)], moments[:2*rows:len(moments)]
	k.normalizeGradient(o, rows, x, dy, gamma, dx, moments)
}

// AddScaleGradient adds n columns of the gradients of gamma and beta to dgamma and
// dbeta, one row after the other. Rows of x and dy lie stride apart.
func (k *normKernels[T]) AddScaleGradient(rows, n int, x, dy []T, stride int, moments, dgamma, dbeta []float64) {
	if rows < 1 || n < 1 {
		return
	}
	end := last(rows, stride) + n
	x, dy, moments = x[:end:len(x)], dy[:end:len(dy)], moments[:2*rows:len(moments)]
	k.scaleGradient(rows, n, x, dy, stride, moments, dgamma[:n:len(dgamma)], dbeta[:n:len(dbeta)])
}

// rows is the number of rows of that many elements in all.
func (o Rows) rows(elements int) int {
	if elements == 0 {
		return 0
	}
	if o.N < 1 || elements%o.N != 0 {
		panic("kernels: normalization of something else than whole rows")
	}
	return elements / o.N
}

func rowMomentsGo[T Float](o Rows, rows int, x []T, moments []float64) {
	for i := range rows {
		row, mean, square := x[i*o.N:][:o.N], 0.0, 0.0
		if o.Centred {
			for _, v := range row {
				mean += float64(v)
			}
			mean /= float64(o.N)
		}
		for _, v := range row {
			d := float64(v) - mean
			square += d * d
		}
		moments[2*i], moments[2*i+1] = mean, 1/math.Sqrt(square/float64(o.N)+o.Epsilon)
	}
}

func normalizeRowsGo[T Float](n, rows int, x, gamma, beta, y []T, moments []float64) {
	for i := range rows {
		mean, factor := moments[2*i], moments[2*i+1]
		to := y[i*n:][:n]
		for j, v := range x[i*n:][:n] {
			to[j] = T(T((float64(v)-mean)*factor)*gamma[j]) + beta[j] // each rounded for itself on every processor
		}
	}
}

func normalizeGradientGo[T Float](o Rows, rows int, x, dy, gamma, dx []T, moments []float64) {
	n := o.N
	for i := range rows {
		mean, factor := moments[2*i], moments[2*i+1]
		x, dy, dx := x[i*n:][:n], dy[i*n:][:n], dx[i*n:][:n]
		sum, dot := 0.0, 0.0
		for j, v := range x {
			g := float64(dy[j]) * float64(gamma[j])
			sum += g
			dot += g * (float64(v) - mean) * factor
		}
		if !o.Centred {
			sum = 0
		}
		sum, dot = sum/float64(n), dot/float64(n)
		for j, v := range x {
			dx[j] = T(factor * (float64(dy[j])*float64(gamma[j]) - sum - (float64(v)-mean)*factor*dot))
		}
	}
}

func scaleGradientGo[T Float](rows, n int, x, dy []T, stride int, moments, dgamma, dbeta []float64) {
	for i := range rows {
		mean, factor := moments[2*i], moments[2*i+1]
		dy := dy[i*stride:][:n]
		for j, v := range x[i*stride:][:n] {
			d := float64(dy[j])
			dbeta[j] += d
			dgamma[j] += float64((float64(v) - mean) * factor * d) // rounded for itself on every processor
		}
	}
}
