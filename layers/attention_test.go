package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:    layers.Attention{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Defaults: layers.Attention{ScoreMode: layers.ScoreDot},
	Weights: []conformance.Weights{{
		Layer: layers.Attention{UseScale: true, ScoreMode: layers.ScoreConcat},
		Init:  map[string]graph.Initializer{"scale": initializers.Ones, "concat_score_weight": initializers.Ones},
	}},
	Accepts:  "-+---- ------",
	NoMask:   map[int]string{1: "the scores of a masked query are not meant to be read"},
	Compared: "TestAttentionGolden",
	Steps: []conformance.Step{
		{Layer: layers.Attention{UseCausalMask: true, UseScale: true}},
		{Layer: layers.Attention{UseCausalMask: true, ScoreMode: layers.ScoreConcat}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 2}, {2, 4, 3}}},
		{Layer: layers.Attention{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 5, 2}, {2, 5, 3}}},
		{Layer: layers.Attention{}, Refused: true},
		{Layer: layers.Attention{UseCausalMask: true, ReturnAttentionScores: true}, Refused: true},
		{Layer: layers.Attention{UseCausalMask: true}, Inputs: []graph.Shape{{2, 4, 3}, {2, 5, 3}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x, all := d.Alike()
		if len(x.Shape) == 1 {
			x = d.Series()
			all = conformance.Tensors(x)
		}
		d.Use(conformance.Rest(d, layers.Attention{ScoreMode: conformance.OneOf(d, "mode", layers.ScoreDot, layers.ScoreConcat)}), x.Shape, x.Tensor, all[len(all)-1])
	},
})

func TestAttention(t *testing.T) {
	query, value, key := graphtest.Input(1, 2, 3, 4), graphtest.Input(2, 2, 5, 2), graphtest.Input(3, 2, 5, 4)
	weights := graph.Shape{graph.Any, 3, 5}
	for _, l := range []layers.Attention{
		{}, {UseScale: true}, {ScoreMode: layers.ScoreConcat}, {ScoreMode: layers.ScoreConcat, UseScale: true},
		{UseCausalMask: true, Dropout: 0.5, Seed: new(uint64(3))},
	} {
		layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{query}, Outputs: []graph.Shape{{graph.Any, 3, 4}}})
		l.ReturnAttentionScores = true
		layertest.Check(t, layertest.Case{
			Layer: l, Inputs: []graphtest.Array{query, value, key}, Outputs: []graph.Shape{{graph.Any, 3, 2}, weights},
		})
	}
}

// badAttention are shapes of inputs that no attention layer takes.
var badAttention = [][]graph.Shape{
	nil,
	{{graph.Any, 2}},
	{{graph.Any, 3, 2, 2}},
	{{graph.Any, 3, graph.Any}},
	{{2, 3, 2}, {3, 3, 2}},
	{{graph.Any, 3, 2}, {graph.Any, 4, 2}, {graph.Any, 5, 2}},
	{{2, 3, 2}, {2, 3, 2}, {3, 3, 2}},
	{{graph.Any, 3, 2}, {graph.Any, 3, 2}, {graph.Any, 3, 2}, {graph.Any, 3, 2}},
}

func TestAttentionRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 2}
	layertest.Invalid(t, layers.Attention{ScoreMode: "sum"}, "Attention.ScoreMode", in)
	for _, bad := range []float64{-0.1, 1, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.Attention{Dropout: bad}, "Attention.Dropout", in)
	}
	for _, bad := range badAttention {
		layertest.Invalid(t, layers.Attention{}, "Attention", bad...)
	}
	layertest.Invalid(t, layers.Attention{}, "Attention", in, graph.Shape{graph.Any, 3, 4})
	layertest.Invalid(t, withMask{layers.Attention{}, graph.Shape{graph.Any, 4}}, "Attention mask", in)
}

// The weights of one sample that attends to itself with dropout: each is 0 or
// doubled, and the output is their average of the values.
func TestAttentionDropout(t *testing.T) {
	x := graphtest.Uniform(1, 40*3, 1)
	weights := func(l layers.Attention, tick int) (y, w []float64) {
		l.ReturnAttentionScores = true
		out := evaluate(t, training(t), graph.Tick{Step: tick}, func(s *graph.Scope) {
			for i, v := range layers.Apply(s, "attention", l, s.Values(x, graph.Shape{1, 40, 3})) {
				s.Output([]string{"y", "w"}[i], v)
			}
		})
		return out["y"], out["w"]
	}
	_, plain := weights(layers.Attention{}, 0)
	l := layers.Attention{Dropout: 0.5, Seed: new(uint64(7))}
	y, w := weights(l, 0)
	kept := 0
	var want []float64
	for i := range 40 {
		var sum [3]float64
		for j := range 40 {
			v := w[i*40+j]
			if v != 0 {
				kept++
				if math.Abs(v-2*plain[i*40+j]) > 1e-15 {
					t.Fatalf("weight %d, %d is %v, without dropout %v", i, j, v, plain[i*40+j])
				}
			}
			for k := range sum {
				sum[k] += v * x[j*3+k]
			}
		}
		want = append(want, sum[:]...)
	}
	if kept < 700 || kept > 900 {
		t.Errorf("%d of 1600 weights were kept", kept)
	}
	graphtest.CheckOutput(t, "y", y, want, 1e-12)
	if again, _ := weights(l, 0); !slices.Equal(again, y) {
		t.Error("equal seeds must drop the same")
	}
	if next, _ := weights(l, 1); slices.Equal(next, y) {
		t.Error("the next step must drop others")
	}
}

var _ = specimen(conformance.Layer{
	Value:   layers.AdditiveAttention{},
	Inputs:  []graph.Shape{{4, 6}, {4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Weights: []conformance.Weights{{
		Layer: layers.AdditiveAttention{},
		Init:  map[string]graph.Initializer{"scale": initializers.GlorotUniform},
	}},
	Accepts:  "-+---- ------",
	NoMask:   map[int]string{1: "the scores of a masked query are not meant to be read"},
	Compared: "TestAttentionGolden",
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
