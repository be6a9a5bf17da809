package graph_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/kernels"
)

func TestConvolveGradients(t *testing.T) {
	for i, c := range []struct {
		w      graph.Window
		groups int
		f      graph.Function
	}{
		{graph.Window{Size: 1, Stride: 1, Dilation: 1}, 1, graph.Function{}},
		{graph.Window{Size: 3, Stride: 1, Dilation: 1, Before: 1, After: 1}, 1, kernels.Tanh.With()},
		{graph.Window{Size: 2, Stride: 1, Dilation: 2, Before: 4}, 2, kernels.GELU.With()},
		{graph.Window{Size: 3, Stride: 2, Dilation: 1, Before: 2, After: 3}, 4, kernels.Scale.With(3)},
		{graph.Window{Size: 2, Stride: 2, Dilation: 3, Before: 3}, 1, kernels.Sigmoid.With()},
	} {
		x, kernel, bias := graphtest.Input(i+1, 2, 5, 4), graphtest.Input(i+2, c.w.Size, 4/c.groups, 8), graphtest.Input(i+3, 8)
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Convolve(in[1], &in[2], c.w, c.groups, c.f).Square()
		}, x, kernel, bias)
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Convolve(in[1], nil, c.w, c.groups, c.f).Square()
		}, x, kernel)
	}
}

func TestConvolveThatDoesNotFit(t *testing.T) {
	good := graph.Window{Size: 2, Stride: 1, Dilation: 1}
	for _, c := range []struct {
		x, kernel, bias graph.Shape
		w               graph.Window
		groups          int
		f               graph.Function
		field, value    string
	}{
		{graph.Shape{2, 3}, graph.Shape{2, 4, 6}, graph.Shape{6}, good, 1, graph.Function{}, "convolution", "[2, 3]"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 4, 6}, graph.Shape{6}, graph.Window{}, 1, graph.Function{}, "convolution", fmt.Sprintf("%+v", graph.Window{})},
		{graph.Shape{2, 1, 4}, graph.Shape{2, 4, 6}, graph.Shape{6}, good, 1, graph.Function{}, "convolution", "[2, 1, 4]"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 4, 6}, graph.Shape{6}, good, 0, graph.Function{}, "convolution groups", "0"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 4, 6}, graph.Shape{6}, good, 3, graph.Function{}, "convolution groups", "3"},
		{graph.Shape{2, 3, graph.Any}, graph.Shape{2, 4, 6}, graph.Shape{6}, good, 1, graph.Function{}, "convolution groups", "1"},
		{graph.Shape{2, 3, 4}, graph.Shape{3, 4, 6}, graph.Shape{6}, good, 1, graph.Function{}, "convolution kernel", "[3, 4, 6]"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 4, 6}, graph.Shape{6}, good, 2, graph.Function{}, "convolution kernel", "[2, 4, 6]"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 1, 6}, graph.Shape{6}, good, 4, graph.Function{}, "convolution kernel", "[2, 1, 6]"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 6}, graph.Shape{6}, good, 1, graph.Function{}, "convolution kernel", "[2, 6]"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 4, graph.Any}, graph.Shape{6}, good, 1, graph.Function{}, "convolution kernel", "[2, 4, any]"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 4, 6}, graph.Shape{6}, good, 1, graph.Function{Kind: -1}, "function", "-1"},
		{graph.Shape{2, 3, 4}, graph.Shape{2, 4, 6}, graph.Shape{5}, good, 1, graph.Function{}, "convolution bias", "[5]"},
	} {
		err := graph.Shapes(config(t, dtypes[0]), func(s *graph.Scope) {
			bias := s.Input("bias", c.bias)
			s.Input("x", c.x).Convolve(s.Input("kernel", c.kernel), &bias, c.w, c.groups, c.f)
		})
		checkError(t, fmt.Sprintf("%+v", c), err, graph.Error{Field: c.field, Value: c.value})
	}
}
