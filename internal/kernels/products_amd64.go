//go:build amd64 && !noasm

package kernels

import "golang.org/x/sys/cpu"

func addProducts(terms int, x, y []float64, s *[ProductRows * ProductColumns]float64) {
	if !cpu.X86.HasAVX2 {
		addProductsGo(terms, x, y, s)
		return
	}
	_, _ = x[terms*ProductColumns-1], y[terms*ProductRows-1]
	addProductsAVX2(terms, &x[0], &y[0], &s[0])
}
