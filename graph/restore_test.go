package graph_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// Stored values take the place of initial ones, whatever their strides; what
// nobody asked for is told, and what is not there is an error.
func TestRestoreParams(t *testing.T) {
	turned := dense(tensor.Float64, counting(3, 2))
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	params, err := graph.RestoreParams(tensor.Float64, 1, map[string]*tensor.Dense{
		"w": turned, "scalar": tensor.New(tensor.FromScalar(7.0)), "z": turned, "left": turned,
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := graph.Config{Params: params}
	p := program(t, cfg, func(s *graph.Scope) {
		s.Output("w", s.Param("w", graph.Shape{2, 3}, constant(0)))
		s.Output("scalar", s.Param("scalar", graph.Shape{}, nil))
	})
	run(t, p, nil)
	if w, x := output(t, p, "w"), output(t, p, "scalar"); !slices.Equal(w, []float64{0, 2, 4, 1, 3, 5}) || x[0] != 7 {
		t.Errorf("got %v and %v", w, x)
	}
	if got := params.Unused(); !slices.Equal(got, []string{"left", "z"}) {
		t.Errorf("unused: %v", got)
	}
	turned.Float64s()[0] = 9
	if got := read(params.Get("w").Value())[0]; got != 0 {
		t.Errorf("the parameter shares the memory of the stored tensor: %v", got)
	}
	declare := func(name string, shape graph.Shape) error {
		return graph.Shapes(cfg, func(s *graph.Scope) { s.Param(name, shape, constant(0)) })
	}
	wantError(t, "missing", declare("v", graph.Shape{2}), "v: weight must be stored")
	wantError(t, "shape", declare("z", graph.Shape{3, 2}), "z: weight must have the shape [3, 2], got [2, 3]")
	wantError(t, "shape", declare("left", graph.Shape{}), "left: weight must have the shape [1], got [2, 3]")

	for want, d := range map[string]*tensor.Dense{
		"w: weight must not be nil":          nil,
		"dtype must be float64, got float32": dense(tensor.Float32, counting(2)),
		"element [0] must be finite":         dense(tensor.Float64, array{Shape: []int{1}, Data: []float64{math.Inf(1)}}),
	} {
		_, err := graph.RestoreParams(tensor.Float64, 1, map[string]*tensor.Dense{"w": d})
		wantError(t, "stored", err, want)
	}
}

// View sees the parameters, and gives back the error of what it runs.
func TestParamsView(t *testing.T) {
	cfg := config(t, tensor.Float64)
	err := cfg.Params.View(func() error { return graph.ErrInput })
	if err != graph.ErrInput {
		t.Errorf("got %v", err)
	}
}
