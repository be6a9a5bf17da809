//go:build !amd64 || noasm

package kernels

func addProducts(terms int, x, y []float64, s *[ProductRows * ProductColumns]float64) {
	addProductsGo(terms, x, y, s)
}
