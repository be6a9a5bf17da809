package layers_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
)

var _ = specimen(conformance.Layer{
	Value:    layers.Embedding{InputDim: 7, OutputDim: 2},
	Inputs:   []graph.Shape{{6}},
	Indices:  true,
	Outputs:  []graph.Shape{{6, 2}},
	Defaults: layers.Embedding{InputDim: 7, OutputDim: 2, EmbeddingsInitializer: initializers.RandomUniform{Min: -0.05, Max: 0.05}},
	Accepts:  "++++++",
	Compared: "TestEmbeddingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Embedding{InputDim: 5, OutputDim: 2}, Inputs: []graph.Shape{{2, 4}}},
	},
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Pooled(conformance.Rest(d, layers.Embedding{InputDim: 5, OutputDim: n, MaskZero: d.Yes("mask")}), n, d.Words)
	},
})

func TestEmbedding(t *testing.T) {
	for name, c := range map[string]struct {
		layer layers.Embedding
		in    graphtest.Array
		want  graph.Shape
	}{
		"defaults":    {layers.Embedding{InputDim: 4, OutputDim: 2}, graphtest.Array{Shape: []int{2, 3}, Data: []float64{0, 1, 3, 3, 0, 3}}, graph.Shape{graph.Any, 3, 2}},
		"masked":      {layers.Embedding{InputDim: 4, OutputDim: 2, MaskZero: true}, graphtest.Array{Shape: []int{2, 3}, Data: []float64{0, 1, 3, 3, 0, 3}}, graph.Shape{graph.Any, 3, 2}},
		"one of each": {layers.Embedding{InputDim: 1, OutputDim: 1}, graphtest.Array{Shape: []int{2}, Data: []float64{0, 0}}, graph.Shape{graph.Any, 1}},
		"deep":        {layers.Embedding{InputDim: 3, OutputDim: 2}, graphtest.Array{Shape: []int{2, 1, 2}, Data: []float64{2, 1, 1, 0}}, graph.Shape{graph.Any, 1, 2, 2}},
		"other fields": {layers.Embedding{InputDim: 3, OutputDim: 2, EmbeddingsInitializer: initializers.RandomNormal{},
			EmbeddingsRegularizer: regularizers.L2{}, EmbeddingsConstraint: constraints.NonNeg{}, Name: "words"},
			graphtest.Array{Shape: []int{2, 2}, Data: []float64{2, 1, 1, 0}}, graph.Shape{graph.Any, 2, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			layertest.Check(t, layertest.Case{
				Layer: c.layer, Inputs: []graphtest.Array{c.in}, Whole: []int{0}, Outputs: []graph.Shape{c.want},
			})
		})
	}
}

// The golden file holds what PyTorch computes; testdata/embedding.py made it.
func TestEmbeddingAgainstPyTorch(t *testing.T) {
	want := graphtest.Golden(t, "testdata/embedding.npz")
	seed, x := uint64(want["seed"].Data[0]), want["x"]
	for _, dtype := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		cfg, tol := config(t), graphtest.Tol64
		if dtype == tensor.Float32 {
			tol = graphtest.Tol32
		}
		var err error
		if cfg.Params, err = graph.NewParams(dtype, 1); err != nil {
			t.Fatal(err)
		}
		got := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
			l := layers.Embedding{InputDim: 7, OutputDim: 3, EmbeddingsInitializer: given(graphtest.Uniform(seed, 21, 1))}
			y := layers.Apply(s, "embedding", l, s.Values(x.Data, x.Shape))[0]
			r := s.Values(graphtest.Uniform(seed+1, 30, 1), graph.Shape{2, 5, 3})
			s.Output("y", y)
			s.Output("gradient", s.Gradients(y.Square().Times(r).Sum(), s.Bound()[0].Value)[0])
		})
		graphtest.CheckOutput(t, fmt.Sprint(dtype, " output"), got["y"], want["output"].Data, tol)
		graphtest.CheckGradient(t, fmt.Sprint(dtype, " gradient"), got["gradient"], want["grad_embeddings"].Data, tol)
	}
}

// The mask leaves out number 0, and what a mask before it left out.
func TestEmbeddingMask(t *testing.T) {
	run := func(l layers.Embedding, before bool) []float64 {
		l.InputDim, l.OutputDim = 3, 2
		return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Values([]float64{0, 1, 2, 0, 1, 1}, graph.Shape{2, 3})
			if before {
				x = x.WithMask(s.Values([]float64{1, 1, 0, 1, 1, 0}, graph.Shape{2, 3}))
			}
			m, ok := layers.Apply(s, "embedding", l, x)[0].Mask()
			if !ok {
				m = s.Const(-1, graph.Shape{})
			}
			s.Output("mask", m)
		})["mask"]
	}
	graphtest.CheckOutput(t, "no mask", run(layers.Embedding{}, false), []float64{-1}, 0)
	graphtest.CheckOutput(t, "mask", run(layers.Embedding{MaskZero: true}, false), []float64{0, 1, 1, 0, 1, 1}, 0)
	graphtest.CheckOutput(t, "mask before", run(layers.Embedding{}, true), []float64{1, 1, 0, 1, 1, 0}, 0)
	graphtest.CheckOutput(t, "both", run(layers.Embedding{MaskZero: true}, true), []float64{0, 1, 0, 0, 1, 0}, 0)
}

// A number without a row is an error of the run with the layer's path, with
// and without training, and the program can be run again.
func TestEmbeddingRefusesOtherNumbers(t *testing.T) {
	for _, training := range []bool{false, true} {
		cfg := config(t)
		cfg.Training = training
		prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
			y := layers.Apply(s, "embedding", layers.Embedding{InputDim: 3, OutputDim: 1, MaskZero: true}, s.Input("x", graph.Shape{2, 2}))[0]
			s.Output("y", y)
			if training {
				s.Output("gradient", s.Gradients(y.Sum(), s.Bound()[0].Value)[0])
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer prog.Close()
		run := func(x float64) error {
			if err := prog.SetInput("x", tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{0, 1, x, 2}))); err != nil {
				t.Fatal(err)
			}
			return prog.Run(graph.Tick{})
		}
		for _, bad := range []float64{3, -1, 0.5, 1.0000001, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, math.MaxInt64} {
			err := run(bad)
			errtest.Check(t, err, errs.Error{Field: "index 2"})
			if err := run(2); err != nil {
				t.Fatalf("after %g: %v", bad, err)
			}
		}
	}
}

func TestEmbeddingWeights(t *testing.T) {
	cfg := config(t)
	follow(t, cfg, func(s *graph.Scope) {
		layers.Apply(s, "embedding", layers.Embedding{InputDim: 50, OutputDim: 4}, s.Input("x", graph.Shape{graph.Any, graph.Any}))
	})
	checkWeights(t, cfg.Params, []weight{{"embedding/embeddings", graph.Shape{50, 4}}})
	limit := 0.0
	for _, w := range cfg.Params.Get("embedding/embeddings").Value().Float64s() {
		limit = max(limit, math.Abs(w))
	}
	if limit > 0.05 || limit < 0.04 {
		t.Errorf("the weights reach ±%g, want ±0.05", limit)
	}
}

func TestEmbeddingRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, graph.Any}
	good := layers.Embedding{InputDim: 3, OutputDim: 2}
	for field, change := range map[string]func(l *layers.Embedding){
		"Embedding.InputDim":                    func(l *layers.Embedding) { l.InputDim = 0 },
		"Embedding.OutputDim":                   func(l *layers.Embedding) { l.OutputDim = -1 },
		"Embedding.EmbeddingsInitializer":       func(l *layers.Embedding) { l.EmbeddingsInitializer = initializers.Name("glorot") },
		"Embedding.EmbeddingsInitializer.Value": func(l *layers.Embedding) { l.EmbeddingsInitializer = initializers.Constant{Value: math.NaN()} },
		"Embedding.EmbeddingsRegularizer.L2":    func(l *layers.Embedding) { l.EmbeddingsRegularizer = regularizers.L2{L2: -1} },
	} {
		l := good
		change(&l)
		layertest.Invalid(t, l, field, in)
	}
	for _, bad := range [][]graph.Shape{nil, {in, in}, {{}}} {
		layertest.Invalid(t, good, "Embedding", bad...)
	}
	good.MaskZero = true
	layertest.Invalid(t, good, "Embedding.MaskZero", graph.Shape{graph.Any, 2, 3})
	layertest.Invalid(t, layers.Embedding{InputDim: math.MaxInt, OutputDim: 1}, "Embedding.InputDim", in)
	layertest.Invalid(t, layers.Embedding{InputDim: 1 << 30, OutputDim: 1 << 30}, "shape [1073741824, 1073741824]", in)

	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		layers.Apply(s, "words", layers.Embedding{InputDim: 1<<24 + 1, OutputDim: 1}, s.Input("x", in))
	})
	errtest.Check(t, err, errs.Error{Path: "words", Field: "Embedding.InputDim", Value: 16777217})
}
