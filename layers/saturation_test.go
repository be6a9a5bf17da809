package layers_test

import (
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
)

// Inputs that saturate every gate, and such that hardly move any, give on the
// operation for whole sequences what they give written out, and nothing that is
// not finite.
func TestRecurrentExtremes(t *testing.T) {
	for cell, sizes := range fastCells {
		for _, scale := range []float64{1e-30, 10, 100, 1e30} {
			for _, units := range []int{1, 33} { // less than a register, and several
				r := fastRun{cell: cell, sequences: true, states: true}
				r.batch, r.steps, r.features, r.units = 3, 4, 2, units
				cols := sizes.gates * units
				r.x = graphtest.Uniform(1, r.batch*r.steps*r.features, scale)
				r.kernel, r.recurrent = graphtest.Uniform(2, r.features*cols, 1), graphtest.Uniform(3, units*cols, 1)
				r.bias = graphtest.Uniform(4, sizes.biasRows*cols, 1)
				r.mask = []float64{0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0}
				r.loss = func(i, n int) []float64 { return graphtest.Uniform(uint64(6+i), n, 1) }
				want := r.runLayer(t, tensor.Float64, r.layer(true))
				for dtype, tol := range tolerances {
					if dtype == tensor.Float32 && scale > 1 && scale < 1e6 {
						tol = 1e-4 // sums before the activations are rounded, and not yet saturated
					}
					r.checkClose(t, r.runFast(t, dtype), want, tol)
				}
			}
		}
	}
}
