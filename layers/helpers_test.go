package layers_test

import (
	"math/rand/v2"

	"gorgonia.org/tensor"
)

type rnd = *rand.Rand

func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return t.Float64s()
	}
	var out []float64
	for _, x := range t.Float32s() {
		out = append(out, float64(x))
	}
	return out
}
