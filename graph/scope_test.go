package graph_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// bothPasses builds a graph and follows shapes, and gives both errors.
func bothPasses(t *testing.T, build func(s *graph.Scope)) map[string]error {
	t.Helper()
	_, err := graph.NewProgram(config(t, tensor.Float32), build)
	return map[string]error{"graph": err, "shapes": graph.Shapes(config(t, tensor.Float32), build)}
}

// The first error is kept, with the path of its layer; what follows from it, a
// panic too, is dropped.
func TestFirstErrorWins(t *testing.T) {
	first := errors.New("the first")
	builds := map[string]func(s *graph.Scope){
		"second error": func(s *graph.Scope) { s.Fail(errors.New("the second")) },
		"failed rule":  func(s *graph.Scope) { s.Failf("units", "must be positive", -3) },
		"nil":          func(s *graph.Scope) { s.Fail(nil) },
		"panic":        func(s *graph.Scope) { panic("a consequence") },
		"panic inside": func(s *graph.Scope) { s.Within("lstm", func() { panic("a consequence") }) },
		"formula": func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{2, 3}).MatMul(s.Param("w", graph.Shape{4, 1}, nil))
			s.Output("y", graph.Concat(7, x.Sum(5).Tanh(), x.Softmax(9).At(0, 0)))
			s.Output("y", s.Gradients(x, x)[0])
		},
	}
	for name, build := range builds {
		for pass, err := range bothPasses(t, func(s *graph.Scope) {
			s.Within("model", func() { s.Within("dense", func() { s.Fail(first) }) })
			build(s)
		}) {
			wantError(t, name, err, "model/dense: the first")
			if !errors.Is(err, first) {
				t.Errorf("%s, %s: %v hides the first error", name, pass, err)
			}
		}
	}
}

// A panic while building is an error at the place where it happened.
func TestBuildingPanics(t *testing.T) {
	for _, err := range bothPasses(t, func(s *graph.Scope) {
		s.Within("model", func() { s.Within("mine", func() { panic("boom") }) })
	}) {
		wantError(t, "panic", err, "model/mine: building panicked: boom")
	}
	for _, err := range bothPasses(t, func(s *graph.Scope) { panic("boom") }) {
		if wantError(t, "panic", err, "building panicked: boom"); err.Error()[0] == ':' {
			t.Errorf("an empty path is shown in %q", err)
		}
	}
}

// An error that has a path keeps it, and errors of all kinds can be asked for
// their parts.
func TestErrorPaths(t *testing.T) {
	cases := map[string]struct {
		err  error
		want string
	}{
		"rule":       {graph.Error{Field: "LSTM.Units", Rule: "must be positive", Value: -3}, "lstm_1: LSTM.Units must be positive, got -3"},
		"own path":   {graph.Error{Path: "prices.csv:12", Rule: "must be a number", Value: "x"}, "prices.csv:12: must be a number, got x"},
		"slices":     {graph.Error{Field: "axes", Rule: "must differ", Value: []int{1, 1}}, "lstm_1: axes must differ, got [1 1]"},
		"not finite": {graph.Error{Field: "rate", Rule: "must be finite", Kind: graph.ErrNotFinite}, "lstm_1: rate must be finite"},
	}
	for name, c := range cases {
		for _, err := range bothPasses(t, func(s *graph.Scope) { s.Within("lstm_1", func() { s.Fail(c.err) }) }) {
			wantError(t, name, err, c.want)
			var e graph.Error
			if !errors.As(err, &e) || err.Error() != c.want {
				t.Errorf("%s: got %q, want %q", name, err, c.want)
			}
			if errors.Is(err, graph.ErrNotFinite) != (name == "not finite") || errors.Is(err, graph.ErrInput) == (name == "not finite") {
				t.Errorf("%s: %v is of another kind", name, err)
			}
		}
	}
}

func TestScopeKnowsItsPlace(t *testing.T) {
	build := func(symbolic bool) func(s *graph.Scope) {
		return func(s *graph.Scope) {
			s.Within("model", func() {
				s.Within("lstm", func() {
					if s.Path() != "model/lstm" || s.Symbolic() != symbolic || !s.Training() || s.Dtype() != tensor.Float64 {
						t.Errorf("path %q, symbolic %v, training %v, dtype %v", s.Path(), s.Symbolic(), s.Training(), s.Dtype())
					}
				})
				if s.Path() != "model" {
					t.Errorf("path %q after a layer", s.Path())
				}
			})
			s.Output("y", s.Const(1, graph.Shape{}))
			if v := s.Const(1, graph.Shape{2, 3}); v.Dim(-1) != 3 || v.Rank() != 2 || v.Scope() != s {
				t.Errorf("dim %d, rank %d", v.Dim(-1), v.Rank())
			}
		}
	}
	cfg := config(t, tensor.Float64)
	cfg.Training = true
	program(t, cfg, build(false))
	if err := graph.Shapes(cfg, build(true)); err != nil {
		t.Error(err)
	}
}

func TestNamesAreUsedOnce(t *testing.T) {
	for want, build := range map[graph.Error]func(s *graph.Scope){
		{Field: "input", Value: "x"}:  func(s *graph.Scope) { s.Output("y", s.Input("x", graph.Shape{1}).Add(s.Input("x", graph.Shape{1}))) },
		{Field: "output", Value: "y"}: func(s *graph.Scope) { s.Output("y", s.Const(1, nil)); s.Output("y", s.Const(2, nil)) },
	} {
		for pass, err := range bothPasses(t, build) {
			checkError(t, want.Field+" "+pass, err, want)
		}
	}
}

// Traced values are read under the path of their layer, one for each step.
func TestTrace(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		s.Within("lstm", func() {
			for i := range 3 {
				s.Trace("gate", s.Const(float64(i), graph.Shape{1}).Scale(2))
			}
		})
	})
	run(t, p, nil)
	if got := p.Outputs(); !slices.Equal(got, []string{"lstm/gate", "lstm/gate_1", "lstm/gate_2"}) {
		t.Fatalf("outputs %v", got)
	}
	if got := output(t, p, "lstm/gate_2")[0]; got != 4 {
		t.Errorf("got %v, want 4", got)
	}
}

func TestLossesAndUpdates(t *testing.T) {
	build := func(s *graph.Scope) {
		s.Within("norm", func() {
			mean := s.State("mean", graph.Shape{2}, constant(1))
			s.AddUpdate("mean", mean.Scale(0.9))
			s.AddLoss(mean.Sum())
		})
		s.Within("norm", func() { // again: the second update goes on from the first
			mean := s.State("mean", graph.Shape{2}, constant(1))
			s.AddUpdate("mean", s.Updated("mean", mean).AddConst(2))
			if other := s.Updated("other", mean); !s.Symbolic() && other.Node() == nil || !other.Shape().Equal(graph.Shape{2}) {
				t.Errorf("what has no update must be itself, got %v", other)
			}
		})
		if l, u := s.Losses(), s.Updates(); len(l) != 1 || len(u) != 1 || u[0].Path != "norm/mean" || l[0].Rank() != 0 {
			t.Errorf("losses %v, updates %v", l, u)
		}
		s.Output("y", s.Updates()[0].Value)
	}
	for pass, err := range bothPasses(t, build) {
		if err != nil {
			t.Errorf("%s: %v", pass, err)
		}
	}
	p := program(t, config(t, tensor.Float64), build)
	run(t, p, nil)
	if got := output(t, p, "y"); !slices.Equal(got, []float64{2.9, 2.9}) {
		t.Errorf("the update is %v, want 0.9·1 + 2", got)
	}
	for want, build := range map[graph.Error]func(s *graph.Scope){
		{Field: "loss", Value: "[2]"}:      func(s *graph.Scope) { s.AddLoss(s.Const(1, graph.Shape{2})) },
		{Field: "update", Value: `"mean"`}: func(s *graph.Scope) { s.AddUpdate("mean", s.Const(1, nil)) },
		{Field: "update of m", Value: "[3]"}: func(s *graph.Scope) {
			s.State("m", graph.Shape{2}, constant(0))
			s.AddUpdate("m", s.Const(1, graph.Shape{3}))
		},
	} {
		for pass, err := range bothPasses(t, build) {
			checkError(t, want.Field+" "+pass, err, want)
		}
	}
}

// The results of operations have no mask, not even if the operation returns its operand.
func TestMasks(t *testing.T) {
	program(t, config(t, tensor.Float32), func(s *graph.Scope) {
		x := s.Const(1, graph.Shape{2, 3}).WithMask(s.Const(1, graph.Shape{2, 3}))
		if m, ok := x.Mask(); !ok || m.Rank() != 2 {
			t.Error("the mask is lost")
		}
		for name, v := range map[string]graph.Value{
			"without": x.WithoutMask(), "neg": x.Neg(), "reshape": x.Reshape(2, 3), "slice": x.Slice(1, 0, 3), "broadcast": x.BroadcastTo(2, 3),
		} {
			if _, ok := v.Mask(); ok {
				t.Errorf("%s keeps the mask", name)
			}
		}
		s.Output("y", x)
	})
}
