package graph_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

func TestPickValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lead, n := shapes(0, 3).Draw(t, "lead"), rapid.IntRange(1, 5).Draw(t, "n")
		place := rapid.Map(rapid.IntRange(0, n-1), func(i int) float64 { return float64(i) })
		indices := filled(t, "indices", place, lead)
		checkOp(t, "pick", 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Pick(in[1]) },
			func(in []array) array {
				return tabulate(lead, func(at []int) float64 {
					return pick(in[0], append(slices.Clone(at), int(pick(in[1], at))))
				})
			}, filled(t, "v", wild, append(slices.Clone(lead), n)), indices)
	})
}

func TestPickGradient(t *testing.T) {
	graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
		return in[0].Pick(s.Values([]float64{2, 0, 1, 2}, graph.Shape{2, 2})).Square()
	}, graphtest.Input(1, 2, 2, 3))
}

// A gradient holds nothing of the run before.
func TestPickGradientOfTheNextRun(t *testing.T) {
	cfg := config(t, tensor.Float64)
	cfg.Training = true
	p := program(t, cfg, func(s *graph.Scope) {
		v := s.Input("v", graph.Shape{1, 3})
		s.Output("gradient", s.Gradients(v.Pick(s.Input("i", graph.Shape{1})).Sum(), v)[0])
	})
	for i := range 3 {
		run(t, p, map[string]array{"v": counting(1, 3), "i": {Shape: []int{1}, Data: []float64{float64(i)}}})
		want := []float64{0, 0, 0}
		want[i] = 1
		if got := output(t, p, "gradient"); !slices.Equal(got, want) {
			t.Errorf("picked %d: got %v", i, got)
		}
	}
}

func TestRequireGradient(t *testing.T) {
	graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
		return in[0].Require("x", "must be small", func(x float64) bool { return x < 100 }).Square()
	}, graphtest.Input(1, 2, 3))
}

// What data must hold is checked in every run, and the program goes on after.
func TestErrorsOfDataInARun(t *testing.T) {
	for _, dt := range dtypes {
		for _, c := range []struct {
			bad   float64
			field string
		}{{-1, "index 1"}, {3, "index 1"}, {0.5, "index 1"}, {1e30, "index 1"}, {math.NaN(), "index 1"}, {math.Inf(1), "index 1"}, {7, "x"}} {
			for _, training := range []bool{false, true} {
				cfg := config(t, dt)
				cfg.Training = training
				p := program(t, cfg, func(s *graph.Scope) {
					x := s.Input("x", graph.Shape{2})
					s.Within("layer", func() {
						if c.bad == 7 {
							x = x.Require("x", "must be below 5", func(x float64) bool { return x < 5 })
						}
						s.Output("y", s.Values([]float64{1, 2, 3, 4, 5, 6}, graph.Shape{2, 3}).Pick(x))
					})
				})
				bad := dense(dt, array{Shape: []int{2}, Data: []float64{1, c.bad}})
				if err := p.SetInput("x", bad); err != nil {
					t.Fatal(err)
				}
				checkError(t, dt.String(), p.Run(graph.Tick{}), graph.Error{Path: "layer", Field: c.field, Value: c.bad})
				run(t, p, map[string]array{"x": {Shape: []int{2}, Data: []float64{1, 2}}})
				if got := output(t, p, "y"); !slices.Equal(got, []float64{2, 6}) {
					t.Errorf("after the error: got %v", got)
				}
			}
		}
	}
}

func TestPickRefusesShapes(t *testing.T) {
	for _, c := range []struct {
		v, indices graph.Shape
		value      string
	}{
		{graph.Shape{}, graph.Shape{}, "[]"},
		{graph.Shape{2, 3}, graph.Shape{3}, "[3]"},
		{graph.Shape{2, 3}, graph.Shape{2, 1}, "[2, 1]"},
		{graph.Shape{graph.Any, 4, 3}, graph.Shape{2, 5}, "[2, 5]"},
	} {
		err := graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) {
			s.Input("v", c.v).Pick(s.Input("indices", c.indices))
		})
		checkError(t, fmt.Sprint(c.indices, " of ", c.v), err, graph.Error{Field: "pick", Value: c.value})
	}
}

// The gradient of a row that is used very often is the exact sum of its uses, which a
// float32 sum would not be. Rows that are used once or never, and the next run, are
// correct as well.
func TestGatherGradientOfManyUses(t *testing.T) {
	const uses = 1 << 20
	for _, dt := range dtypes {
		cfg := config(t, dt)
		cfg.Training = true
		p := program(t, cfg, func(s *graph.Scope) {
			v := s.Input("v", graph.Shape{4, 2})
			rows := v.Gather(s.Input("i", graph.Shape{uses})) // [uses, 2]
			s.Output("gradient", s.Gradients(rows.Times(s.Input("d", graph.Shape{uses, 2})).Sum(), v)[0])
		})
		for _, often := range []float64{3, 1} {
			i, d := array{Shape: []int{uses}}, array{Shape: []int{uses, 2}}
			want := make([]float64, 4*2)
			for k := range uses {
				row := often
				if k == uses/2 {
					row = 0
				}
				x := []float64{0.1 + float64(k%7), -1 / float64(1+k%3)}
				if dt == tensor.Float32 {
					x[0], x[1] = float64(float32(x[0])), float64(float32(x[1]))
				}
				i.Data, d.Data = append(i.Data, row), append(d.Data, x...)
				want[2*int(row)] += x[0]
				want[2*int(row)+1] += x[1]
			}
			run(t, p, map[string]array{"v": counting(4, 2), "i": i, "d": d})
			for k, g := range output(t, p, "gradient") {
				if !(math.Abs(g-want[k]) <= 1e-7*math.Abs(want[k])) {
					t.Errorf("%v, row %v used often: gradient %d is %v, want %v", dt, often, k, g, want[k])
				}
			}
		}
	}
}

// A gradient of rows holds nothing of the runs before, of this program or of another one in
// the same memory, and says which rows were used. A sum of gradients may have all.
func TestGatherGradientRows(t *testing.T) {
	cfg := config(t, tensor.Float64)
	cfg.Training, cfg.Workspace = true, &graph.Workspace{}
	var rows, both graph.Result
	p := program(t, cfg, func(s *graph.Scope) {
		v, w := s.Input("v", graph.Shape{6, 2}), s.Input("w", graph.Shape{6, 2})
		i := s.Input("i", graph.Shape{3})
		loss := v.Gather(i).Sum().Add(w.Gather(i).Sum()).Add(w.Gather(i).Sum())
		grads := s.Gradients(loss, v, w)
		rows, both = s.Result(grads[0]), s.Result(grads[1])
	})
	other := program(t, cfg, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{100})
		s.Output("y", s.Gradients(x.Square().Sum(), x)[0])
	})
	for k, c := range []struct{ used, indices []int }{
		{[]int{0, 5}, []int{5, 0, 5}}, {[]int{3}, []int{3, 3, 3}}, {[]int{1, 2, 4}, []int{4, 2, 1}}, {[]int{0}, []int{0, 0, 0}}, {[]int{3, 4}, []int{4, 4, 3}},
	} {
		if k%2 == 1 {
			run(t, other, map[string]array{"x": {Shape: []int{100}, Data: slices.Repeat([]float64{7}, 100)}})
		}
		want := make([]float64, 12)
		indices := array{Shape: []int{3}}
		for _, row := range c.indices {
			indices.Data = append(indices.Data, float64(row))
			want[2*row]++
			want[2*row+1]++
		}
		zeros := array{Shape: []int{6, 2}, Data: make([]float64, 12)}
		for name, a := range map[string]array{"v": zeros, "w": zeros, "i": indices} {
			if err := p.SetInput(name, dense(tensor.Float64, a)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		if got := read(p.Result(rows)); !slices.Equal(got, want) {
			t.Errorf("run %d: got %v, want %v", k, got, want)
		}
		if got := p.Rows(rows); !slices.Equal(got, c.used) {
			t.Errorf("run %d: rows %v were used, got %v", k, c.used, got)
		}
		if got := p.Rows(both); got != nil {
			t.Errorf("run %d: a sum of gradients has the rows %v", k, got)
		}
	}
	if got := p.Rows(graph.Result{}); got != nil {
		t.Errorf("no result has the rows %v", got)
	}
}

func TestGatherValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := filled(t, "table", wild, shapes(1, 3).Draw(t, "table"))
		row := rapid.Map(rapid.IntRange(0, table.Shape[0]-1), func(i int) float64 { return float64(i) })
		indices := filled(t, "indices", row, shapes(0, 3).Draw(t, "indices"))
		checkOp(t, "gather", 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Gather(in[1]) },
			func(in []array) array {
				k := len(indices.Shape)
				return tabulate(slices.Concat(indices.Shape, table.Shape[1:]), func(at []int) float64 {
					return pick(in[0], insert(at[k:], 0, int(pick(in[1], at[:k]))))
				})
			}, table, indices)
	})
}
