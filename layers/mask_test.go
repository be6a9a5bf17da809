package layers_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

var _ = specimen(conformance.Layer{
	Value:     layers.Masking{},
	Inputs:    []graph.Shape{{4, 6}},
	Outputs:   []graph.Shape{{4, 6}},
	Valid:     map[string]any{"MaskValue": -1.0},
	Accepts:   "-+---+",
	MakesMask: true,
	Compared:  "TestMaskingSteps",
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

// A layer whose output has no mask although its input has one adds a remark,
// unless it computes with the mask; a Reshape or Permute that keeps the steps keeps
// the mask.
func TestEndOfAMaskIsNoted(t *testing.T) {
	x := graph.Shape{2, 6, 4}
	own := func(f func(in []graph.Value) graph.Value) layers.Layer {
		return layers.Lambda{Function: layers.NewFunction("own", func(_ *graph.Scope, in ...graph.Value) []graph.Value { return []graph.Value{f(in)} })}
	}
	words := layers.TimeDistributed{Layer: layers.Embedding{InputDim: 2, OutputDim: 3, MaskZero: true}}
	for name, c := range map[string]struct {
		layer  layers.Layer
		masked []bool // of the inputs
		keeps  bool
		note   string
	}{
		"dense":                {layers.Dense{Units: 2}, []bool{true}, true, ""},
		"softmax of features":  {layers.Dense{Units: 2, Activation: activations.Softmax{}}, []bool{true}, true, ""},
		"softmax of steps":     {layers.Activation{Function: activations.Softmax{Axis: 1}}, []bool{true}, true, maskIgnored},
		"softmax of all steps": {layers.Activation{Function: activations.Softmax{Axis: 1}}, []bool{false}, false, ""},
		"dense along steps":    {layers.Dense{Units: 2, Activation: activations.Softmax{Axis: -2}}, []bool{true}, true, maskIgnored},
		"without a mask":       {layers.Conv1D{Filters: 2, KernelSize: 1}, []bool{false}, false, ""},
		"conv1d":               {layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Same}, []bool{true}, false, maskEnds},
		"causal":               {layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Causal}, []bool{true}, false, maskEnds},
		"max pooling":          {layers.MaxPooling1D{Strides: 1, Padding: layers.Same}, []bool{true}, false, maskEnds},
		"average pooling":      {layers.AveragePooling1D{}, []bool{true}, false, maskEnds},
		"global max":           {layers.GlobalMaxPooling1D{}, []bool{true}, false, maskEnds},
		"flatten":              {layers.Flatten{}, []bool{true}, false, maskEnds},
		"lambda":               {own(func(in []graph.Value) graph.Value { return in[0].Scale(2).WithoutMask() }), []bool{true}, false, maskEnds},
		"mask of another":      {own(func(in []graph.Value) graph.Value { m, _ := in[1].Mask(); return in[0].WithMask(m) }), []bool{false, true}, true, ""},
		"own layer":            {deaf{}, []bool{true}, false, maskEnds},
		"add one without":      {layers.Add{}, []bool{true, false}, false, maskEnds},
		"add":                  {layers.Add{}, []bool{true, true}, true, ""},
		"last of lstm":         {layers.LSTM{Units: 2}, []bool{true}, false, ""},
		"last of both":         {layers.Bidirectional{Layer: layers.GRU{Units: 2}}, []bool{true}, false, ""},
		"attention to masked":  {layers.Attention{}, []bool{false, true}, false, ""},
		"global average":       {layers.GlobalAveragePooling1D{}, []bool{true}, false, ""},
		"reshape to itself":    {layers.Reshape{TargetShape: graph.Shape{6, 4}}, []bool{true}, true, ""},
		"reshape of features":  {layers.Reshape{TargetShape: graph.Shape{graph.Any, 2, 2}}, []bool{true}, true, ""},
		"reshape of steps":     {layers.Reshape{TargetShape: graph.Shape{3, 8}}, []bool{true}, false, maskEnds},
		"reshape to a vector":  {layers.Reshape{TargetShape: graph.Shape{24}}, []bool{true}, false, maskEnds},
		"permute to itself":    {layers.Permute{Dims: []int{1, 2}}, []bool{true}, true, ""},
		"permute":              {layers.Permute{Dims: []int{2, 1}}, []bool{true}, false, maskEnds},
		"time distributed":     {layers.TimeDistributed{Layer: layers.Dense{Units: 2}}, []bool{true}, true, ""},
		"mask of inner steps":  {words, []bool{false}, false, "ends the mask that its layer makes"},
		"masks of both levels": {words, []bool{true}, true, "ends the mask that its layer makes"},
	} {
		var notes []graph.Note
		keeps := false
		follow(t, config(t), func(s *graph.Scope) {
			var in []graph.Value
			for i, masked := range c.masked {
				v := s.Input(fmt.Sprint(i), x)
				if masked {
					v = v.WithMask(s.Input(fmt.Sprint("mask ", i), x[:2]))
				}
				in = append(in, v)
			}
			s.Within("layer", func() {
				resolved, err := layers.Resolve(c.layer)
				if err != nil {
					t.Fatal(err)
				}
				var mask graph.Value
				mask, keeps = layers.Call(s, resolved, in...)[0].Mask()
				if keeps && !mask.Shape().Equal(x[:2]) {
					t.Errorf("%s: the mask has the shape %v", name, mask.Shape())
				}
			})
			notes = s.Notes()
		})
		notes = slices.DeleteFunc(notes, func(n graph.Note) bool { return strings.HasPrefix(n.Text, "runs as") })
		var want []graph.Note
		if c.note != "" {
			want = []graph.Note{{Path: "layer", Text: c.note}}
		}
		if keeps != c.keeps || !slices.Equal(notes, want) {
			t.Errorf("%s: the output has a mask: %v, want %v; remarks %v, want %v", name, keeps, c.keeps, notes, want)
		}
	}
}

const (
	maskEnds    = "ends the mask: what follows counts masked steps as data"
	maskIgnored = "combines steps in its activation and counts masked steps as data"
)

// deaf is a layer that does not know of masks.
type deaf struct{}

func (deaf) Call(_ *graph.Scope, in ...graph.Value) []graph.Value {
	return []graph.Value{in[0].WithoutMask().Scale(2)}
}
