package kernels_test

import (
	"fmt"

	"github.com/engram-go/engram/internal/kernels"
)

// A product of two matrices, the second by columns, and its softmax.
func Example() {
	s := kernels.Float64()
	a := []float64{1, 2, 3, 4}
	b := []float64{1, 0, 0, 1, 1, -1} // three columns
	c := make([]float64, 6)
	s.Mul(2, 2, kernels.RowMajor(a, 2), kernels.RowMajor(b, 2).T(), kernels.RowMajor(c, 3), 0, 3)
	fmt.Println(c)
	s.Softmax(3, c, c)
	fmt.Printf("%.3f\n", c)
	// Output:
	// [1 2 -1 3 4 -1]
	// [0.259 0.705 0.035 0.268 0.727 0.005]
}
