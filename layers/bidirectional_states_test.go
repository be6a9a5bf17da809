package layers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

// Layers with different numbers of states get each their own.
func TestBidirectionalStates(t *testing.T) {
	gru, lstm := layers.GRU{Units: 2}, layers.LSTM{Units: 3, GoBackwards: true}
	both := layers.Bidirectional{Layer: gru, BackwardLayer: lstm}
	in, h, c := graph.Shape{graph.Any, 3, 4}, graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3}
	layertest.Check(t, layertest.Case{
		Layer:   both,
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 4), graphtest.Input(2, 2, 2), graphtest.Input(3, 2, 3), graphtest.Input(4, 2, 3)},
		Outputs: []graph.Shape{{graph.Any, 5}},
	})
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*3*4, 1), graph.Shape{2, 3, 4})
		state := func(seed uint64, n int) graph.Value {
			return s.Values(graphtest.Uniform(seed, 2*n, 1), graph.Shape{2, n})
		}
		h, hb, cb := state(2, 2), state(3, 3), state(4, 3)
		s.Output("got", layers.Apply(s, "both", both, x, h, hb, cb)[0])
		s.Within("both", func() {
			ahead := layers.Apply(s, "forward_gru", gru, x, h)[0]
			s.Output("want", graph.Concat(-1, ahead, layers.Apply(s, "backward_lstm", lstm, x, hb, cb)[0]))
		})
	})
	graphtest.CheckOutput(t, "y", out["got"], out["want"], 0)
	for n, states := range [][]graph.Shape{{h}, {h, c}, {h, c, c, c}} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			layertest.Invalid(t, both, "Bidirectional", append([]graph.Shape{in}, states...)...)
		})
	}
	layertest.Invalid(t, both, "GRU initial state 0", in, c, c, h)
}
