package layertest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// shapes runs the shape pass only, and calls use with the outputs.
func shapes(l layers.Layer, inputs []graph.Shape, use func(out []graph.Value)) error {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		return err
	}
	return graph.Shapes(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, shape := range inputs {
			in[i] = s.Input(fmt.Sprint("x", i), shape)
		}
		out := layers.Apply(s, "layer", l, in...)
		if use != nil {
			use(out)
		}
	})
}

// newParams is an empty set with seed 1.
func newParams(t testing.TB, dtype tensor.Dtype) *graph.Params {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	return params
}

// run computes the outputs of a layer with the given parameters.
func run(t testing.TB, l layers.Layer, cfg graph.Config, inputs []graphtest.Array) []graphtest.Array {
	t.Helper()
	n := 0
	cfg.Seed = 1
	prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		out := layers.Apply(s, "layer", l, constants(s, inputs)...)
		for i, y := range out {
			s.Output(outputName(i), y)
		}
		n = len(out)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	out := make([]graphtest.Array, n)
	for i := range out {
		y := output(t, prog, outputName(i))
		out[i] = graphtest.Array{Shape: slices.Clone([]int(y.Shape())), Data: float64s(y)}
	}
	return out
}

// compute runs a new layer that is not in training, in float64.
func compute(t testing.TB, l layers.Layer, inputs []graphtest.Array) []graphtest.Array {
	t.Helper()
	return run(t, l, graph.Config{Params: newParams(t, tensor.Float64)}, inputs)
}

func outputName(i int) string { return fmt.Sprint("y", i) }

func output(t testing.TB, p *graph.Program, name string) *tensor.Dense {
	t.Helper()
	out, err := p.Output(name)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func constants(s *graph.Scope, inputs []graphtest.Array) []graph.Value {
	in := make([]graph.Value, len(inputs))
	for i, a := range inputs {
		in[i] = s.Values(a.Data, a.Shape)
	}
	return in
}

func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return slices.Clone(t.Float64s())
	}
	var out []float64
	for _, x := range t.Float32s() {
		out = append(out, float64(x))
	}
	return out
}
