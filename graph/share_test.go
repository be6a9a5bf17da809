package graph_test

import (
	"sync"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// declare asks for one weight of three elements.
func declareAt(t *testing.T, p *graph.Params, layer string, start float64) error {
	t.Helper()
	return graph.Shapes(graph.Config{Params: p}, func(s *graph.Scope) {
		s.Within(layer, func() { s.Param("w", graph.Shape{3}, constant(start)) })
	})
}

func TestShare(t *testing.T) {
	owner, other, third := newParams(t), newParams(t), newParams(t)
	for _, err := range []error{
		other.Share("b/x", owner, "a", false),
		third.Share("c", other, "b/x", false),
		declareAt(t, third, "c", 1), // declares all the way down
		declareAt(t, other, "b/x", 2),
		declareAt(t, owner, "a", 3),
		declareAt(t, other, "b/xy", 4), // begins alike only
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	values := func() [3]float64 {
		return [3]float64{owner.Get("a/w").Value().Float64s()[0], other.Get("b/x/w").Value().Float64s()[0], third.Get("c/w").Value().Float64s()[0]}
	}
	if got := values(); got != [3]float64{1, 1, 1} {
		t.Errorf("got %v", got)
	}
	version := owner.Version()
	if err := third.Set(map[string]*tensor.Dense{"c/w": dense(tensor.Float64, array{Shape: []int{3}, Data: []float64{5, 5, 5}})}); err != nil {
		t.Fatal(err)
	}
	if got := values(); got != [3]float64{5, 5, 5} || owner.Version() <= version {
		t.Errorf("got %v, version %d after %d", got, owner.Version(), version)
	}
	if err := third.Freeze(true, "c"); err != nil {
		t.Fatal(err)
	}
	if third.Get("c/w").Trainable() || !other.Get("b/x/w").Trainable() || !owner.Get("a/w").Trainable() {
		t.Error("what the third freezes must be frozen there alone")
	}
	narrow, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, "dtype", narrow.Share("a", owner, "a", false), "a: dtype must be float32 to share weights, got float64")
	fourth := newParams(t)
	for _, at := range []string{"d", "e"} {
		if err := fourth.Share(at, owner, "a", false); err != nil {
			t.Fatal(err)
		}
	}
	if err := declareAt(t, fourth, "d", 0); err != nil {
		t.Fatal(err)
	}
	wantError(t, "twice", declareAt(t, fourth, "e", 0), "e/w: weight must be reached by one path, and not also by d/w")
}

func newParams(t *testing.T) *graph.Params { return config(t, tensor.Float64).Params }

// Weights that somebody has seen are kept, and others start anew.
func TestShareAdopts(t *testing.T) {
	for name, see := range map[string]func(p *graph.Params) error{
		"nobody":   func(p *graph.Params) error { return nil },
		"a caller": func(p *graph.Params) error { p.Get("a/w").Value(); return nil },
		"a shape":  func(p *graph.Params) error { return declareAt(t, p, "a", 7) },
		"a program": func(p *graph.Params) error {
			_, err := graph.NewProgram(graph.Config{Params: p}, func(s *graph.Scope) {
				s.Within("a", func() { s.Output("w", s.Param("w", graph.Shape{3}, constant(7))) })
			})
			return err
		},
		"who freezes": func(p *graph.Params) error { return p.Freeze(true, "a") },
		"who sets": func(p *graph.Params) error {
			return p.Set(map[string]*tensor.Dense{"a/w": dense(tensor.Float64, array{Shape: []int{3}, Data: []float64{1, 1, 1}})})
		},
	} {
		owner, other := newParams(t), newParams(t)
		if err := declareAt(t, owner, "a", 1); err != nil {
			t.Fatal(err)
		}
		if err := see(owner); err != nil {
			t.Fatal(err)
		}
		if err := other.Share("b", owner, "a", true); err != nil {
			t.Fatal(err)
		}
		if err := declareAt(t, other, "b", 2); err != nil {
			t.Fatal(err)
		}
		want := 1.0
		if name == "nobody" || name == "a shape" {
			want = 2
		}
		if got := owner.Get("a/w").Value().Float64s()[0]; got != want {
			t.Errorf("seen by %s: got %v, want %v", name, got, want)
		}
	}
}

// Sets that meet crosswise, from many goroutines, end with one lock.
func TestShareAtOnce(t *testing.T) {
	sets := make([]*graph.Params, 8)
	for i := range sets {
		sets[i] = newParams(t)
	}
	var wg sync.WaitGroup
	for i := range sets {
		for k := range sets {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if err := sets[i].Share("at", sets[k], "from", false); err != nil {
					t.Error(err)
				}
				sets[k].Version()
				sets[i].Update(func() error { return nil })
			}()
		}
	}
	wg.Wait()
	for _, p := range sets {
		if p.Version() != sets[0].Version() {
			t.Errorf("versions %d and %d", p.Version(), sets[0].Version())
		}
	}
}

// A frozen state keeps its value, and the layer can see that it is frozen.
func TestFrozenStates(t *testing.T) {
	params := newParams(t)
	build := func(s *graph.Scope) {
		s.Within("norm", func() {
			mean := s.State("mean", graph.Shape{2}, constant(0))
			s.AddUpdate("mean", mean.AddConst(1))
			if s.Frozen("mean") != params.Get("norm/mean").Frozen() || s.Frozen("nothing") {
				t.Error("the scope tells another story")
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
