package kernels

// The sizes of a tile of AddProducts.
const (
	ProductColumns = 8
	ProductRows    = 4
)

// AddProducts adds the products of x [terms, ProductColumns] and y [terms, ProductRows] to
// the sums of a tile s [ProductRows, ProductColumns], term by term. Each product is rounded
// before it is added, so all processors give the same bits.
func AddProducts(x, y []float64, s *[ProductRows * ProductColumns]float64) {
	terms := len(x) / ProductColumns
	if len(x) != terms*ProductColumns || len(y) < terms*ProductRows {
		panic("kernels: x and y must have the same number of terms")
	}
	if terms > 0 {
		addProducts(terms, x, y, s)
	}
}

func addProductsGo(terms int, x, y []float64, s *[ProductRows * ProductColumns]float64) {
	for t := range terms {
		for i, b := range y[t*ProductRows:][:ProductRows] {
			row := s[i*ProductColumns:][:ProductColumns]
			for j, a := range x[t*ProductColumns:][:ProductColumns] {
				row[j] += float64(a * b) // rounded also where a processor multiplies and adds at once
			}
		}
	}
}
