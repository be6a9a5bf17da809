package layers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// attentionGoldens are the layers of testdata/attention.py.
var attentionGoldens = map[string]layers.Layer{
	"dot":               layers.Attention{},
	"dot_scale":         layers.Attention{UseScale: true},
	"dot_self":          layers.Attention{},
	"dot_value":         layers.Attention{},
	"dot_causal":        layers.Attention{UseCausalMask: true},
	"dot_masks":         layers.Attention{},
	"dot_all":           layers.Attention{UseScale: true, UseCausalMask: true},
	"concat":            layers.Attention{ScoreMode: layers.ScoreConcat},
	"concat_all":        layers.Attention{ScoreMode: layers.ScoreConcat, UseScale: true, UseCausalMask: true},
	"additive":          layers.AdditiveAttention{},
	"additive_plain":    layers.AdditiveAttention{NoScale: true},
	"additive_all":      layers.AdditiveAttention{UseCausalMask: true},
	"heads":             layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3},
	"heads_one":         layers.MultiHeadAttention{NumHeads: 1, KeyDim: 1},
	"heads_self":        layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2},
	"heads_same":        layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3},
	"heads_value":       layers.MultiHeadAttention{NumHeads: 3, KeyDim: 2, ValueDim: 4},
	"heads_no_bias":     layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, NoBias: true},
	"heads_output":      layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, OutputShape: graph.Shape{2, 3}},
	"heads_causal":      layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true},
	"heads_masks":       layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3},
	"heads_pairs":       layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, AttentionMask: true},
	"heads_masked_self": layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, UseCausalMask: true},
	"heads_all": layers.MultiHeadAttention{
		NumHeads: 2, KeyDim: 3, ValueDim: 4, OutputShape: graph.Shape{3}, UseCausalMask: true, AttentionMask: true,
	},
}

// withScores lets an attention layer give its weights too.
func withScores(l layers.Layer) layers.Layer {
	switch l := l.(type) {
	case layers.Attention:
		l.ReturnAttentionScores = true
		return l
	case layers.AdditiveAttention:
		l.ReturnAttentionScores = true
		return l
	case layers.MultiHeadAttention:
		l.ReturnAttentionScores = true
		return l
	}
	return l
}

func TestAttentionGolden(t *testing.T) {
	for name, l := range attentionGoldens {
		want := graphtest.Golden(t, "testdata/attention_"+name+".npz")
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			tol := graphtest.Tol64
			if dt == tensor.Float32 {
				tol = graphtest.Tol32
			}
			what := name + " " + dt.String() + " "
			got := attentionGolden(t, dt, withScores(l), want, true)
			for key, w := range want {
				switch {
				case key == "output" || key == "scores":
					graphtest.CheckOutput(t, what+key, got[key], w.Data, tol)
				case strings.HasPrefix(key, "grad_"):
					graphtest.CheckGradient(t, what+key, got[key], w.Data, tol)
				}
			}
		}
	}
}

// The one operation that an attention runs as, where its weights are not asked
// for, gives the output of the file and the gradients of the
// other way in float64.
func TestAttentionAsOneOperation(t *testing.T) {
	for name, l := range attentionGoldens {
		if _, ok := l.(layers.MultiHeadAttention); !ok {
			continue
		}
		file := graphtest.Golden(t, "testdata/attention_"+name+".npz")
		exact := attentionGolden(t, tensor.Float64, withScores(l), file, false)
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			tol := graphtest.Tol64
			if dt == tensor.Float32 {
				tol = graphtest.Tol32
			}
			what := name + " " + dt.String() + " "
			got := attentionGolden(t, dt, l, file, false)
			graphtest.CheckOutput(t, what+"output", got["output"], file["output"].Data, tol)
			for key, want := range exact {
				switch {
				case key == "grad_key_bias": // 0, but for rounding
					graphtest.CheckOutput(t, what+key, got[key], want, tol)
				case strings.HasPrefix(key, "grad_") && strings.HasSuffix(key, "_bias"):
					// Both gradients are sums over the same rows. That of a bias may be small
					// because they cancel out, and its error is still in units of the rows.
					kernel := strings.TrimSuffix(key, "bias") + "kernel"
					graphtest.CheckGradient(t, what+key, slices.Concat(got[kernel], got[key]), slices.Concat(exact[kernel], want), tol)
				case strings.HasPrefix(key, "grad_"):
					graphtest.CheckGradient(t, what+key, got[key], want, tol)
				}
			}
		}
	}
}

// attentionGolden gives what the file has, from a layer whose weights are
// declared before it is called. The loss is that of the script, or that of the
// output alone.
func attentionGolden(t *testing.T, dt tensor.Dtype, l layers.Layer, file map[string]graphtest.Array, scores bool) map[string][]float64 {
	t.Helper()
	sizes, seed := file["sizes"].Data, uint64(file["seed"].Data[0])
	size := func(i int) int { return int(sizes[i]) }
	params, err := graph.NewParams(dt, 1)
	if err != nil {
		t.Fatal(err)
	}
	return evaluate(t, graph.Config{Params: params, Training: true}, graph.Tick{}, func(s *graph.Scope) {
		draw := func(k uint64, scale float64, shape graph.Shape) graph.Value {
			return s.Values(graphtest.Uniform(seed+k, shape.Size(), scale), shape)
		}
		names := []string{"query"}
		wrt := []graph.Value{draw(0, 2, graph.Shape{size(0), size(1), size(3)})}
		if file["self"].Data[0] == 0 {
			names, wrt = append(names, "value"), append(wrt, draw(1, 2, graph.Shape{size(0), size(2), size(4)}))
			if file["given"].Data[0] != 0 {
				names, wrt = append(names, "key"), append(wrt, draw(2, 2, graph.Shape{size(0), size(2), size(5)}))
			}
		}
		inputs := len(names)
		var in []graph.Value
		for i, x := range wrt {
			if m, ok := file[names[i]+"_mask"]; ok {
				x = x.WithMask(s.Values(m.Data, m.Shape))
			}
			in = append(in, x)
		}
		if m, ok := file["attention_mask"]; ok {
			in = append(in, s.Values(m.Data, m.Shape))
		}
		s.Within("layer", func() {
			k := uint64(3)
			for _, path := range attentionWeights(l) {
				name := strings.ReplaceAll(path, "/", "_")
				g, ok := file["grad_"+name]
				if !ok {
					continue
				}
				shape := graph.Shape(g.Shape)
				names, wrt = append(names, name), append(wrt, declare(s, path, shape, given(graphtest.Uniform(seed+k, shape.Size(), 1))))
				k++
			}
		})
		out := layers.Apply(s, "layer", l, in...)
		loss := s.Const(0, graph.Shape{})
		for i, y := range out {
			if m, ok := out[0].Mask(); ok && i == 1 && y.Rank() == 3 { // see the script
				y = y.Times(m.Unsqueeze(-1))
			}
			s.Output([]string{"output", "scores"}[i], y)
			if i == 1 && !scores {
				break
			}
			loss = loss.Add(y.Times(draw(20+uint64(i), 1, y.Shape())).Sum())
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output("grad_"+names[i], g)
		}
		if got, want := len(s.Bound()), len(names)-inputs; got != want {
			t.Errorf("the layer has %d weights, want %d", got, want)
		}
	})
}

// declare makes a parameter below the current layer.
func declare(s *graph.Scope, path string, shape graph.Shape, init graph.Initializer) (v graph.Value) {
	name, rest, deeper := strings.Cut(path, "/")
	if !deeper {
		return s.Param(name, shape, init)
	}
	s.Within(name, func() { v = declare(s, rest, shape, init) })
	return v
}

// attentionWeights are the paths that a layer may have weights at, in order.
func attentionWeights(l layers.Layer) []string {
	if _, ok := l.(layers.MultiHeadAttention); !ok {
		return []string{"scale", "concat_score_weight"}
	}
	var out []string
	for _, name := range []string{"query", "key", "value", "attention_output"} {
		out = append(out, name+"/kernel", name+"/bias")
	}
	return out
}
