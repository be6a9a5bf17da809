package layers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

func testConfig(t *testing.T) graph.Config {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	return graph.Config{Params: params}
}

// evaluate compiles build, runs it, and gives the outputs that it names.
func evaluate(t *testing.T, cfg graph.Config, build func(s *graph.Scope), names ...string) [][]float64 {
	t.Helper()
	prog, err := graph.NewProgram(cfg, build)
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	var out [][]float64
	for _, name := range names {
		y, err := prog.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, slices.Clone(y.Float64s()))
	}
	return out
}

// counter is a cell that adds x to a first state and counts in a second, of
// another size; y is their product.
type counter struct{}

func (counter) States() []int { return []int{3, 1} }

func (counter) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	sum, n := states[0].Add(x), states[1].AddConst(1) // [batch, 3], [batch, 1]
	return sum.Times(n), []graph.Value{sum, n}
}

// A cell is run over all steps, forwards or backwards, whatever its states are.
func TestRecurrentCell(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		out := evaluate(t, testConfig(t), func(s *graph.Scope) {
			x := s.Values([]float64{1, 2, 3, 10, 20, 30}, graph.Shape{1, 2, 3})
			r := rnn{class: "counter", cell: counter{}, initial: ZeroState{}, backwards: backwards, sequences: true, states: true}
			for i, v := range r.call(s, []graph.Value{x}) {
				s.Output([]string{"y", "sum", "n"}[i], v)
			}
		}, "y", "sum", "n")
		want := [][]float64{{1, 2, 3, 22, 44, 66}, {11, 22, 33}, {2}}
		if backwards {
			want[0] = []float64{10, 20, 30, 22, 44, 66}
		}
		if fmt.Sprint(out) != fmt.Sprint(want) {
			t.Errorf("backwards %v: got %v, want %v", backwards, out, want)
		}
	}
}

// broken is a cell with a step of its test's own.
type broken func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value)

func (broken) States() []int { return []int{3} }

func (b broken) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	return b(x, states)
}

func TestRecurrentReportsBrokenCells(t *testing.T) {
	for _, c := range []struct {
		cell broken
		want string
	}{
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) { return x, nil }, "step must return 1 states, got 0"},
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) { return x, append(s, x) }, "step must return 1 states, got 2"},
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) {
			return x, []graph.Value{x.Slice(1, 0, 2)}
		}, "step's state 0 must keep its shape [any, 3], got [any, 2]"},
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) { return graph.Value{}, nil }, "step must return 1 states"},
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) { panic("oh") }, "building panicked: oh"},
	} {
		err := graph.Shapes(testConfig(t), func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{graph.Any, graph.Any, 3})
			rnn{class: "broken", cell: c.cell, initial: ZeroState{}, sequences: true}.call(s, []graph.Value{x})
		})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

type initFunc func(shape graph.Shape) ([]float64, error)

func (f initFunc) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) { return f(shape) }

// The initializer's errors come out of every part of the bias, and the parts
// are in the order of the gates.
func TestGateBias(t *testing.T) {
	fault := errors.New("no numbers")
	for failAt := range 2 {
		calls := 0
		b := gateBias{initializer: initFunc(func(shape graph.Shape) ([]float64, error) {
			calls++
			if calls > failAt {
				return nil, fault
			}
			return make([]float64, shape.Size()), nil
		}), units: 2, forget: true}
		if _, err := b.Init(nil, graph.Shape{8}); !errors.Is(err, fault) {
			t.Errorf("call %d: got %v", failAt, err)
		}
	}
	got, err := gateBias{initializers.Constant{Value: 3}, 2, true}.Init(graph.Rand(1, "", "", graph.Tick{}), graph.Shape{8})
	if want := []float64{3, 3, 1, 1, 3, 3, 3, 3}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
