package exec

import (
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/kernels"
)

// products is the BLAS that Gorgonia's own operations compute with once a graph
// holds some: matrix products in float32 go through our kernels, and all else
// through Gonum. Gonum leaves out the zeros of the left operand; here 0·NaN is NaN.
type products struct {
	gonum.Implementation
	set *kernels.Set[float32]
}

// UseKernels makes Gorgonia take our products. It does so once, when the first
// node is imported, and not where the program has chosen a BLAS.
var UseKernels = sync.OnceFunc(func() {
	_, free := gorgonia.WhichBLAS().(gonum.Implementation)
	_, freeTensors := tensor.WhichBLAS().(gonum.Implementation)
	if free && freeTensors {
		gorgonia.Use(products{set: kernels.Float32()})
	}
})

// Sgemm is c = alpha·a·b + beta·c, the operands transposed where asked.
func (p products) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	plain := m > 0 && n > 0 && k > 0 && ldc >= n && wide(tA, m, k, lda) && wide(tB, k, n, ldb)
	if !plain || alpha != 1 || beta != 0 && beta != 1 { // Gonum says what is wrong, if something is
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
	mul := p.set.Mul
	if beta == 1 {
		mul = p.set.AddMul
	}
	to := kernels.Matrix[float32]{Data: c, Row: ldc, Col: 1}
	kernels.Share(m*n*k, n, kernels.MulUnit, func(from, end int) { mul(m, k, left, right, to, from, end) })
}

// wide tells whether the lines of an operand, rows by columns once it is
// transposed where asked, do not overlap.
func wide(t blas.Transpose, rows, columns, ld int) bool {
	if t == blas.NoTrans {
		return ld >= columns
	}
	return (t == blas.Trans || t == blas.ConjTrans) && ld >= rows
}
