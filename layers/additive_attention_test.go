package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

func TestAdditiveAttention(t *testing.T) {
	query, value, key := graphtest.Input(1, 2, 3, 4), graphtest.Input(2, 2, 5, 2), graphtest.Input(3, 2, 5, 4)
	for _, l := range []layers.AdditiveAttention{
		{}, {NoScale: true, Dropout: 0.25, Name: "a"}, {UseCausalMask: true, Dropout: 0.5, Seed: new(uint64(3))},
	} {
		layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{query}, Outputs: []graph.Shape{{graph.Any, 3, 4}}})
		l.ReturnAttentionScores = true
		layertest.Check(t, layertest.Case{
			Layer: l, Inputs: []graphtest.Array{query, value, key},
			Outputs: []graph.Shape{{graph.Any, 3, 2}, {graph.Any, 3, 5}},
		})
	}
}

func TestAdditiveAttentionRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 2}
	for _, bad := range []float64{-0.1, 1, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.AdditiveAttention{Dropout: bad}, "AdditiveAttention.Dropout", in)
	}
	for _, bad := range badAttention {
		layertest.Invalid(t, layers.AdditiveAttention{}, "AdditiveAttention", bad...)
	}
	layertest.Invalid(t, layers.AdditiveAttention{}, "AdditiveAttention", in, graph.Shape{graph.Any, 3, 4})
}
