package graph_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// adder adds its input, [2, 1], to what it carries, which begins with 10, and
// counts.
func adder(t *testing.T, training bool, change func(cfg *graph.Config)) (*graph.Program, *graph.States) {
	t.Helper()
	states, err := graph.NewStates(tensor.Float64, 2)
	must(t, err)
	cfg := config(t, tensor.Float64)
	cfg.States, cfg.Training = states, training
	if change != nil {
		change(&cfg)
	}
	p, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		s.Within("adder", func() {
			x := s.Input("x", graph.Shape{2, 1})
			start := s.Param("start", graph.Shape{1}, ten{})
			sum, keep := s.Carry("sum", start.BroadcastTo(2, 1))
			y := sum.Add(x)
			keep(y)
			s.Output("y", y)
			if training {
				s.Output("gradient", s.Gradients(y.Sum(), start)[0])
			}
		})
	})
	must(t, err)
	return p, states
}

type ten struct{}

func (ten) Init(*rand.Rand, graph.Shape) ([]float64, error) { return []float64{10}, nil }

// add runs the program and gives its output.
func add(t *testing.T, p *graph.Program, x ...float64) []float64 {
	t.Helper()
	must(t, p.SetInput("x", tensor.New(tensor.WithShape(2, 1), tensor.WithBacking(x))))
	must(t, p.Run(graph.Tick{}))
	y, err := p.Output("y")
	must(t, err)
	return slices.Clone(y.Float64s())
}

func wantNumbers(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// A state goes on where the program is told so, on the tape machine and without.
func TestCarry(t *testing.T) {
	for _, training := range []bool{false, true} {
		p, states := adder(t, training, nil)
		wantNumbers(t, "at first", add(t, p, 1, 2), 11, 12)
		wantNumbers(t, "not advanced", add(t, p, 3, 4), 13, 14)
		p.Advance()
		wantNumbers(t, "advanced", add(t, p, 5, 6), 18, 20)
		p.Advance()
		must(t, states.Reset(1))
		wantNumbers(t, "row 1 reset", add(t, p, 1, 1), 19, 11)
		if training { // the initial value gets the gradient of the samples that begin with it
			g, err := p.Output("gradient")
			must(t, err)
			wantNumbers(t, "gradient", g.Float64s(), 1)
		}
		wantNumbers(t, "states", states.Copy()["adder/sum"].Float64s(), 18, 0)
		must(t, p.Close())
	}
}

// Programs over one set of states share them; without one nothing is carried.
func TestStatesAreShared(t *testing.T) {
	p, states := adder(t, false, nil)
	q, _ := adder(t, true, func(cfg *graph.Config) { cfg.States = states })
	add(t, p, 1, 2)
	p.Advance()
	wantNumbers(t, "the other program", add(t, q, 1, 1), 12, 13)
	q.Advance()
	wantNumbers(t, "and back", add(t, p, 0, 0), 12, 13)
	plain, _ := adder(t, false, func(cfg *graph.Config) { cfg.States = nil })
	add(t, plain, 1, 2)
	plain.Advance()
	wantNumbers(t, "without states", add(t, plain, 1, 2), 11, 12)
}

// What is built alone, and in a step of a scan, carries nothing.
func TestCarryAlone(t *testing.T) {
	states, err := graph.NewStates(tensor.Float64, 2)
	must(t, err)
	cfg := config(t, tensor.Float64)
	cfg.States, cfg.Stepping, cfg.Memory = states, true, 5
	p, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		if !s.Carrying() || !s.Stepping() || s.Memory() != 5 {
			t.Error("the scope must carry and step")
		}
		s.Alone(func() {
			if s.Carrying() || s.Stepping() {
				t.Error("what is built alone must not carry")
			}
			state, keep := s.Carry("state", s.Const(3, graph.Shape{2}))
			keep(state.AddConst(1))
			s.Output("y", state)
		})
	})
	must(t, err)
	must(t, p.Run(graph.Tick{}))
	p.Advance()
	if n := len(states.Copy()); n != 1 {
		t.Errorf("got %d states, want fresh alone", n)
	}
}

func TestCount(t *testing.T) {
	states, err := graph.NewStates(tensor.Float32, 2)
	must(t, err)
	params, err := graph.NewParams(tensor.Float32, 1)
	must(t, err)
	p, err := graph.NewProgram(graph.Config{Params: params, States: states, Stepping: true}, func(s *graph.Scope) {
		s.Within("layer", func() { s.Output("n", s.Count(2, 3)) })
	})
	must(t, err)
	for i := range 3 {
		must(t, p.Run(graph.Tick{}))
		n, err := p.Output("n")
		must(t, err)
		if !slices.Equal(n.Float32s(), []float32{float32(i), float32(i)}) {
			t.Errorf("step %d counts %v", i, n)
		}
		p.Advance()
	}
	checkError(t, "fourth step", p.Run(graph.Tick{}), graph.Error{Path: "layer", Field: "steps", Value: 4})
	must(t, states.Reset(0))
	checkError(t, "fourth step of sample 1", p.Run(graph.Tick{}), graph.Error{Path: "layer", Field: "steps", Value: 4})
	must(t, states.Reset(1))
	must(t, p.Run(graph.Tick{}))
}

// A step is remembered at the count of its sample, and again where the program does not
// advance. The others stay.
func TestRemember(t *testing.T) {
	states, err := graph.NewStates(tensor.Float64, 2)
	must(t, err)
	cfg := config(t, tensor.Float64)
	cfg.States, cfg.Stepping = states, true
	p := program(t, cfg, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2, 1, 2})
		y := s.Remember("x", x, s.Count(2, 3), 3)
		s.Output("y", y.AddConst(0))
	})
	step := func(what string, x [4]float64, want ...float64) {
		t.Helper()
		must(t, p.SetInput("x", tensor.New(tensor.WithShape(2, 1, 2), tensor.WithBacking(x[:]))))
		must(t, p.Run(graph.Tick{}))
		y, err := p.Output("y")
		must(t, err)
		wantNumbers(t, what, y.Float64s(), want...)
	}
	step("first", [4]float64{1, 2, 3, 4}, 1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0)
	step("not advanced", [4]float64{5, 6, 7, 8}, 5, 6, 0, 0, 0, 0, 7, 8, 0, 0, 0, 0)
	p.Advance()
	step("advanced", [4]float64{1, 2, 3, 4}, 5, 6, 1, 2, 0, 0, 7, 8, 3, 4, 0, 0)
	p.Advance()
	before := states.Copy()
	must(t, states.Reset(0))
	step("one reset", [4]float64{9, 9, 5, 6}, 9, 9, 0, 0, 0, 0, 7, 8, 3, 4, 5, 6)
	must(t, states.Set(before))
	step("set", [4]float64{9, 9, 9, 9}, 5, 6, 1, 2, 9, 9, 7, 8, 3, 4, 9, 9)
	p.Advance()
	checkError(t, "a fourth step", p.Run(graph.Tick{}), graph.Error{Field: "steps", Value: 4})
}

func TestCarryErrors(t *testing.T) {
	states, err := graph.NewStates(tensor.Float64, 2)
	must(t, err)
	_, err = graph.NewStates(tensor.Int, 2)
	checkError(t, "dtype", err, graph.Error{Field: "dtype", Value: "int"})
	for _, n := range []int{0, -1, 1<<20 + 1, math.MaxInt} {
		_, err = graph.NewStates(tensor.Dtype{}, n)
		checkError(t, "batch", err, graph.Error{Field: "batch", Value: n})
	}
	narrow, err := graph.NewStates(tensor.Dtype{}, 2)
	must(t, err)
	for _, c := range []struct {
		change func(cfg *graph.Config)
		build  func(s *graph.Scope)
		want   graph.Error
	}{
		{func(cfg *graph.Config) { cfg.States = narrow }, nil, graph.Error{Field: "Config.States", Value: "float32"}},
		{func(cfg *graph.Config) { cfg.States = nil }, nil, graph.Error{Field: "Config.Stepping"}},
		{func(cfg *graph.Config) { cfg.Training = true }, nil, graph.Error{Field: "Config.Stepping"}},
		{func(cfg *graph.Config) { cfg.Memory = -1 }, nil, graph.Error{Field: "Config.Memory", Value: -1}},
		{func(cfg *graph.Config) { cfg.Memory = 1 << 25 }, nil, graph.Error{Field: "Config.Memory", Value: 33554432}},
		{nil, func(s *graph.Scope) { s.Carry("state", s.Const(0, graph.Shape{3})) }, graph.Error{Field: "state", Value: "[3]"}},
		{nil, func(s *graph.Scope) { s.Carry("state", s.Const(0, graph.Shape{})) }, graph.Error{Field: "state", Value: "[]"}},
		{nil, func(s *graph.Scope) { s.Carry("fresh", s.Const(0, graph.Shape{2})) }, graph.Error{Field: "state", Value: "fresh"}},
		{nil, func(s *graph.Scope) {
			_, keep := s.Carry("state", s.Const(0, graph.Shape{2}))
			keep(s.Const(0, graph.Shape{2, 1}))
		}, graph.Error{Field: "state state", Value: "[2, 1]"}},
		{nil, func(s *graph.Scope) { s.Count(2, 0) }, graph.Error{Field: "count of steps", Value: 0}},
		{nil, func(s *graph.Scope) { s.Count(2, 1<<25) }, graph.Error{Field: "count of steps", Value: 33554432}},
		{nil, func(s *graph.Scope) {
			s.Remember("x", s.Const(0, graph.Shape{2, 2}), s.Const(0, graph.Shape{2}), 3)
		}, graph.Error{Field: "state x", Value: "[2, 2] and [2]"}},
		{nil, func(s *graph.Scope) {
			s.Remember("x", s.Const(0, graph.Shape{2, 1}), s.Const(0, graph.Shape{3}), 3)
		}, graph.Error{Field: "state x", Value: "[2, 1] and [3]"}},
		{nil, func(s *graph.Scope) {
			s.Remember("x", s.Const(0, graph.Shape{3, 1}), s.Const(0, graph.Shape{3}), 3)
		}, graph.Error{Field: "state", Value: "[3, 3]"}},
		{func(cfg *graph.Config) { cfg.Stepping = false }, func(s *graph.Scope) {
			s.Remember("x", s.Const(0, graph.Shape{2, 1}), s.Const(0, graph.Shape{2}), 3)
		}, graph.Error{Field: "state x"}},
		{func(cfg *graph.Config) { cfg.Stepping = false }, func(s *graph.Scope) { s.Count(2, 3) }, graph.Error{Field: "count of steps"}},
		{nil, func(s *graph.Scope) {
			x := s.Const(0, graph.Shape{2, 4, 1})
			graph.Scan{X: x, Step: func(x graph.Value, _ []graph.Value) (graph.Value, []graph.Value) {
				s.Carry("state", x)
				return x, nil
			}}.Run()
		}, graph.Error{Field: "state state"}},
	} {
		cfg := config(t, tensor.Float64)
		cfg.States, cfg.Stepping = states, true
		if c.change != nil {
			c.change(&cfg)
		}
		_, err := graph.NewProgram(cfg, func(s *graph.Scope) {
			s.Output("y", s.Const(0, graph.Shape{2}))
			if c.build != nil {
				c.build(s)
			}
		})
		checkError(t, c.want.Field, err, c.want)
	}
	checkError(t, "row", states.Reset(2), graph.Error{Field: "row", Value: 2})
}

// A name that is used twice in a layer gives two states.
func TestCarryNames(t *testing.T) {
	states, err := graph.NewStates(tensor.Float64, 1)
	must(t, err)
	cfg := config(t, tensor.Float64)
	cfg.States = states
	_, err = graph.NewProgram(cfg, func(s *graph.Scope) {
		a, _ := s.Carry("state", s.Const(0, graph.Shape{1}))
		b, _ := s.Carry("state", s.Const(0, graph.Shape{1, 2}))
		s.Output("y", a.Add(b))
	})
	must(t, err)
	got := slices.Sorted(maps.Keys(states.Copy()))
	if want := []string{"fresh", "state", "state_1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Following shapes declares the states of a batch that is known, so that they can
// be set before there is a program.
func TestCarryFollowsShapes(t *testing.T) {
	states, err := graph.NewStates(tensor.Float64, 2)
	must(t, err)
	cfg := config(t, tensor.Float64)
	cfg.States, cfg.Stepping, cfg.Memory = states, true, 3
	must(t, graph.Shapes(cfg, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2, graph.Any})
		_, keep := s.Carry("open", x)
		keep(x)
		_, keep = s.Carry("state", s.Const(0, graph.Shape{2, 4}))
		keep(s.Const(0, graph.Shape{2, 4}))
		s.Count(2, 3)
	}))
	got := slices.Sorted(maps.Keys(states.Copy()))
	if want := []string{"count", "fresh", "state"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPace(t *testing.T) {
	_, err := graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Const(1, graph.Shape{2}).WithPace(graph.Stepped)
		if x.Pace() != graph.Stepped || x.Add(x).Pace() != graph.Unpaced {
			t.Error("a pace must stay with its value alone")
		}
		s.Output("x", x)
	})
	must(t, err)
	for p, want := range map[graph.Pace]string{graph.Unpaced: "unpaced", graph.Still: "still", graph.Latest: "latest", graph.Stepped: "stepped"} {
		if p.String() != want {
			t.Errorf("got %q, want %q", p, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
