package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:    layers.Activation{Function: activations.Tanh},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++",
	Compared: "TestActivationValues",
	Steps: []conformance.Step{
		{Layer: layers.Activation{Function: activations.Softmax{}}},
		{Layer: layers.Activation{Function: activations.Softmax{Axis: 1}}, Refused: true},
		{Layer: layers.Activation{Function: activations.GLU{Axis: -2}}, Refused: true},
		{Layer: layers.Activation{Function: private{}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Either()
		d.Use(layers.Activation{Function: activations.Softplus}, x.Shape, x.Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.ReLU{},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++",
	Compared: "TestReLUValues",
	Steps:    []conformance.Step{{Layer: layers.ReLU{NegativeSlope: 0.5}}},
	Draw: func(d *conformance.Drawing) {
		x := d.Either()
		l := layers.ReLU{MaxValue: conformance.OneOf(d, "max", nil, new(0.5)), NegativeSlope: conformance.OneOf(d, "slope", 0, 0.1), Threshold: conformance.OneOf(d, "threshold", 0, 0.1)}
		d.Use(l, x.Shape, x.Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.PReLU{},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Defaults: layers.PReLU{AlphaInitializer: initializers.Zeros},
	Accepts:  "++++--",
	Compared: "TestPReLUValues",
	Steps: []conformance.Step{
		{Layer: layers.PReLU{AlphaInitializer: initializers.Constant{Value: 0.25}, SharedAxes: []int{1}}},
		{Layer: layers.PReLU{SharedAxes: []int{2}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Either()
		d.Use(conformance.Rest(d, layers.PReLU{SharedAxes: []int{1}}), x.Shape, x.Tensor)
	},
})

func TestActivation(t *testing.T) {
	for _, a := range activations.All() {
		want := graph.Shape{graph.Any, 3, 4}
		if a == any(activations.GLU{}) {
			want = graph.Shape{graph.Any, 3, 2}
		}
		layertest.Check(t, layertest.Case{
			Layer:   layers.Activation{Function: a.(activations.Activation), Name: "gate"},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 4)},
			Outputs: []graph.Shape{want},
		})
	}
}

// The layer computes what its function does.
func TestActivationValues(t *testing.T) {
	x := graphtest.Input(1, 2, 3, 4)
	for _, a := range activations.All() {
		f := a.(activations.Activation)
		out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			in := s.Values(x.Data, x.Shape)
			s.Output("y", layers.Apply(s, "activation", layers.Activation{Function: f}, in)[0])
			f, err := activations.Resolve(f, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Output("want", f.Apply(in))
		})
		graphtest.CheckOutput(t, fmt.Sprint(a), out["y"], out["want"], 0)
	}
}

func TestActivationRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3}
	for field, f := range map[string]activations.Activation{
		"Activation.Function":       nil,
		"Activation.Function.Alpha": activations.ELU{Alpha: math.NaN()},
	} {
		layertest.Invalid(t, layers.Activation{Function: f}, field, in)
	}
	for _, name := range []activations.Name{"", "rellu", "ReLU", "relu "} {
		layertest.Invalid(t, layers.Activation{Function: name}, "Activation.Function", in)
	}
	layertest.Invalid(t, layers.Activation{Function: activations.ReLU}, "Activation", in, in)
	layertest.Invalid(t, layers.Activation{Function: activations.ReLU}, "Activation", graph.Shape{})
	for _, a := range []activations.Activation{activations.Softmax{}, activations.LogSoftmax{}, activations.Sparsemax{}, activations.GLU{}} {
		layertest.Invalid(t, layers.Activation{Function: a}, "Activation", graph.Shape{graph.Any}) // the samples would be combined
	}
}

// The numbers are those of Keras 3: of its documentation, and of its formula
// x·(x > threshold), clipped to [0, max_value], less slope·max(threshold − x, 0).
func TestReLUValues(t *testing.T) {
	x := []float64{-10, -5, -0.5, 0, 0.5, 4.9, 5, 5.1, 10, math.Inf(-1), math.Inf(1)}
	for _, c := range []struct {
		layer layers.ReLU
		want  []float64 // of the elements of x, where they are not those of the formula
	}{
		{layers.ReLU{}, nil}, {layers.ReLU{MaxValue: new(5.0)}, nil}, {layers.ReLU{MaxValue: new(0.0)}, nil},
		{layers.ReLU{Threshold: 5}, nil}, {layers.ReLU{Threshold: 5, MaxValue: new(3.0), NegativeSlope: 0.1}, nil},
		{layers.ReLU{NegativeSlope: 0.5}, nil}, {layers.ReLU{NegativeSlope: 2, Threshold: 0.5}, nil},
		{layers.ReLU{MaxValue: new(10.0), NegativeSlope: 0.5}, []float64{-5, -2.5, -0.25, 0, 0.5, 4.9, 5, 5.1, 10, math.Inf(-1), 10}},
	} {
		want := c.want
		for i := 0; c.want == nil && i < len(x); i++ {
			y := 0.0
			if x[i] > c.layer.Threshold {
				y = x[i]
			}
			if c.layer.MaxValue != nil {
				y = min(max(y, 0), *c.layer.MaxValue)
			}
			if c.layer.NegativeSlope != 0 {
				y -= c.layer.NegativeSlope * max(c.layer.Threshold-x[i], 0)
			}
			want = append(want, y)
		}
		out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			s.Output("y", layers.Apply(s, "relu", c.layer, s.Values(x, graph.Shape{1, len(x)}))[0])
		})
		if !slices.Equal(out["y"], want) {
			t.Errorf("%+v: got %v, want %v", c.layer, out["y"], want)
		}
	}
	nan := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		s.Output("y", layers.Apply(s, "relu", layers.ReLU{}, s.Values([]float64{math.NaN()}, graph.Shape{1, 1}))[0])
	})
	if !math.IsNaN(nan["y"][0]) {
		t.Errorf("NaN gives %v", nan["y"])
	}
}

func TestReLUAndPReLU(t *testing.T) {
	x := graphtest.Input(1, 2, 3, 4)
	for _, l := range []layers.Layer{
		layers.ReLU{}, layers.ReLU{MaxValue: new(0.4), NegativeSlope: 0.3, Threshold: 0.2, Name: "r"},
		layers.PReLU{AlphaInitializer: initializers.Constant{Value: 0.25}}, layers.PReLU{SharedAxes: []int{2, 1}, Name: "p"},
		layers.PReLU{SharedAxes: []int{1}, AlphaInitializer: initializers.RandomNormal{Stddev: 1}},
	} {
		layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x}, Outputs: []graph.Shape{{graph.Any, 3, 4}}})
	}
}

// Each element of a sample has a separate slope, except along the shared axes.
func TestPReLUValues(t *testing.T) {
	x := graphtest.Input(1, 2, 3, 4)
	for _, c := range []struct {
		shared []int
		shape  graph.Shape
		slope  func(i, j int) int // its place in alpha
	}{
		{nil, graph.Shape{3, 4}, func(i, j int) int { return i*4 + j }},
		{[]int{1}, graph.Shape{1, 4}, func(_, j int) int { return j }},
		{[]int{2}, graph.Shape{3, 1}, func(i, _ int) int { return i }},
		{[]int{2, 1}, graph.Shape{1, 1}, func(_, _ int) int { return 0 }},
	} {
		alpha := graphtest.Uniform(3, c.shape.Size(), 1)
		cfg := config(t)
		l := layers.PReLU{SharedAxes: c.shared, AlphaInitializer: given(alpha)}
		out := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
			s.Output("y", layers.Apply(s, "prelu", l, s.Values(x.Data, x.Shape))[0])
		})
		checkWeights(t, cfg.Params, []weight{{"prelu/alpha", c.shape}})
		for k, v := range x.Data {
			want := v
			if v < 0 {
				want = v * alpha[c.slope(k/4%3, k%4)]
			}
			if out["y"][k] != want {
				t.Errorf("shared %v: element %d is %v, want %v", c.shared, k, out["y"][k], want)
			}
		}
	}
}

func TestReLUAndPReLURefuse(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 4}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.ReLU{MaxValue: &bad}, "ReLU.MaxValue", in)
		layertest.Invalid(t, layers.ReLU{NegativeSlope: bad}, "ReLU.NegativeSlope", in)
		layertest.Invalid(t, layers.ReLU{Threshold: bad}, "ReLU.Threshold", in)
	}
	for _, axes := range [][]int{{0}, {-1}, {1, 1}, {3}, {33}} {
		layertest.Invalid(t, layers.PReLU{SharedAxes: axes}, "PReLU.SharedAxes", in)
	}
	layertest.Invalid(t, layers.PReLU{SharedAxes: []int{2}}, "PReLU", graph.Shape{graph.Any, graph.Any, 4})
	layertest.Invalid(t, layers.PReLU{}, "PReLU", in, in)
}
