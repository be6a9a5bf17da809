package initializers

import (
	"github.com/engram-go/engram/internal/kernels"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack"
	lapacks "gonum.org/v1/gonum/lapack/gonum"
)

const (
	// reflectionsAtOnce are how many columns of Q are applied to the others at once.
	reflectionsAtOnce = 32
	// columnsAlone are how many columns, the last ones, are made one at a time.
	columnsAlone = 128
)

// orthonormalize replaces a tall matrix by the first columns of Q, times gain. It is the
// algorithm of LAPACK's dgeqrf and dorgqr, and makes each sum in the order of gonum's, so
// that the bits are those of gonum on amd64. Two things are different, which takes less
// than half of the time for 2048 × 512: the columns at work lie in memory of their own,
// where their rows are adjacent, and the sums of several elements are made at once.
func orthonormalize(a []float64, rows, cols int, gain float64) {
	q := reflections{a: a, rows: rows, cols: cols, tau: make([]float64, cols), panel: make([]float64, rows*min(cols, columnsAlone)), work: make([]float64, cols)}
	blocked := max(0, cols-columnsAlone+reflectionsAtOnce-1) / reflectionsAtOnce * reflectionsAtOnce
	for i := 0; i < blocked; i += reflectionsAtOnce {
		q.decompose(i, i+reflectionsAtOnce)
		q.apply(i, blas.Trans)
		q.restore(i, i+reflectionsAtOnce)
	}
	if blocked < cols {
		q.decompose(blocked, cols)
		q.restore(blocked, cols)
	}
	scale := make([]float64, cols)
	for j := range scale {
		scale[j] = gain
		if a[j*cols+j] < 0 { // what is left of R
			scale[j] = -gain
		}
	}
	for i := range blocked {
		clear(a[i*cols+blocked : (i+1)*cols])
	}
	if blocked < cols {
		q.take(blocked, cols)
		q.generate(blocked, cols)
	}
	for i := blocked - reflectionsAtOnce; i >= 0; i -= reflectionsAtOnce {
		q.take(i, i+reflectionsAtOnce)
		q.apply(i, blas.NoTrans)
		q.generate(i, i+reflectionsAtOnce)
		for row := range i {
			clear(a[row*cols+i:][:reflectionsAtOnce])
		}
	}
	for i := range a {
		a[i] *= scale[i%cols]
	}
}

// reflections are a tall matrix on the way to Q.
type reflections struct {
	a          []float64 // [rows, cols]
	rows, cols int
	tau        []float64 // [cols], a factor of each reflection
	panel      []float64 // some columns from their diagonal on, by rows
	work       []float64 // [cols]
}

// take copies the columns from..end to the panel.
func (q *reflections) take(from, end int) {
	n := end - from
	for i := from; i < q.rows; i++ {
		copy(q.panel[(i-from)*n:][:n], q.a[i*q.cols+from:])
	}
}

// restore copies them back.
func (q *reflections) restore(from, end int) {
	n := end - from
	for i := from; i < q.rows; i++ {
		copy(q.a[i*q.cols+from:][:n], q.panel[(i-from)*n:])
	}
}

// decompose leaves R and the reflections of the columns from..end in the panel.
func (q *reflections) decompose(from, end int) {
	q.take(from, end)
	lapacks.Implementation{}.Dgeqr2(q.rows-from, end-from, q.panel, end-from, q.tau[from:end], q.work)
}

// generate makes the columns from..end of Q of the reflections in the panel.
func (q *reflections) generate(from, end int) {
	n := end - from
	lapacks.Implementation{}.Dorg2r(q.rows-from, n, n, q.panel, n, q.tau[from:end], q.work[:n])
	q.restore(from, end)
}

// apply applies the reflections in the panel, which is of the columns from i on, to the
// columns behind it: C − V T Vᵀ C, or with trans C − V Tᵀ Vᵀ C.
func (q *reflections) apply(i int, trans blas.Transpose) {
	const n = reflectionsAtOnce
	t := make([]float64, n*n)
	lapacks.Implementation{}.Dlarft(lapack.Forward, lapack.ColumnWise, q.rows-i, n, q.panel, n, q.tau[i:], t, n)
	b := newBlock(q.panel[:(q.rows-i)*n], t, trans)
	c, columns := q.a[i*q.cols+i+n:], q.cols-i-n
	kernels.Parallel(columns, columnsOfTile, func(from, end int) { b.apply(c[from:], q.cols, end-from) })
}

// block are reflections that are applied together.
type block struct {
	v     []float64 // [rows, reflectionsAtOnce], a trapezoid below a diagonal of ones
	t     blas64.Triangular
	trans blas.Transpose // of t
	rows  int            // of v, below the triangle
	long  []float64      // these, [reflectionsAtOnce/rowsOfTile, rows, rowsOfTile]
	wide  []float64      // and [rows/rowsOfTile, lanes, reflectionsAtOnce/lanes, rowsOfTile]
}

const (
	termsAtOnce = 256 // of a product, which the nearest cache holds
	// A sum over the reflections is made of four, of every fourth term.
	lanes = 4

	rowsOfTile, columnsOfTile = kernels.ProductRows, kernels.ProductColumns
)

// tile are the sums of kernels.AddProducts.
type tile [rowsOfTile * columnsOfTile]float64

func newBlock(v, t []float64, trans blas.Transpose) *block {
	const n = reflectionsAtOnce
	b := &block{v: v, rows: len(v)/n - n, trans: blas.NoTrans}
	if trans == blas.NoTrans {
		b.trans = blas.Trans
	}
	b.t = blas64.Triangular{Uplo: blas.Upper, Diag: blas.NonUnit, N: n, Data: t, Stride: n}
	b.long = make([]float64, b.rows*n)
	b.wide = make([]float64, (b.rows+rowsOfTile-1)/rowsOfTile*rowsOfTile*n)
	for i := range b.rows {
		for j, x := range v[(n+i)*n:][:n] {
			b.long[(j/rowsOfTile*b.rows+i)*rowsOfTile+j%rowsOfTile] = x
			b.wide[i/rowsOfTile*rowsOfTile*n+lane(j)*rowsOfTile+i%rowsOfTile] = x
		}
	}
	return b
}

// lane is the place of term j in the order of the lanes.
func lane(j int) int { return j%lanes*(reflectionsAtOnce/lanes) + j/lanes }

// apply applies the block to some columns of C, whose rows are cRow elements apart:
//
//	W = Cᵀ V T    C = C − V Wᵀ
func (b *block) apply(c []float64, cRow, columns int) {
	const n = reflectionsAtOnce
	w := blas64.General{Rows: columns, Cols: n, Stride: n, Data: make([]float64, columns*n)}
	for i := range n {
		for j, x := range c[i*cRow:][:columns] {
			w.Data[j*n+i] = x
		}
	}
	v := blas64.Triangular{Uplo: blas.Lower, Diag: blas.Unit, N: n, Data: b.v, Stride: n}
	blas64.Trmm(blas.Right, blas.NoTrans, 1, v, w)
	below := c[n*cRow:]
	for j := 0; j < columns; j += columnsOfTile {
		b.sum(below[j:], cRow, w.Data[j*n:min(j+columnsOfTile, columns)*n])
	}
	blas64.Trmm(blas.Right, b.trans, 1, b.t, w)
	b.subtract(below, cRow, w.Data)
	blas64.Trmm(blas.Right, blas.Trans, 1, v, w)
	for i := range n {
		for j := range columns {
			c[i*cRow+j] -= w.Data[j*n+i]
		}
	}
}

// sum adds Cᵀ V to w, for the rows below the triangle and the columns of a tile.
func (b *block) sum(c []float64, cRow int, w []float64) {
	const n = reflectionsAtOnce
	columns := len(w) / n
	var left [termsAtOnce * columnsOfTile]float64
	for first := 0; first < b.rows; first += termsAtOnce {
		terms := min(termsAtOnce, b.rows-first)
		for i := range terms {
			copy(left[i*columnsOfTile:], c[(first+i)*cRow:][:columns])
		}
		for at := 0; at < n; at += rowsOfTile {
			var s tile
			for j := range columns {
				for k := range rowsOfTile {
					s[k*columnsOfTile+j] = w[j*n+at+k]
				}
			}
			right := b.long[at*b.rows+first*rowsOfTile:]
			kernels.AddProducts(left[:terms*columnsOfTile], right, (*[len(s)]float64)(&s))
			for j := range columns {
				for k := range rowsOfTile {
					w[j*n+at+k] = s[k*columnsOfTile+j]
				}
			}
		}
	}
}

// subtract subtracts V Wᵀ from the rows of C below the triangle, some rows at a time, since
// parts of many rows would not stay in the caches.
func (b *block) subtract(c []float64, cRow int, w []float64) {
	const n, terms = reflectionsAtOnce, reflectionsAtOnce / lanes
	columns := len(w) / n
	left := make([]float64, (columns+columnsOfTile-1)/columnsOfTile*columnsOfTile*n)
	for j := range columns {
		to := left[j/columnsOfTile*columnsOfTile*n+j%columnsOfTile:]
		for i, x := range w[j*n:][:n] {
			to[lane(i)*columnsOfTile] = x
		}
	}
	for i := 0; i < b.rows; i += rowsOfTile {
		for j := 0; j < columns; j += columnsOfTile {
			var s [lanes]tile
			for q := range s {
				x, y := left[j*n+q*terms*columnsOfTile:][:terms*columnsOfTile], b.wide[i*n+q*terms*rowsOfTile:]
				kernels.AddProducts(x, y, (*[len(s[q])]float64)(&s[q]))
			}
			for k := range min(rowsOfTile, b.rows-i) {
				to, at := c[(i+k)*cRow+j:][:min(columnsOfTile, columns-j)], k*columnsOfTile
				s0, s1, s2, s3 := s[0][at:][:len(to)], s[1][at:][:len(to)], s[2][at:][:len(to)], s[3][at:][:len(to)]
				for x := range to {
					to[x] -= (s0[x] + s2[x]) + (s1[x] + s3[x])
				}
			}
		}
	}
}
