//go:build amd64 && !noasm && !safe

package initializers

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// ofLAPACK is orthonormalize of a whole matrix by gonum.
func ofLAPACK(a []float64, rows, cols int, gain float64) {
	m := blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: a}
	tau, work := make([]float64, cols), make([]float64, 64*cols)
	lapack64.Geqrf(m, tau, work, len(work))
	scale := make([]float64, cols)
	for j := range scale {
		scale[j] = gain
		if a[j*cols+j] < 0 {
			scale[j] = -gain
		}
	}
	lapack64.Orgqr(m, tau, work, len(work))
	for i := range a {
		a[i] *= scale[i%cols]
	}
}

// A seed gives the weights that it gave when gonum made them. Without assembly, gonum adds in
// another order.
func TestOrthonormalizeIsLAPACK(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {7, 7}, {40, 13}, {128, 128}, {129, 129}, {160, 160}, {161, 161}, {300, 165}, {517, 203}, {400, 300}, {301, 129}} {
		rows, cols := size[0], size[1]
		r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
		got := make([]float64, rows*cols)
		for i := range got {
			got[i] = r.NormFloat64()
		}
		want := slices.Clone(got)
		orthonormalize(got, rows, cols, 1.5)
		ofLAPACK(want, rows, cols, 1.5)
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%d × %d: element %d is %v, want %v", rows, cols, i, got[i], want[i])
			}
		}
	}
}

func BenchmarkOrthonormalize(b *testing.B) {
	const rows, cols = 2048, 512
	a := make([]float64, rows*cols)
	r := rand.New(rand.NewPCG(1, 1))
	for name, f := range map[string]func(a []float64, rows, cols int, gain float64){"own": orthonormalize, "gonum": ofLAPACK} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for i := range a {
					a[i] = r.NormFloat64()
				}
				f(a, rows, cols, 1)
			}
		})
	}
}
