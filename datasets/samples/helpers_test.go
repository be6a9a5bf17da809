package samples_test

import (
	"slices"
	"testing"

	"gorgonia.org/tensor"
)

// values returns the elements of a row-major tensor.
func values(t testing.TB, d *tensor.Dense) []float64 {
	t.Helper()
	switch d.Dtype() {
	case tensor.Float64:
		return slices.Clone(d.Float64s())
	case tensor.Float32:
		var out []float64
		for _, v := range d.Float32s() {
			out = append(out, float64(v))
		}
		return out
	}
	t.Fatalf("dtype %v", d.Dtype())
	return nil
}

func dense(shape []int, v ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(v)))
}
