package kernels

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// addProductsCase holds AddProducts to the formula, bit by bit, also beyond its operands.
func addProductsCase(t *rapid.T) {
	terms := upTo(t, "terms", 40)
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	numbers := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		return x
	}
	x, y := numbers(terms*ProductColumns), numbers(terms*ProductRows+upTo(t, "more", 3))
	around := numbers(3 * ProductRows * ProductColumns)
	want := append([]float64{}, around...)
	const first, size = ProductRows * ProductColumns, ProductRows * ProductColumns
	for term := range terms {
		for i := range ProductRows {
			for j := range ProductColumns {
				product := x[term*ProductColumns+j] * y[term*ProductRows+i]
				want[first+i*ProductColumns+j] += float64(product)
			}
		}
	}
	for name, add := range map[string]func(terms int, x, y []float64, s *[size]float64){"assembly": addProducts, "Go": addProductsGo} {
		got := append([]float64{}, around...)
		if terms > 0 {
			add(terms, x, y, (*[size]float64)(got[first:]))
		}
		same(t, name, got, want)
	}
	AddProducts(x, y, (*[size]float64)(around[first:]))
	same(t, "AddProducts", around, want)
}

func TestAddProducts(t *testing.T) { rapid.Check(t, addProductsCase) }
func FuzzAddProducts(f *testing.F) { fuzz(f, addProductsCase) }

func TestAddProductsRefusesOtherSizes(t *testing.T) {
	for _, size := range [][2]int{{7, 4}, {12, 8}, {16, 7}, {8, 0}} {
		if !panics(func() {
			AddProducts(make([]float64, size[0]), make([]float64, size[1]), new([ProductRows * ProductColumns]float64))
		}) {
			t.Errorf("no panic for %d and %d elements", size[0], size[1])
		}
	}
}
