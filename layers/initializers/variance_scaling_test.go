package initializers

import (
	"testing"

	"github.com/engram-go/engram/graph"
)

// The pairs are what Keras 3's compute_fans gives.
func TestFans(t *testing.T) {
	for _, c := range []struct {
		shape   graph.Shape
		in, out float64
	}{
		{graph.Shape{}, 1, 1},
		{graph.Shape{7}, 7, 7},
		{graph.Shape{3, 5}, 3, 5},
		{graph.Shape{1, 1}, 1, 1},
		{graph.Shape{4, 3, 5}, 12, 20},
		{graph.Shape{2, 4, 3, 5}, 24, 40},
		{graph.Shape{1 << 15, 1 << 15, 2}, 1 << 30, 1 << 16},
	} {
		in, out := fans(c.shape)
		if in != c.in || out != c.out {
			t.Errorf("%v: got %v and %v, want %v and %v", c.shape, in, out, c.in, c.out)
		}
	}
}
