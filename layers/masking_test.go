package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

var _ = specimen(conformance.Layer{
	Value:   layers.Masking{},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Valid:   map[string]any{"MaskValue": -1.0},
	Accepts: "-+---+",
	Steps: []conformance.Step{
		{Layer: layers.Masking{}},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(layers.Masking{MaskValue: conformance.OneOf(d, "value", 0, math.Pi)}, x.Shape, x.Tensor)
	},
})

func TestMasking(t *testing.T) {
	padded := graphtest.Array{Shape: []int{2, 3, 2}, Data: []float64{1, 2, 0.5, 0.5, 0, 3, 0.5, 0.5, -1, 0.75, 0.5, -2}}
	for _, l := range []layers.Masking{{}, {MaskValue: -1.5}, {MaskValue: 7, Name: "padding"}} {
		layertest.Check(t, layertest.Case{
			Layer: l, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 3, 4}},
		})
	}
	layertest.Check(t, layertest.Case{ // some steps are padding, so that differences would leave it
		Layer: layers.Masking{MaskValue: 0.5}, Inputs: []graphtest.Array{padded}, Whole: []int{0}, Outputs: []graph.Shape{{graph.Any, 3, 2}},
	})
}

// A step is padding when all its features equal the value, as the dtype has it:
// 0.1 is another number in float32.
func TestMaskingSteps(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, value := range []float64{0, 0.1, -1} {
			params, err := graph.NewParams(dtype, 1)
			if err != nil {
				t.Fatal(err)
			}
			v := value
			got := evaluate(t, graph.Config{Params: params}, graph.Tick{}, func(s *graph.Scope) {
				x := s.Values([]float64{v, v, v, 2, 3, v, v, v, 4, 5, v, v}, graph.Shape{2, 3, 2})
				y := layers.Apply(s, "masking", layers.Masking{MaskValue: v}, x)[0]
				mask, _ := y.Mask()
				s.Output("y", y)
				s.Output("mask", mask)
				s.Output("gradient", s.Gradients(y.Sum(), x)[0])

				before := x.WithMask(s.Values([]float64{1, 0, 1, 1, 1, 1}, graph.Shape{2, 3}))
				mask, _ = layers.Apply(s, "masking", layers.Masking{MaskValue: v}, before)[0].Mask()
				s.Output("both masks", mask)
			})
			graphtest.CheckOutput(t, "y", got["y"], []float64{0, 0, v, 2, 3, v, 0, 0, 4, 5, 0, 0}, 1e-8)
			graphtest.CheckOutput(t, "mask", got["mask"], []float64{0, 1, 1, 0, 1, 0}, 0)
			graphtest.CheckOutput(t, "both masks", got["both masks"], []float64{0, 0, 1, 0, 1, 0}, 0)
			graphtest.CheckOutput(t, "gradient", got["gradient"], []float64{0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0}, 0)
		}
	}
}

func TestMaskingRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, graph.Any, 3}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		layertest.Invalid(t, layers.Masking{MaskValue: v}, "Masking.MaskValue", in)
	}
	for _, bad := range [][]graph.Shape{nil, {in, in}, {{2, 3}}, {{2, 3, 4, 5}}} {
		layertest.Invalid(t, layers.Masking{}, "Masking", bad...)
	}
}
