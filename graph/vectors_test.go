package graph_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
)

func TestSize(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	for _, c := range []struct {
		x    []float64
		want float64
	}{{nil, 0}, {[]float64{1, -3, 2}, 3}, {[]float64{1, inf, 2}, -inf}, {[]float64{nan, inf, 1e308}, nan}} {
		x32 := make([]float32, len(c.x))
		for i, v := range c.x {
			x32[i] = float32(v)
		}
		same := func(got float64) bool { return got == c.want || math.IsNaN(c.want) && math.IsNaN(got) }
		if got := graph.Size(c.x); !same(got) {
			t.Errorf("size of %v is %v", c.x, got)
		}
		if got := float64(graph.Size(x32)); !same(got) {
			t.Errorf("size of %v is %v in float32", c.x, got)
		}
	}
}

func ExampleAdam() {
	w, g := []float64{1}, []float64{2}
	m, v := []float64{0}, []float64{0}
	graph.Adam(w, g, m, v, 0.1, 0.001, 0.03, 0)
	fmt.Printf("%.4f %.4f %.3f\n", w[0], m[0], v[0])
	// Output: 0.9051 0.2000 0.004
}
