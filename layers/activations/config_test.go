package activations_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

func TestResolve(t *testing.T) {
	for _, c := range []struct{ given, fallback, want activations.Activation }{
		{nil, activations.Tanh, activations.Tanh},
		{activations.Name(""), activations.Tanh, activations.Tanh},
		{nil, activations.ELU{}, activations.ELU{Alpha: 1}},
		{activations.ReLU, activations.Tanh, activations.ReLU},
		{&activations.LeakyReLU{}, nil, activations.LeakyReLU{NegativeSlope: 0.2}},
		{activations.LeakyReLU{NegativeSlope: 3}, nil, activations.LeakyReLU{NegativeSlope: 3}},
		{activations.GELU{Approximate: true}, nil, activations.GELU{Approximate: true}},
		{activations.Threshold{DefaultValue: -2}, nil, activations.Threshold{DefaultValue: -2}},
		{activations.LogSoftmax{Axis: 2}, nil, activations.LogSoftmax{Axis: 2}},
		{squaredReLU{}, nil, squaredReLU{}},
	} {
		got, err := activations.Resolve(c.given, c.fallback)
		if err != nil || cmp.Diff(c.want, got) != "" {
			t.Errorf("Resolve(%#v, %v) = %#v, %v, want %#v", c.given, c.fallback, got, err, c.want)
		}
	}
}

// bad are configs that break a rule, with the field they break it in.
func bad() map[string][]activations.Activation {
	out := map[string][]activations.Activation{
		"activation": {activations.Name("rellu"), activations.Name("ReLU"), activations.Name("elu")},
	}
	for _, x := range []float64{-1, math.Inf(1), math.Inf(-1), math.NaN()} {
		out["LeakyReLU.NegativeSlope"] = append(out["LeakyReLU.NegativeSlope"], activations.LeakyReLU{NegativeSlope: x})
		out["ELU.Alpha"] = append(out["ELU.Alpha"], activations.ELU{Alpha: x})
		out["CELU.Alpha"] = append(out["CELU.Alpha"], activations.CELU{Alpha: x})
		out["Squareplus.B"] = append(out["Squareplus.B"], activations.Squareplus{B: x})
		out["HardShrink.Threshold"] = append(out["HardShrink.Threshold"], activations.HardShrink{Threshold: x})
		out["SoftShrink.Threshold"] = append(out["SoftShrink.Threshold"], activations.SoftShrink{Threshold: x})
		if x != -1 {
			out["Threshold.Threshold"] = append(out["Threshold.Threshold"], activations.Threshold{Threshold: x})
			out["Threshold.DefaultValue"] = append(out["Threshold.DefaultValue"], activations.Threshold{DefaultValue: x})
		}
	}
	return out
}

func TestBadConfigs(t *testing.T) {
	for field, configs := range bad() {
		for _, a := range configs {
			_, err := activations.Resolve(a, nil)
			want(t, a, err, "", field)
			_, err = shapeOf(t, a, graph.Shape{2, 3})
			want(t, a, err, "dense", field)
		}
	}
	_, err := activations.Resolve(nil, nil)
	want(t, nil, err, "", "activation")
	_, err = shapeOf(t, activations.Name(""), graph.Shape{2, 3})
	want(t, activations.Name(""), err, "dense", "activation")

	_, err = activations.Resolve(activations.Name("rellu"), nil)
	for _, part := range []string{"linear, relu, ", "exponential", `"rellu"`} {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func want(t *testing.T, a activations.Activation, err error, path, field string) {
	t.Helper()
	var e graph.Error
	if !errors.As(err, &e) || e.Path != path || e.Field != field || !errors.Is(err, graph.ErrInput) {
		t.Errorf("%#v: got error %v, want one of %s at %q", a, err, field, path)
	}
}

// shapeOf follows shapes only, in a layer called dense.
func shapeOf(t testing.TB, a activations.Activation, in graph.Shape) (out graph.Shape, err error) {
	t.Helper()
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		s.Within("dense", func() { out = a.Apply(s.Input("x", in)).Shape() })
	})
	return out, err
}

func TestBadAxes(t *testing.T) {
	for _, a := range []activations.Activation{
		activations.Softmax{Axis: 2}, activations.Softmax{Axis: -2}, activations.Softmax{Axis: -3}, activations.LogSoftmax{Axis: 2},
		activations.Sparsemax{Axis: math.MinInt}, activations.GLU{Axis: 2}, activations.GLU{}, activations.GLU{Axis: -1},
	} {
		_, err := shapeOf(t, a, graph.Shape{2, 3})
		if !errors.Is(err, graph.ErrInput) || !strings.HasPrefix(fmt.Sprint(err), "dense: ") {
			t.Errorf("%#v: got error %v", a, err)
		}
	}
}

// Every activation keeps the shape, open axes too; GLU halves the last axis.
func TestShapes(t *testing.T) {
	all := []activations.Activation{}
	for _, a := range activations.All() {
		all = append(all, a.(activations.Activation))
	}
	rapid.Check(t, func(r *rapid.T) {
		a := rapid.SampledFrom(all).Draw(r, "activation")
		shape := graph.Shape(rapid.SliceOfN(rapid.IntRange(1, 4), 1, 4).Draw(r, "shape"))
		_, halved := a.(activations.GLU)
		if halved {
			shape[len(shape)-1] *= 2
		}
		for i := range shape {
			if rapid.IntRange(0, 4).Draw(r, "open") == 0 {
				shape[i] = graph.Any
			}
		}
		want := shape.Clone()
		if last := len(shape) - 1; halved && shape[last] != graph.Any {
			want[last] /= 2
		}
		got, err := shapeOf(t, a, shape)
		if err != nil || !got.Equal(want) {
			r.Fatalf("%v of %v has the shape %v, %v; want %v", a, shape, got, err, want)
		}
	})
}

func TestGLUShapes(t *testing.T) {
	for _, c := range []struct {
		axis     int
		in, want graph.Shape
	}{
		{0, graph.Shape{graph.Any, 6}, graph.Shape{graph.Any, 3}},
		{0, graph.Shape{2, graph.Any}, graph.Shape{2, graph.Any}},
		{1, graph.Shape{2, 4, 3}, graph.Shape{2, 2, 3}},
		{-2, graph.Shape{5, 4, 3}, graph.Shape{5, 2, 3}},
	} {
		got, err := shapeOf(t, activations.GLU{Axis: c.axis}, c.in)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("GLU along %d of %v has the shape %v, %v; want %v", c.axis, c.in, got, err, c.want)
		}
	}
}
