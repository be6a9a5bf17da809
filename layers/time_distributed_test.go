package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:    layers.TimeDistributed{Layer: layers.Dense{Units: 2}},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 2}},
	Defaults: layers.TimeDistributed{Layer: layers.Dense{Units: 2, Activation: activations.Linear, KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros}},
	Accepts:  "-+++--",
	Compared: "TestTimeDistributedEqualsSteps",
	Steps: []conformance.Step{
		{Layer: layers.TimeDistributed{Layer: layers.LSTM{Units: 2}}, Inputs: []graph.Shape{{2, 3, 4, 2}}},
	},
	Draw: func(d *conformance.Drawing) {
		x, n := d.Series(), d.Units()
		switch d.Number("inside", 0, 2) {
		case 0:
			d.Use(layers.TimeDistributed{Layer: conformance.Rest(d, layers.Dense{Units: n})}, x.Shape.With(1, n), x.Tensor)
		case 1:
			d.Use(layers.TimeDistributed{Layer: layers.BatchNormalization{}}, x.Shape, x.Tensor)
		default: // a sequence at every step
			deep := d.Call(layers.TimeDistributed{Layer: layers.RepeatVector{N: 2}}, x.Tensor) // [batch, steps, 2, features]
			d.Use(layers.TimeDistributed{Layer: conformance.Rest(d, layers.GRU{Units: n})}, x.Shape.With(1, n), deep)
		}
	},
})

func TestTimeDistributed(t *testing.T) {
	for name, c := range map[string]struct {
		inner layers.Layer
		in    []int
		want  []graph.Shape
	}{
		"dense":   {layers.Dense{Units: 2, Activation: activations.Tanh}, []int{2, 3, 4}, []graph.Shape{{graph.Any, 3, 2}}},
		"dropout": {layers.Dropout{Rate: 0.5}, []int{2, 3, 4}, []graph.Shape{{graph.Any, 3, 4}}},
		"flatten": {layers.Flatten{}, []int{2, 3, 2, 2}, []graph.Shape{{graph.Any, 3, 4}}},
		"one":     {layers.Dense{Units: 1}, []int{2, 1, 1}, []graph.Shape{{graph.Any, 1, 1}}},
		"lstm": {layers.LSTM{Units: 2, Dropout: 0.5, ReturnSequences: true, ReturnState: true}, []int{2, 3, 4, 1},
			[]graph.Shape{{graph.Any, 3, 4, 2}, {graph.Any, 3, 2}, {graph.Any, 3, 2}}},
		"batch normalization": {layers.BatchNormalization{}, []int{2, 3, 4}, []graph.Shape{{graph.Any, 3, 4}}},
		"nested":              {layers.TimeDistributed{Layer: layers.Dense{Units: 2}}, []int{2, 3, 2, 2}, []graph.Shape{{graph.Any, 3, 2, 2}}},
		"named":               {layers.LayerNormalization{Name: "norm"}, []int{2, 3, 4}, []graph.Shape{{graph.Any, 3, 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			layertest.Check(t, layertest.Case{
				Layer: layers.TimeDistributed{Layer: c.inner, Name: "steps"}, Inputs: []graphtest.Array{graphtest.Input(1, c.in...)}, Outputs: c.want,
			})
		})
	}
}

// A Dense works on the last axis by itself, so it is the same with and without:
// in values and gradients, to the bit.
func TestTimeDistributedDense(t *testing.T) {
	dense := layers.Dense{Units: 3, Activation: activations.Tanh, KernelInitializer: given(graphtest.Uniform(1, 12, 1)), BiasInitializer: given{1, 2, 3}}
	run := func(l layers.Layer) map[string][]float64 {
		return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Values(graphtest.Uniform(2, 2*5*4, 1), graph.Shape{2, 5, 4})
			y := layers.Apply(s, "layer", l, x)[0]
			s.Output("y", y)
			wrt := []graph.Value{x, s.Bound()[0].Value, s.Bound()[1].Value}
			for i, g := range s.Gradients(y.Times(s.Values(graphtest.Uniform(3, 30, 1), y.Shape())).Sum(), wrt...) {
				s.Output(fmt.Sprint("gradient ", i), g)
			}
		})
	}
	got, want := run(layers.TimeDistributed{Layer: dense}), run(dense)
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s is %v, without TimeDistributed %v", name, got[name], want[name])
		}
	}
}

// Each step gives what the layer gives for that step alone, in values and
// gradients; those of the weights add up.
func TestTimeDistributedEqualsSteps(t *testing.T) {
	const steps = 3
	l := layers.LSTM{Units: 2}
	run := func(at func(x graph.Value, s *graph.Scope) graph.Value) map[string][]float64 {
		return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Values(graphtest.Uniform(2, 2*steps*4*2, 1), graph.Shape{2, steps, 4, 2})
			y := at(x, s) // [2, steps, 2]
			s.Output("y", y)
			wrt := []graph.Value{x}
			for _, b := range s.Bound() {
				wrt = append(wrt, b.Value)
			}
			for i, g := range s.Gradients(y.Times(s.Values(graphtest.Uniform(3, 2*steps*2, 1), y.Shape())).Sum(), wrt...) {
				s.Output(fmt.Sprint("gradient ", i), g)
			}
		})
	}
	got := run(func(x graph.Value, s *graph.Scope) graph.Value {
		return layers.Apply(s, "steps", layers.TimeDistributed{Layer: l}, x)[0]
	})
	want := run(func(x graph.Value, s *graph.Scope) graph.Value {
		var ys []graph.Value
		s.Within("steps", func() {
			for step := range steps {
				ys = append(ys, layers.Apply(s, "lstm", l, x.At(1, step))[0])
			}
		})
		return graph.Stack(1, ys[0], ys[1:]...)
	})
	if len(want) != 5 {
		t.Fatalf("got %d values, want y and the gradients of x and three weights", len(want))
	}
	for name := range want {
		graphtest.CheckOutput(t, name, got[name], want[name], 1e-12)
	}
}

// In training, dropout inside draws a mask for every step.
func TestTimeDistributedDropout(t *testing.T) {
	y := evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
		inner := chain{layers.Dropout{Rate: 0.5}, layers.Flatten{}}
		s.Output("y", layers.Apply(s, "steps", layers.TimeDistributed{Layer: inner}, s.Const(1, graph.Shape{1, 2, 10, 10}))[0])
	})["y"]
	first, second := y[:100], y[100:]
	if slices.Equal(first, second) || !slices.Contains(first, 0) || !slices.Contains(first, 2) {
		t.Errorf("the masks are %v and %v", first, second)
	}
}

// Every output has the mask of the input, and a BatchNormalization inside leaves
// padding out as one outside does.
func TestTimeDistributedMask(t *testing.T) {
	norm := layers.BatchNormalization{}
	out := evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
		mask := s.Values([]float64{1, 0, 1, 1, 1, 0}, graph.Shape{2, 3})
		x := s.Values(graphtest.Uniform(1, 2*3*4, 1), graph.Shape{2, 3, 4}).WithMask(mask)
		s.Output("with", layers.Apply(s, "steps", layers.TimeDistributed{Layer: norm}, x)[0])
		s.Output("without", layers.Apply(s, "norm", norm, x)[0])
		deep := s.Const(1, graph.Shape{2, 3, 4, 1}).WithMask(mask)
		for i, y := range layers.Apply(s, "deep", layers.TimeDistributed{Layer: layers.LSTM{Units: 1, ReturnState: true}}, deep) {
			m, ok := y.Mask()
			if !ok {
				t.Errorf("output %d lost the mask", i)
				return
			}
			s.Output(fmt.Sprint("mask ", i), m)
		}
	})
	graphtest.CheckOutput(t, "normalized", out["with"], out["without"], 1e-12)
	for i := range 3 {
		graphtest.CheckOutput(t, "mask", out[fmt.Sprint("mask ", i)], []float64{1, 0, 1, 1, 1, 0}, 0)
	}
}

// residual adds a layer to its input, and puts both side by side.
type residual struct{}

func (residual) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	y := layers.Apply(s, "dense", layers.Dense{Units: inputs[0].Dim(-1)}, inputs...)[0]
	z := layers.Apply(s, "multiply", layers.Multiply{}, layers.Apply(s, "add", layers.Maximum{}, inputs[0], y)[0], y)[0]
	return layers.Apply(s, "norm", layers.BatchNormalization{}, layers.Apply(s, "concatenate", layers.Concatenate{Axis: 1}, y, z)...)
}

// Layers of layers take the mask along to where it counts.
func TestTimeDistributedMaskInside(t *testing.T) {
	run := func(x, mask []float64) []float64 {
		return evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
			v := s.Values(x, graph.Shape{1, len(mask), 2}).WithMask(s.Values(mask, graph.Shape{1, len(mask)}))
			s.Output("y", layers.Apply(s, "steps", layers.TimeDistributed{Layer: residual{}}, v)[0])
		})["y"]
	}
	x := graphtest.Uniform(1, 3*2, 1)
	want := run(x, []float64{1, 1, 1})
	got := run(append(slices.Clone(x), 50, -70), []float64{1, 1, 1, 0})
	graphtest.CheckOutput(t, "with padding", got[:len(want)], want, 1e-12)
}

func TestTimeDistributedWeights(t *testing.T) {
	for _, c := range []struct {
		inner layers.Layer
		want  []weight
	}{
		{layers.Dense{Units: 2}, []weight{{"time_distributed/dense/kernel", graph.Shape{3, 2}}, {"time_distributed/dense/bias", graph.Shape{2}}}},
		{layers.Dense{Units: 2, NoBias: true, Name: "out"}, []weight{{"time_distributed/out/kernel", graph.Shape{3, 2}}}},
	} {
		cfg := config(t)
		follow(t, cfg, func(s *graph.Scope) {
			y := layers.Apply(s, "time_distributed", layers.TimeDistributed{Layer: c.inner}, s.Input("x", graph.Shape{graph.Any, graph.Any, 3}))[0]
			if want := (graph.Shape{graph.Any, graph.Any, 2}); !y.Shape().Equal(want) {
				t.Errorf("got the shape %v, want %v", y.Shape(), want)
			}
		})
		checkWeights(t, cfg.Params, c.want)
	}
}

// headless gives up the batch.
type headless struct{}

func (headless) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Sum()}
}

func TestTimeDistributedRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, graph.Any, 3}
	for field, l := range map[string]layers.Layer{
		"TimeDistributed.Layer":            nil,
		"TimeDistributed.Layer.Units":      layers.Dense{Units: -1},
		"TimeDistributed.Layer.Rate":       layers.Dropout{Rate: math.NaN()},
		"TimeDistributed.Layer.Layer.Rate": layers.TimeDistributed{Layer: layers.Dropout{Rate: 2}},
		"TimeDistributed.Layer.Name":       layers.Flatten{Name: "a/b"},
		"LSTM":                             layers.LSTM{Units: 2},
	} {
		layertest.Invalid(t, layers.TimeDistributed{Layer: l}, field, in)
	}
	for _, pointer := range []layers.Layer{&layers.Dense{Units: 1}, (*layers.Dense)(nil)} {
		layertest.Invalid(t, layers.TimeDistributed{Layer: pointer}, "TimeDistributed.Layer", in)
	}
	layertest.Invalid(t, layers.TimeDistributed{Layer: headless{}}, "TimeDistributed.Layer", graph.Shape{2, 3, 4})
	good := layers.TimeDistributed{Layer: layers.Dense{Units: 2}}
	for _, bad := range [][]graph.Shape{nil, {in, in}, {{2, 3}}} {
		layertest.Invalid(t, good, "TimeDistributed", bad...)
	}
	err := graph.Shapes(config(t), func(s *graph.Scope) {
		layers.Apply(s, "steps", good, s.Input("x", graph.Shape{graph.Any, 4, 3}).WithMask(s.Input("mask", graph.Shape{graph.Any, 5})))
	})
	errtest.Check(t, err, errs.Error{Path: "steps", Field: "TimeDistributed mask", Value: "[any, 5]"})
}
