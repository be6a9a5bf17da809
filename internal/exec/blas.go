package exec

import (
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/kernels"
)

// products is the BLAS of Gorgonia's own operations. It uses our kernels for matrix
// products in float32 and Gonum for the rest. Gonum skips zeros of the left operand;
// here 0·NaN is NaN.
type products struct {
	gonum.Implementation
	set *kernels.Set[float32]
}

// UseKernels makes Gorgonia use our products, unless the program has chosen a BLAS.
// Only the first call has an effect.
var UseKernels = sync.OnceFunc(func() {
	_, free := gorgonia.WhichBLAS().(gonum.Implementation)
	_, freeTensors := tensor.WhichBLAS().(gonum.Implementation)
	if free && freeTensors {
		gorgonia.Use(products{set: kernels.Float32()})
	}
})

// Sgemm computes c = alpha·a·b + beta·c, with optionally transposed operands.
func (p products) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	plain := m > 0 && n > 0 && k > 0 && ldc >= n && wide(tA, m, k, lda) && wide(tB, k, n, ldb)
	if !plain || alpha != 1 || beta != 0 && beta != 1 { // Gonum handles these and reports invalid arguments
		p.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	left := kernels.Matrix[float32]{Data: a, Row: lda, Col: 1}
	right := kernels.Matrix[float32]{Data: b, Row: ldb, Col: 1}
	if tA != blas.NoTrans {
		left = left.T()
	}
	if tB != blas.NoTrans {
		right = right.T()
	}
	to, start := kernels.Matrix[float32]{Data: c, Row: ldc, Col: 1}, kernels.Matrix[float32]{}
	if beta == 1 {
		start = to
	}
	kernels.Share(m*n*k, n, kernels.MulUnit, func(from, end int) { p.set.AddMul(m, k, left, right, to, start, from, end) })
}

// wide reports whether the rows of an operand in memory do not overlap. The operand has
// the shape [rows, columns] after the transposition t.
func wide(t blas.Transpose, rows, columns, ld int) bool {
	if t == blas.NoTrans {
		return ld >= columns
	}
	return (t == blas.Trans || t == blas.ConjTrans) && ld >= rows
}
