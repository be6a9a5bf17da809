package graph_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// What is stored takes the place of initial values, whatever its strides; what
// nobody asked for is told, and what is not there or does not fit is an error
// before it has a value.
func TestRestoreParams(t *testing.T) {
	turned := dense(tensor.Float64, counting(3, 2))
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	params, err := graph.RestoreParams(tensor.Float64, 1, map[string]graph.Shape{
		"w": {2, 3}, "scalar": {}, "z": {2, 3}, "left": {2, 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := graph.Config{Params: params}
	declare := func(name string, shape graph.Shape) error {
		return graph.Shapes(cfg, func(s *graph.Scope) { s.Param(name, shape, constant(0)) })
	}
	wantError(t, "missing", declare("v", graph.Shape{2}), "v: weight must be stored")
	wantError(t, "shape", declare("z", graph.Shape{3, 2}), "z: weight must have the shape [3, 2], got [2, 3]")
	wantError(t, "shape", declare("left", graph.Shape{}), "left: weight must have the shape [1], got [2, 3]")
	build := func(s *graph.Scope) {
		s.Output("w", s.Param("w", graph.Shape{2, 3}, constant(0)))
		s.Output("scalar", s.Param("scalar", graph.Shape{}, nil))
	}
	if err := graph.Shapes(cfg, func(s *graph.Scope) {
		s.Param("w", graph.Shape{2, 3}, constant(0))
		s.Param("scalar", graph.Shape{}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	_, err = graph.NewProgram(cfg, build)
	wantError(t, "early", err, "w must be restored before a graph is built")
	if got := params.Unused(); !slices.Equal(got, []string{"left", "z"}) {
		t.Errorf("unused: %v", got)
	}
	scalar := tensor.New(tensor.FromScalar(7.0))
	for want, w := range map[string]*tensor.Dense{
		"w: tensor must not be nil":                 nil,
		"w: dtype must be float64, got float32":     dense(tensor.Float32, counting(2, 3)),
		"w: shape must be [2, 3], got [3, 2]":       dense(tensor.Float64, counting(3, 2)),
		"w: element [1 0] must be finite, got +Inf": dense(tensor.Float64, array{Shape: []int{2, 3}, Data: []float64{0, 0, 0, math.Inf(1), 0, 0}}),
	} {
		wantError(t, "stored", params.Restored(map[string]*tensor.Dense{"w": w, "scalar": scalar}), want)
	}
	if err := params.Restored(map[string]*tensor.Dense{"w": turned, "scalar": scalar}); err != nil {
		t.Fatal(err)
	}
	p := program(t, cfg, build)
	run(t, p, nil)
	if w, x := output(t, p, "w"), output(t, p, "scalar"); !slices.Equal(w, []float64{0, 2, 4, 1, 3, 5}) || x[0] != 7 {
		t.Errorf("got %v and %v", w, x)
	}
	if err := declare("later", graph.Shape{2}); err != nil {
		t.Error(err)
	}
	again := map[string]*tensor.Dense{"w": turned, "scalar": scalar, "later": dense(tensor.Float64, counting(2))}
	wantError(t, "again", params.Restored(again), "parameters must come from RestoreParams, and be restored once")
}

// An error leaves all parameters without values, and none can be set before.
func TestRestoreAllOrNone(t *testing.T) {
	params, err := graph.RestoreParams(tensor.Float64, 1, map[string]graph.Shape{"a": {2}, "b": {2}})
	if err != nil {
		t.Fatal(err)
	}
	if err := graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		s.Param("a", graph.Shape{2}, nil)
		s.Param("b", graph.Shape{2}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	a := map[string]*tensor.Dense{"a": dense(tensor.Float64, counting(2))}
	wantError(t, "half", params.Restored(a), "b: tensor must not be nil")
	for _, p := range params.All() {
		if p.Value() != nil {
			t.Errorf("%s has a value", p.Path)
		}
	}
	wantError(t, "early", params.Set(a), "a: weight must be restored before it is set")
}

// View sees the parameters, and gives back the error of what it runs.
func TestParamsView(t *testing.T) {
	cfg := config(t, tensor.Float64)
	err := cfg.Params.View(func() error { return graph.ErrInput })
	if err != graph.ErrInput {
		t.Errorf("got %v", err)
	}
}
