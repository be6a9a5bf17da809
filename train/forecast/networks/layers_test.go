package networks

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

// TestLayers holds the layers of the networks to what all layers must satisfy.
func TestLayers(t *testing.T) {
	for name, l := range map[string]layers.Layer{
		"dlinear": dlinear{Horizon: 3, Targets: 2, Outputs: 2, Kernel: 3},
		"segRNN":  segRNN{Horizon: 3, Targets: 2, Outputs: 2, Units: 3, Segment: 2, Dropout: 0.5},
		"nhits":   nhits{Horizon: 3, Targets: 2, Outputs: 2, Units: 3, Layers: 1, Pool: []int{2, 1}, Every: []int{2, 1}, Blocks: 1},
	} {
		t.Run(name, func(t *testing.T) {
			layertest.Check(t, layertest.Case{
				Layer:   l,
				Inputs:  []graphtest.Array{graphtest.Input(1, 2, 5, 3), graphtest.Input(2, 2, 3, 2), graphtest.Input(3, 2, 2)},
				Outputs: []graph.Shape{{graph.Any, 6, 2}},
				Custom:  All(),
			})
		})
	}
}
