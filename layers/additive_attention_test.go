package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:   layers.AdditiveAttention{},
	Inputs:  []graph.Shape{{4, 6}, {4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Weights: []conformance.Weights{{
		Layer: layers.AdditiveAttention{},
		Init:  map[string]graph.Initializer{"scale": initializers.GlorotUniform},
	}},
	Accepts: "-+---- ------",
	NoMask:  map[int]string{1: "the scores of a masked query are not meant to be read"},
	Steps: []conformance.Step{
		{Layer: layers.AdditiveAttention{UseCausalMask: true}},
		{Layer: layers.AdditiveAttention{ReturnAttentionScores: true}, Inputs: []graph.Shape{{2, 4, 3}, {2, 5, 3}}},
		{Layer: layers.AdditiveAttention{}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(conformance.Rest(d, layers.AdditiveAttention{}), x.Shape, x.Tensor, x.Tensor)
	},
})

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
