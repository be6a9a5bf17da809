package graph_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"gorgonia.org/tensor"
)

// intoProgram has a parameter w and results of every kind, of [2, 3]: one that nothing else
// reads, one that the next reads, that one as a view, and one of them twice.
func intoProgram(t *testing.T, training bool, fail *bool) (*graph.Program, []graph.Result) {
	t.Helper()
	cfg := config(t, tensor.Float32)
	cfg.Training = training
	var results []graph.Result
	p := program(t, cfg, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2, 3})
		a, b := x.Scale(2), x.Add(s.Param("w", graph.Shape{3}, uniform{}))
		c := b.Square().Reshape(3, 2).Reshape(2, 3)
		d := x.Map("plus one", func(v float64) float64 {
			if *fail {
				panic("no such number")
			}
			return v + 1
		}, func(_, _ float64) float64 { return 1 })
		results = nil
		for _, v := range []graph.Value{a, b, c, d, d, x} {
			results = append(results, s.Result(v))
		}
	})
	return p, results
}

func tensorOf(elements ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(elements))
}

// Results in tensors of the caller are those of Run, and later runs, failed ones too, leave
// them as they are.
func TestRunInto(t *testing.T) {
	for _, training := range []bool{false, true} {
		fail := false
		p, results := intoProgram(t, training, &fail)
		set := func(x *tensor.Dense) {
			t.Helper()
			if err := p.SetInput("x", x); err != nil {
				t.Fatal(err)
			}
		}
		runInto := func() (all []*tensor.Dense, err error) {
			for range results {
				all = append(all, tensorOf(9, 9, 9, 9, 9, 9))
			}
			return all, p.RunInto(graph.Tick{}, results, all)
		}
		plain := func() (all [][]float32) {
			t.Helper()
			if err := p.Run(graph.Tick{}); err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				all = append(all, slices.Clone(p.Result(r).Float32s()))
			}
			return all
		}
		x, other := tensorOf(1, 2, 3, 4, 5, 6), tensorOf(-1, -2, -3, 0, 7, 8)
		set(x)
		want := plain()
		first, err := runInto()
		if err != nil {
			t.Fatal(err)
		}
		set(other)
		wantOther := plain()
		second, err := runInto()
		if err != nil {
			t.Fatal(err)
		}
		fail = true
		if _, err := runInto(); err == nil {
			t.Fatal("no error of an operation that panics")
		}
		fail = false
		set(x)
		again := plain()
		for i := range results {
			if !slices.Equal(first[i].Float32s(), want[i]) || !slices.Equal(second[i].Float32s(), wantOther[i]) {
				t.Errorf("training %v, result %d: %v and %v, want %v and %v", training, i, first[i], second[i], want[i], wantOther[i])
			}
			if !slices.Equal(again[i], want[i]) {
				t.Errorf("training %v, result %d: a run after others gives %v, want %v", training, i, again[i], want[i])
			}
		}
	}
}

func TestRunIntoRefuses(t *testing.T) {
	fail := false
	p, results := intoProgram(t, false, &fail)
	x := tensorOf(1, 2, 3, 4, 5, 6)
	if err := p.SetInput("x", x); err != nil {
		t.Fatal(err)
	}
	fine := func() *tensor.Dense { return tensorOf(0, 0, 0, 0, 0, 0) }
	shared := fine()
	turned := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking(make([]float32, 6)))
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		results []graph.Result
		to      []*tensor.Dense
		want    errs.Error
	}{
		"fewer tensors":      {results[:2], []*tensor.Dense{fine()}, errs.Error{Field: "tensors", Value: 1}},
		"no result":          {[]graph.Result{{}}, []*tensor.Dense{fine()}, errs.Error{Field: "result 0"}},
		"no tensor":          {results[:1], []*tensor.Dense{nil}, errs.Error{Field: "tensor 0"}},
		"another dtype":      {results[:1], []*tensor.Dense{tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(2, 3))}, errs.Error{Field: "tensor 0", Value: tensor.Float64}},
		"another shape":      {results[:1], []*tensor.Dense{tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(3, 2))}, errs.Error{Field: "tensor 0", Value: graph.Shape{3, 2}}},
		"columns first":      {results[:1], []*tensor.Dense{turned}, errs.Error{Field: "tensor 0"}},
		"an input":           {results[:1], []*tensor.Dense{x}, errs.Error{Field: "tensor 0"}},
		"the same twice":     {results[:2], []*tensor.Dense{shared, shared}, errs.Error{Field: "tensor 1"}},
		"a program's result": {results[:2], []*tensor.Dense{fine(), p.Result(results[0])}, errs.Error{Field: "tensor 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			errtest.Check(t, p.RunInto(graph.Tick{}, c.results, c.to), c.want)
		})
	}
	cfg := config(t, tensor.Float32)
	q := program(t, cfg, func(s *graph.Scope) {
		results = []graph.Result{s.Result(s.Param("w", graph.Shape{3}, uniform{}).Scale(2))}
	})
	errtest.Check(t, q.RunInto(graph.Tick{}, results, []*tensor.Dense{q.Params()[0].Value()}), errs.Error{Field: "tensor 0"})
}
