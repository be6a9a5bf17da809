package layers_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
)

var _ = specimen(conformance.Layer{
	Value:   layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3},
	Inputs:  []graph.Shape{{4, 6}, {4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Defaults: layers.MultiHeadAttention{
		NumHeads: 2, KeyDim: 3, ValueDim: 3, KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros,
	},
	Activity: 3 * (4 * 2 * 3) * 7, // q, k and v, [4, 2, 3] each, of 6 features and a bias
	Accepts:  "-+---- -+----",
	Compared: "TestAttentionGolden",
	Steps: []conformance.Step{
		{Layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, ValueDim: 2, UseCausalMask: true}},
		{Layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 2}, {2, 4, 3}}},
		{Layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, AttentionMask: true}, Inputs: []graph.Shape{{2, 4, 3}, {2, 5, 2}, {2, 4, 5}}},
		{Layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, AttentionMask: true, UseCausalMask: true}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 4}}, Refused: true},
		{Layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3}, Refused: true},
		{Layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true, ReturnAttentionScores: true}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x, y := d.Series(), d.Series()
		l := conformance.Rest(d, layers.MultiHeadAttention{NumHeads: d.Units(), KeyDim: d.Units(), ValueDim: d.Number("value", 0, 2), AttentionMask: d.Yes("mask")})
		in := conformance.Tensors(x, y)
		if l.AttentionMask {
			scores := d.Call(layers.Dot{Axes: [2]int{2, 2}}, d.Call(layers.Dense{Units: 2}, x.Tensor), d.Call(layers.Dense{Units: 2}, y.Tensor))
			in = append(in, d.Call(layers.Activation{Function: activations.ReLU}, scores)) // [batch, query steps, value steps]
		}
		if !d.Yes("shape") {
			d.Use(l, x.Shape, in...)
			return
		}
		l.OutputShape = graph.Shape{2, d.Units()}
		d.Use(layers.TimeDistributed{Layer: layers.Flatten{}}, x.Shape.With(1, l.OutputShape.Size()), d.Call(l, in...))
	},
})

func TestMultiHeadAttention(t *testing.T) {
	query, value, key := graphtest.Input(1, 2, 3, 4), graphtest.Input(2, 2, 5, 2), graphtest.Input(3, 2, 5, 3)
	pairs := graphtest.Array{Shape: []int{2, 3, 5}, Data: []float64{1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1, 1}}
	for _, c := range []struct {
		layer  layers.MultiHeadAttention
		inputs []graphtest.Array
		want   []graph.Shape
	}{
		{layers.MultiHeadAttention{NumHeads: 1, KeyDim: 1}, []graphtest.Array{query}, []graph.Shape{{graph.Any, 3, 4}}},
		{layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true}, []graphtest.Array{query}, []graph.Shape{{graph.Any, 3, 4}}},
		{layers.MultiHeadAttention{NumHeads: 3, KeyDim: 2, ValueDim: 4, NoBias: true}, []graphtest.Array{query, value}, []graph.Shape{{graph.Any, 3, 4}}},
		{layers.MultiHeadAttention{
			NumHeads: 2, KeyDim: 2, OutputShape: graph.Shape{2, 1, 3}, ReturnAttentionScores: true, Dropout: 0.5, Seed: new(uint64(4)),
			KernelInitializer: initializers.HeNormal, BiasInitializer: initializers.RandomNormal{},
		}, []graphtest.Array{query, value, key}, []graph.Shape{{graph.Any, 3, 2, 1, 3}, {graph.Any, 2, 3, 5}}},
		{layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, AttentionMask: true, ReturnAttentionScores: true, Name: "a"},
			[]graphtest.Array{query, value, key, pairs}, []graph.Shape{{graph.Any, 3, 4}, {graph.Any, 2, 3, 5}}},
		{layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, AttentionMask: true, UseCausalMask: true},
			[]graphtest.Array{query, value, pairs}, []graph.Shape{{graph.Any, 3, 4}}},
		{layers.MultiHeadAttention{
			NumHeads: 2, KeyDim: 2, KernelRegularizer: regularizers.L2{}, BiasRegularizer: regularizers.L1{},
			ActivityRegularizer: regularizers.L2{}, KernelConstraint: constraints.MaxNorm{}, BiasConstraint: constraints.NonNeg{},
		}, []graphtest.Array{query}, []graph.Shape{{graph.Any, 3, 4}}},
	} {
		layertest.Check(t, layertest.Case{Layer: c.layer, Inputs: c.inputs, Outputs: c.want})
	}
}

func TestMultiHeadAttentionWeights(t *testing.T) {
	cfg := config(t)
	follow(t, cfg, func(s *graph.Scope) {
		query, value, key := s.Input("q", graph.Shape{graph.Any, graph.Any, 4}), s.Input("v", graph.Shape{graph.Any, graph.Any, 5}), s.Input("k", graph.Shape{graph.Any, graph.Any, 6})
		out := layers.Apply(s, "mha", layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, ValueDim: 7, ReturnAttentionScores: true}, query, value, key)
		if want := (graph.Shape{graph.Any, graph.Any, 4}); !out[0].Shape().Equal(want) {
			t.Errorf("got the shape %v, want %v", out[0].Shape(), want)
		}
		if want := (graph.Shape{graph.Any, 2, graph.Any, graph.Any}); !out[1].Shape().Equal(want) {
			t.Errorf("got weights of the shape %v, want %v", out[1].Shape(), want)
		}
	})
	checkWeights(t, cfg.Params, []weight{
		{"mha/query/kernel", graph.Shape{4, 2, 3}}, {"mha/query/bias", graph.Shape{2, 3}},
		{"mha/key/kernel", graph.Shape{6, 2, 3}}, {"mha/key/bias", graph.Shape{2, 3}},
		{"mha/value/kernel", graph.Shape{5, 2, 7}}, {"mha/value/bias", graph.Shape{2, 7}},
		{"mha/attention_output/kernel", graph.Shape{2, 7, 4}}, {"mha/attention_output/bias", graph.Shape{4}},
	})
}

func TestMultiHeadAttentionRefuses(t *testing.T) {
	good := layers.MultiHeadAttention{NumHeads: 1, KeyDim: 2}
	in := graph.Shape{graph.Any, 3, 2}
	for field, change := range map[string]func(l *layers.MultiHeadAttention){
		"NumHeads":                  func(l *layers.MultiHeadAttention) { l.NumHeads = 0 },
		"KeyDim":                    func(l *layers.MultiHeadAttention) { l.KeyDim = -1 },
		"ValueDim":                  func(l *layers.MultiHeadAttention) { l.ValueDim = -1 },
		"Dropout":                   func(l *layers.MultiHeadAttention) { l.Dropout = math.NaN() },
		"OutputShape":               func(l *layers.MultiHeadAttention) { l.OutputShape = graph.Shape{2, graph.Any} },
		"KernelInitializer":         func(l *layers.MultiHeadAttention) { l.KernelInitializer = initializers.Name("glorot") },
		"BiasInitializer.Value":     func(l *layers.MultiHeadAttention) { l.BiasInitializer = initializers.Constant{Value: math.Inf(1)} },
		"KernelRegularizer.L2":      func(l *layers.MultiHeadAttention) { l.KernelRegularizer = regularizers.L2{L2: -1} },
		"BiasRegularizer.L1":        func(l *layers.MultiHeadAttention) { l.BiasRegularizer = regularizers.L1{L1: math.NaN()} },
		"ActivityRegularizer.L2":    func(l *layers.MultiHeadAttention) { l.ActivityRegularizer = regularizers.L2{L2: -1} },
		"KernelConstraint.MaxValue": func(l *layers.MultiHeadAttention) { l.KernelConstraint = constraints.MaxNorm{MaxValue: -1} },
		"BiasConstraint.MaxValue":   func(l *layers.MultiHeadAttention) { l.BiasConstraint = constraints.MaxNorm{MaxValue: -1} },
	} {
		l := good
		change(&l)
		layertest.Invalid(t, l, "MultiHeadAttention."+field, in)
	}
	l := good
	l.OutputShape = graph.Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}
	layertest.Invalid(t, l, "MultiHeadAttention.OutputShape", in)
	for _, bad := range badAttention {
		layertest.Invalid(t, good, "MultiHeadAttention", bad...)
	}
	l = good
	l.AttentionMask = true
	layertest.Invalid(t, l, "MultiHeadAttention", in)
	layertest.Invalid(t, l, "MultiHeadAttention.AttentionMask", in, graph.Shape{graph.Any, 3, 2})
	layertest.Invalid(t, l, "MultiHeadAttention.AttentionMask", in, graph.Shape{graph.Any, 3})
}

// With the identity as its values and matrices, the output of a head are the
// weights after dropout; those that are returned are the ones before.
func TestMultiHeadAttentionDropout(t *testing.T) {
	const n = 30
	identity := make([]float64, n*n)
	for i := range n {
		identity[i*n+i] = 1
	}
	cfg := training(t)
	out := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
		l := layers.MultiHeadAttention{
			NumHeads: 1, KeyDim: n, NoBias: true, Dropout: 0.25, ReturnAttentionScores: true, KernelInitializer: given(identity),
		}
		for i, v := range layers.Apply(s, "mha", l, s.Values(identity, graph.Shape{1, n, n})) {
			s.Output([]string{"y", "w"}[i], v)
		}
	})
	dropped := 0
	for i, y := range out["y"] {
		if y == 0 {
			dropped++
		} else if w := out["w"][i]; math.Abs(y-w/0.75) > 1e-15 {
			t.Fatalf("weight %d is %v after dropout, %v before", i, y, w)
		}
	}
	if dropped < 180 || dropped > 270 {
		t.Errorf("%d of %d weights were dropped", dropped, n*n)
	}
}

// An axis of size 1 of an AttentionMask broadcasts, with the weights returned or not.
func TestAttentionMaskSpreads(t *testing.T) {
	const batch, queries, values = 2, 3, 4
	for _, shape := range []graph.Shape{{batch, 1, values}, {1, queries, values}, {batch, queries, 1}, {1, 1, values}} {
		for _, scores := range []bool{false, true} {
			l := layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, AttentionMask: true, ReturnAttentionScores: scores}
			out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
				query := s.Values(graphtest.Uniform(1, batch*queries*3, 1), graph.Shape{batch, queries, 3})
				value := s.Values(graphtest.Uniform(2, batch*values*2, 1), graph.Shape{batch, values, 2})
				mask := s.Values([]float64{1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1}[:shape.Size()], shape)
				whole := mask.BroadcastTo(batch, queries, values)
				for name, m := range map[string]graph.Value{"got": mask, "want": whole} {
					for i, y := range layers.Apply(s, "mha", l, query, value, m) {
						s.Output(fmt.Sprint(name, i), y)
					}
				}
				s.Output("all0", layers.Apply(s, "mha", l, query, value, s.Const(1, whole.Shape()))[0])
			})
			graphtest.CheckOutput(t, fmt.Sprint(shape), out["got0"], out["want0"], 0)
			if scores {
				graphtest.CheckOutput(t, fmt.Sprint(shape, " scores"), out["got1"], out["want1"], 0)
			}
			if fmt.Sprint(out["got0"]) == fmt.Sprint(out["all0"]) {
				t.Errorf("%v: the mask must make a difference", shape)
			}
		}
	}
	l := layers.MultiHeadAttention{NumHeads: 1, KeyDim: 2, AttentionMask: true}
	checkShape(t, l, graph.Shape{graph.Any, graph.Any, 3}, graph.Shape{graph.Any, graph.Any, 3}, graph.Shape{graph.Any, 1, graph.Any})
	layertest.Invalid(t, l, "MultiHeadAttention.AttentionMask", graph.Shape{graph.Any, 3, 2}, graph.Shape{graph.Any, 2, 3})
}
