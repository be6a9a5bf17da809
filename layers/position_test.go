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
	Value:    layers.PositionEmbedding{SequenceLength: 8},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Defaults: layers.PositionEmbedding{SequenceLength: 8, Initializer: initializers.GlorotUniform},
	Accepts:  "-+----",
	Compared: "TestPositionEmbeddingValues",
	Steps: []conformance.Step{
		{Layer: layers.PositionEmbedding{SequenceLength: 4}},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(conformance.Rest(d, layers.PositionEmbedding{SequenceLength: 8}), x.Shape, x.Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.SinePositionEncoding{},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Defaults: layers.SinePositionEncoding{MaxWavelength: 10000},
	Accepts:  "-+----",
	Compared: "TestSinePositionEncodingValues",
	Steps: []conformance.Step{
		{Layer: layers.SinePositionEncoding{}},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(layers.SinePositionEncoding{MaxWavelength: 100}, x.Shape, x.Tensor)
	},
})

func TestPositions(t *testing.T) {
	for _, l := range []layers.Layer{
		layers.SinePositionEncoding{}, layers.SinePositionEncoding{MaxWavelength: 50, Name: "where"},
		layers.PositionEmbedding{SequenceLength: 4}, layers.PositionEmbedding{SequenceLength: 7, Initializer: initializers.HeNormal},
	} {
		layertest.Check(t, layertest.Case{
			Layer: l, Inputs: []graphtest.Array{graphtest.Input(1, 2, 4, 5)}, Outputs: []graph.Shape{{graph.Any, 4, 5}},
		})
	}
}

// The formulas of the paper, one number at a time, for odd and even features.
func TestSinePositionEncodingValues(t *testing.T) {
	for _, d := range []int{1, 4, 5} {
		for _, wavelength := range []float64{0, 20} {
			const steps = 300
			var want []float64
			for range 2 {
				for t := range steps {
					for i := range d {
						f := math.Sin
						if i%2 == 1 {
							f = math.Cos
						}
						longest := wavelength
						if longest == 0 {
							longest = 10000
						}
						want = append(want, f(float64(t)/math.Pow(longest, 2*math.Floor(float64(i)/2)/float64(d))))
					}
				}
			}
			out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
				x := s.Const(math.Inf(1), graph.Shape{2, steps, d})
				s.Output("y", layers.Apply(s, "sine", layers.SinePositionEncoding{MaxWavelength: wavelength}, x)[0])
			})
			graphtest.CheckOutput(t, "sine", out["y"], want, 1e-12)
		}
	}
}

// Shorter sequences take the first vectors, and only those get gradients.
func TestPositionEmbeddingValues(t *testing.T) {
	table := []float64{1, 2, 3, 4, 5, 6}
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Const(9, graph.Shape{2, 2, 2}).WithMask(s.Const(1, graph.Shape{2, 2}))
		y := layers.Apply(s, "position", layers.PositionEmbedding{SequenceLength: 3, Initializer: given(table)}, x)[0]
		if _, ok := y.Mask(); !ok {
			t.Error("the output must have the mask of the input")
		}
		s.Output("y", y)
		s.Output("gradient", s.Gradients(y.Square().Sum(), s.Bound()[0].Value)[0])
	})
	if want := []float64{1, 2, 3, 4, 1, 2, 3, 4}; !slices.Equal(out["y"], want) {
		t.Errorf("got %v, want %v", out["y"], want)
	}
	if want := []float64{4, 8, 12, 16, 0, 0}; !slices.Equal(out["gradient"], want) {
		t.Errorf("got the gradient %v, want %v", out["gradient"], want)
	}
}

func TestPositionWeights(t *testing.T) {
	cfg := config(t)
	follow(t, cfg, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{graph.Any, graph.Any, 3})
		for _, l := range []layers.Layer{layers.PositionEmbedding{SequenceLength: 5}, layers.SinePositionEncoding{}} {
			if y := layers.Apply(s, "p", l, x)[0]; !y.Shape().Equal(x.Shape()) {
				t.Errorf("got the shape %v, want %v", y.Shape(), x.Shape())
			}
		}
	})
	checkWeights(t, cfg.Params, []weight{{"p/embeddings", graph.Shape{5, 3}}})
}

func TestPositionsRefuse(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 2}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.SinePositionEncoding{MaxWavelength: bad}, "SinePositionEncoding.MaxWavelength", in)
	}
	layertest.Invalid(t, layers.PositionEmbedding{}, "PositionEmbedding.SequenceLength", in)
	layertest.Invalid(t, layers.PositionEmbedding{SequenceLength: -2}, "PositionEmbedding.SequenceLength", in)
	layertest.Invalid(t, layers.PositionEmbedding{SequenceLength: 2}, "PositionEmbedding", in)
	layertest.Invalid(t, layers.PositionEmbedding{SequenceLength: 5, Initializer: initializers.Name("glorot")}, "PositionEmbedding.Initializer", in)
	for _, bad := range [][]graph.Shape{nil, {{graph.Any, 2}}, {{graph.Any, 3, graph.Any}}, {in, in}} {
		layertest.Invalid(t, layers.SinePositionEncoding{}, "SinePositionEncoding", bad...)
		layertest.Invalid(t, layers.PositionEmbedding{SequenceLength: 5}, "PositionEmbedding", bad...)
	}
}
