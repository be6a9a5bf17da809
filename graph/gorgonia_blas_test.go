package graph_test

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/engram-go/engram/graph"
)

// Gorgonia's own matrix product comes through our kernels: Gonum's leaves out
// the zeros of its left operand, and so hides 0·NaN.
func TestStockProductsUseKernels(t *testing.T) {
	p := program(t, config(t, tensor.Float32), func(s *graph.Scope) {
		x, y := s.Input("x", graph.Shape{2, 2}), s.Input("y", graph.Shape{2, 2})
		n, err := gorgonia.Mul(x.Node(), y.Node())
		s.Fail(err)
		s.Output("product", s.FromNode(n, graph.Shape{2, 2}))
	})
	run(t, p, map[string]array{
		"x": {Shape: []int{2, 2}, Data: []float64{0, 2, 3, 4}},
		"y": {Shape: []int{2, 2}, Data: []float64{math.NaN(), 5, 6, 7}},
	})
	if got := fmt.Sprint(output(t, p, "product")); got != "[NaN 14 NaN 43]" {
		t.Errorf("got %s, want [NaN 14 NaN 43]", got)
	}
}

// The product is Gonum's, for all that one may ask of it.
func TestSgemm(t *testing.T) {
	program(t, config(t, tensor.Float32), func(s *graph.Scope) { // Gorgonia takes our products
		s.Output("y", s.FromNode(s.Input("x", graph.Shape{1}).Node(), graph.Shape{1}))
	})
	rapid.Check(t, func(t *rapid.T) {
		size := func(name string) int { return rapid.SampledFrom([]int{1, 2, 3, 17, 70}).Draw(t, name) }
		m, n, k := size("m"), size("n"), size("k")
		side := rapid.SampledFrom([]blas.Transpose{blas.NoTrans, blas.Trans})
		tA, tB := side.Draw(t, "a transposed"), side.Draw(t, "b transposed")
		factor := rapid.SampledFrom([]float32{0, 1, -2})
		alpha, beta := factor.Draw(t, "alpha"), factor.Draw(t, "beta")
		matrix := func(name string, rows, columns int, transposed bool) ([]float32, int) {
			if transposed {
				rows, columns = columns, rows
			}
			apart := columns + rapid.IntRange(0, 3).Draw(t, name+" apart")
			x := make([]float32, rows*apart)
			for i := range x {
				x[i] = float32((i*7+len(name))%13) - 6
			}
			return x, apart
		}
		a, lda := matrix("a", m, k, tA == blas.Trans)
		b, ldb := matrix("bb", k, n, tB == blas.Trans)
		c, ldc := matrix("ccc", m, n, false)
		want := append([]float32{}, c...)
		gorgonia.WhichBLAS().Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		gonum.Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, want, ldc)
		for i := range want { // whole numbers: no rounding
			if c[i] != want[i] {
				t.Fatalf("element %d is %v, want %v", i, c[i], want[i])
			}
		}
	})
}
