package layers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

var _ = specimen(conformance.Layer{
	Value:   layers.StackedRNNCells{Cells: []layers.Cell{layers.GRUCell{Units: 2}}},
	In:      inRNN,
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.StackedRNNCells{Cells: []layers.Cell{layers.GRUCell{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
	}}},
	Accepts:  "-+----",
	Compared: "TestStackedRNNCells",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: n}, layers.GRUCell{Units: n}}}, n, []int{n, n, n, n, n})
	},
})

// A stack computes what its cells compute as layers in a row, of which each has
// its states, in values and gradients, masked or not.
func TestStackedRNNCells(t *testing.T) {
	own := func(seed uint64, features, units int) layers.Cell {
		draw := func(i uint64, n int) given { return graphtest.Uniform(seed+i, n, 0.5) }
		return ownLSTM{units, draw(0, features*4*units), draw(1, units*4*units), draw(2, 4*units)}
	}
	first, second := own(1, 2, 3), own(11, 3, 4)
	run := func(masked bool, build func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value) map[string][]float64 {
		return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Values(graphtest.Uniform(20, 2*4*2, 1), graph.Shape{2, 4, 2})
			wrt := []graph.Value{x}
			for i, n := range []int{3, 3, 4, 4} {
				wrt = append(wrt, s.Values(graphtest.Uniform(uint64(21+i), 2*n, 1), graph.Shape{2, n}))
			}
			if masked {
				x = x.WithMask(s.Values([]float64{1, 0, 1, 0, 0, 1, 1, 1}, graph.Shape{2, 4}))
			}
			loss := s.Const(0, graph.Shape{})
			for i, y := range build(s, x, wrt[1:]) {
				s.Output(fmt.Sprint("output ", i), y)
				loss = loss.Add(y.Times(s.Values(graphtest.Uniform(uint64(30+i), y.Shape().Size(), 1), y.Shape())).Sum())
			}
			for _, b := range s.Bound() {
				wrt = append(wrt, b.Value)
			}
			for i, g := range s.Gradients(loss, wrt...) {
				s.Output(fmt.Sprint("gradient ", i), g)
			}
		})
	}
	for _, masked := range []bool{false, true} {
		got := run(masked, func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value {
			stack := layers.StackedRNNCells{Cells: []layers.Cell{first, second}}
			return layers.Apply(s, "rnn", layers.RNN{Cell: stack, ReturnSequences: true, ReturnState: true}, append([]graph.Value{x}, initial...)...)
		})
		want := run(masked, func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value {
			a := layers.Apply(s, "a", layers.RNN{Cell: first, ReturnSequences: true, ReturnState: true}, x, initial[0], initial[1])
			b := layers.Apply(s, "b", layers.RNN{Cell: second, ReturnSequences: true, ReturnState: true}, a[0], initial[2], initial[3])
			return []graph.Value{b[0], a[1], a[2], b[1], b[2]}
		})
		if len(got) != 5+5+6 {
			t.Fatalf("got %d values", len(got))
		}
		for name, w := range want {
			graphtest.CheckGradient(t, name, got[name], w, graphtest.Tol64)
		}
	}
}
