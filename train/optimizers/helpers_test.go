package optimizers_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// fatal is a test, of testing or of rapid.
type fatal interface {
	Helper()
	Fatal(args ...any)
}

// given is an initializer with the elements that it gives.
type given []float64

func (g given) Init(*rand.Rand, graph.Shape) ([]float64, error) { return g, nil }

// declare makes trainable parameters of the given paths, sorted, and elements.
func declare(t fatal, dtype tensor.Dtype, starts map[string]graphtest.Array) *graph.Params {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		for _, path := range slices.Sorted(maps.Keys(starts)) {
			s.Param(path, starts[path].Shape, given(starts[path].Data))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return params
}

func begin(t fatal, o optimizers.Optimizer, params *graph.Params) *optimizers.State {
	t.Helper()
	s, err := optimizers.Start(o, params.All(), optimizers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func step(t fatal, s *optimizers.State, params *graph.Params, grads ...*tensor.Dense) {
	t.Helper()
	if err := params.Update(func() error { return s.Step(grads) }); err != nil {
		t.Fatal(err)
	}
}

func dense(dtype tensor.Dtype, shape []int, data ...float64) *tensor.Dense {
	d := tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
	for i, x := range data {
		if dtype == tensor.Float32 {
			d.Float32s()[i] = float32(x)
		} else {
			d.Float64s()[i] = x
		}
	}
	return d
}

func numbers(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return slices.Clone(d.Float64s())
	}
	out := make([]float64, len(d.Float32s()))
	for i, x := range d.Float32s() {
		out[i] = float64(x)
	}
	return out
}

// snapshot is all that a step can change, by name.
func snapshot(s *optimizers.State, params *graph.Params) map[string][]float64 {
	out := map[string][]float64{}
	for name, t := range s.Tensors() {
		out[name] = numbers(t)
	}
	for _, p := range params.All() {
		out[p.Path] = numbers(p.Value())
	}
	return out
}

func bothDtypes(t *testing.T, f func(t *testing.T, dtype tensor.Dtype, tol float64)) {
	t.Run("float32", func(t *testing.T) { f(t, tensor.Float32, graphtest.Tol32) })
	t.Run("float64", func(t *testing.T) { f(t, tensor.Float64, graphtest.Tol64) })
}
