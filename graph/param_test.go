package graph_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/params"
	"gorgonia.org/tensor"
)

// uniform is an initializer of random elements.
type uniform struct{}

func (uniform) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = r.Float64()
	}
	return out, nil
}

// initFunc is an initializer that is a function.
type initFunc func(shape graph.Shape) ([]float64, error)

func (f initFunc) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) { return f(shape) }

// declareInDense declares the parameter w of the layer model/dense in both passes.
func declareInDense(t *testing.T, shape graph.Shape, init graph.Initializer) map[string]error {
	return bothPasses(t, func(s *graph.Scope) {
		s.Within("model", func() { s.Within("dense", func() { s.Output("y", s.Param("w", shape, init)) }) })
	})
}

func TestParamErrors(t *testing.T) {
	failed := errors.New("no luck")
	for name, c := range map[string]struct {
		shape graph.Shape
		init  graph.Initializer
		want  graph.Error
	}{
		"none":      {graph.Shape{2}, nil, graph.Error{Field: "w"}},
		"few":       {graph.Shape{2}, initFunc(func(graph.Shape) ([]float64, error) { return []float64{1}, nil }), graph.Error{Field: "w", Value: 1}},
		"NaN":       {graph.Shape{2}, constant(math.NaN()), graph.Error{Field: "element [0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		"too large": {graph.Shape{}, constant(1e300), graph.Error{Field: "element [0]", Value: "+Inf", Kind: graph.ErrNotFinite}},
		"open":      {graph.Shape{graph.Any}, constant(1), graph.Error{Field: "w", Value: "[any]"}},
	} {
		for pass, err := range declareInDense(t, c.shape, c.init) {
			checkError(t, name+" "+pass, err, c.want)
			if !strings.HasPrefix(err.Error(), "model/dense: ") {
				t.Errorf("%s: no path in %q", name, err)
			}
		}
	}
	for pass, err := range declareInDense(t, graph.Shape{2}, initFunc(func(graph.Shape) ([]float64, error) { return nil, failed })) {
		if wantError(t, pass, err, "model/dense: "); !errors.Is(err, failed) {
			t.Errorf("%s: %v does not wrap the initializer's error", pass, err)
		}
	}
	for pass, err := range declareInDense(t, graph.Shape{2}, initFunc(func(graph.Shape) ([]float64, error) { panic("boom") })) {
		wantError(t, pass, err, "model/dense: building panicked: boom")
	}
	cfg := config(t, tensor.Float32)
	declare := func(shape graph.Shape) error {
		return graph.Shapes(cfg, func(s *graph.Scope) { s.Param("w", shape, constant(1)) })
	}
	if err := declare(graph.Shape{2}); err != nil {
		t.Fatal(err)
	}
	checkError(t, "other shape", declare(graph.Shape{3}), graph.Error{Field: "w", Value: "[3]"})
	if _, err := graph.NewParams(tensor.Int, 1); !errors.Is(err, graph.ErrInput) {
		t.Errorf("dtype int: %v", err)
	}
}

// Declared in a shape pass, a parameter is there before any graph is built; it
// depends on seed and path, and on nothing else.
func TestParamValues(t *testing.T) {
	declare := func(dt tensor.Dtype, seed uint64, names ...string) *graph.Params {
		params, err := graph.NewParams(dt, seed)
		if err != nil {
			t.Fatal(err)
		}
		err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
			for _, name := range names {
				s.Param(name, graph.Shape{2, 3}, uniform{})
				s.Param(name, graph.Shape{2, 3}, nil) // the same one again
			}
			s.State("state", graph.Shape{}, constant(7))
		})
		if err != nil {
			t.Fatal(err)
		}
		return params
	}
	p, q := declare(tensor.Float64, 1, "a", "b"), declare(tensor.Float64, 1, "b", "a")
	a := read(p.Get("a").Value())
	if !slices.Equal(a, read(q.Get("a").Value())) {
		t.Error("a parameter depends on the order of declaration")
	}
	if slices.Equal(a, read(p.Get("b").Value())) || slices.Equal(a, read(declare(tensor.Float64, 2, "a").Get("a").Value())) {
		t.Error("a parameter does not depend on its path, or not on the seed")
	}
	single := rounded(tensor.Float32, array{Shape: []int{2, 3}, Data: a}).Data
	if !slices.Equal(single, read(declare(tensor.Dtype{}, 1, "a").Get("a").Value())) {
		t.Error("a float32 parameter is not the float64 one, rounded")
	}
	all := p.All()
	if len(all) != 3 || all[0].Path != "a" || !all[0].Trainable() || all[2].Trainable() || p.Get("c") != nil {
		t.Errorf("parameters %v", all)
	}
}

func TestParamsSet(t *testing.T) {
	cfg := config(t, tensor.Float64)
	p := program(t, cfg, func(s *graph.Scope) {
		s.Output("y", s.Param("w", graph.Shape{2, 3}, constant(0)).Sum().Add(s.Param("b", graph.Shape{}, constant(0))))
	})
	before := cfg.Params.Version()
	set := func(path string, d *tensor.Dense) error {
		return cfg.Params.Set(map[string]*tensor.Dense{path: d})
	}
	turned := dense(tensor.Float64, counting(3, 2))
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	if err := set("w", turned); err != nil {
		t.Fatal(err)
	}
	if got := read(cfg.Params.Get("w").Value()); !slices.Equal(got, []float64{0, 2, 4, 1, 3, 5}) {
		t.Errorf("a transposed tensor became %v", got)
	}
	if err := set("b", cfg.Params.Get("b").Value()); err != nil {
		t.Errorf("a parameter does not take its own value: %v", err)
	}
	if cfg.Params.Version() == before {
		t.Error("the version did not change")
	}
	if run(t, p, nil); output(t, p, "y")[0] != 15 {
		t.Errorf("a program saw %v, want 15", output(t, p, "y"))
	}
	nan := dense(tensor.Float64, counting(2, 3))
	nan.Float64s()[4] = math.NaN()
	for name, c := range map[string]struct {
		path string
		t    *tensor.Dense
		want graph.Error
	}{
		"path":  {"v", nan, graph.Error{Path: "v", Field: "weight"}},
		"nil":   {"w", nil, graph.Error{Path: "w", Field: "tensor"}},
		"dtype": {"w", dense(tensor.Float32, counting(2, 3)), graph.Error{Path: "w", Field: "dtype", Value: "float32"}},
		"shape": {"w", dense(tensor.Float64, counting(3, 2)), graph.Error{Path: "w", Field: "shape", Value: "[3, 2]"}},
		"NaN":   {"w", nan, graph.Error{Path: "w", Field: "element [1, 1]", Value: "NaN", Kind: graph.ErrNotFinite}},
	} {
		checkError(t, name, set(c.path, c.t), c.want)
	}
	if got := read(cfg.Params.Get("w").Value()); !slices.Equal(got, []float64{0, 2, 4, 1, 3, 5}) {
		t.Errorf("a refused tensor changed the parameter to %v", got)
	}
	failed := errors.New("no luck")
	if err := cfg.Params.Update(func() error { return failed }); err != failed {
		t.Errorf("Update returned %v", err)
	}
}

func TestShape(t *testing.T) {
	cases := []struct {
		shape graph.Shape
		size  int
		text  string
	}{
		{nil, 1, "[]"}, {graph.Shape{2, 3}, 6, "[2, 3]"}, {graph.Shape{graph.Any, 3}, graph.Any, "[any, 3]"},
		{graph.Shape{math.MaxInt, 3}, math.MaxInt, fmt.Sprintf("[%d, 3]", math.MaxInt)},
		{graph.Shape{math.MaxInt, 4, graph.Any}, graph.Any, fmt.Sprintf("[%d, 4, any]", math.MaxInt)},
	}
	for _, c := range cases {
		if got := c.shape.Size(); got != c.size {
			t.Errorf("%v has %d elements, want %d", c.shape, got, c.size)
		}
		if got := c.shape.String(); got != c.text {
			t.Errorf("got %q, want %q", got, c.text)
		}
		if c.shape.Known() != (c.size != graph.Any) || !c.shape.Equal(c.shape.Clone()) || !c.shape.Accepts(c.shape) {
			t.Errorf("%v does not know itself", c.shape)
		}
	}
	s := graph.Shape{2, graph.Any, 4}
	for _, c := range []struct {
		shape graph.Shape
		want  bool
	}{
		{graph.Shape{2, 3, 4}, true}, {graph.Shape{graph.Any, graph.Any, 4}, true}, {graph.Shape{2, 3, 5}, false}, {graph.Shape{2, 3}, false},
	} {
		if s.Matches(c.shape) != c.want || c.shape.Matches(s) != c.want {
			t.Errorf("whether %v matches %v must be %v", s, c.shape, c.want)
		}
	}
	if got := s.With(-2, 3); !got.Equal(graph.Shape{2, 3, 4}) || !s.Accepts(got) || got.Accepts(s) || s.Accepts(graph.Shape{2, 3}) {
		t.Errorf("With gives %v from %v", got, s)
	}
}

// A frozen state keeps its value, and the layer can see that it is frozen.
func TestFrozenStates(t *testing.T) {
	params := config(t, tensor.Float64).Params
	build := func(s *graph.Scope) {
		s.Within("norm", func() {
			mean := s.State("mean", graph.Shape{2}, constant(0))
			s.AddUpdate("mean", mean.AddConst(1))
			if s.Frozen("mean") != params.Get("norm/mean").Frozen() || s.Frozen("nothing") {
				t.Error("Scope.Frozen differs from Param.Frozen")
			}
			s.Output("mean", mean)
		})
	}
	for _, frozen := range []bool{false, true, false} {
		if params.Get("norm/mean") != nil {
			if err := params.Freeze(frozen, "norm/mean"); err != nil {
				t.Fatal(err)
			}
		}
		err := graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
			build(s)
			if got := len(s.Updates()); (got == 0) != frozen {
				t.Errorf("frozen %v: %d updates", frozen, got)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A program needs values: parameters that are still to be loaded have none.
func TestProgramOverStoredParams(t *testing.T) {
	p, err := params.Stored(tensor.Float64, 1, map[string]graph.Shape{"w": {2}})
	if err != nil {
		t.Fatal(err)
	}
	build := func(s *graph.Scope) { s.Output("w", s.Param("w", graph.Shape{2}, nil)) }
	_, err = graph.NewProgram(graph.Config{Params: p}, build)
	errtest.Check(t, err, graph.Error{Field: "w"})
	if err := params.Fill(p, map[string]*tensor.Dense{"w": dense(tensor.Float64, counting(2))}); err != nil {
		t.Fatal(err)
	}
	prog := program(t, graph.Config{Params: p}, build)
	run(t, prog, nil)
	if w := output(t, prog, "w"); !slices.Equal(w, []float64{0, 1}) {
		t.Errorf("got %v", w)
	}
}

// What a parameter is used by keeps its value when another set shares it, and
// would draw it again otherwise.
func TestProgramUsesParams(t *testing.T) {
	owner, other := config(t, tensor.Float64).Params, config(t, tensor.Float64).Params
	build := func(start float64) func(s *graph.Scope) {
		return func(s *graph.Scope) { s.Output("w", s.Param("w", graph.Shape{3}, constant(start))) }
	}
	program(t, graph.Config{Params: owner}, func(s *graph.Scope) { s.Within("a", func() { build(1)(s) }) })
	if err := params.Share(other, "b", owner, "a", true); err != nil {
		t.Fatal(err)
	}
	p := program(t, graph.Config{Params: other}, func(s *graph.Scope) { s.Within("b", func() { build(2)(s) }) })
	run(t, p, nil)
	if w := output(t, p, "w"); w[0] != 1 {
		t.Errorf("a value that a program used became %v", w)
	}
}
