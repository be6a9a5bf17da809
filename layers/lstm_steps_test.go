package layers_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
)

// A model may leave the number of steps open: its weights are known without it,
// and programs of any length share them.
func TestLSTMOpenSteps(t *testing.T) {
	cfg := config(t)
	l := layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true}
	for _, backwards := range []bool{false, true} {
		l.GoBackwards = backwards
		follow(t, cfg, func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{graph.Any, graph.Any, 2})
			mask := s.Input("mask", graph.Shape{graph.Any, graph.Any})
			out := layers.Apply(s, "lstm", l, x.WithMask(mask))
			state := graph.Shape{graph.Any, 3}
			for i, want := range []graph.Shape{{graph.Any, graph.Any, 3}, state, state} {
				if !out[i].Shape().Equal(want) {
					t.Errorf("output %d has the shape %v, want %v", i, out[i].Shape(), want)
				}
			}
			if m, ok := out[0].Mask(); !ok || !m.Shape().Equal(graph.Shape{graph.Any, graph.Any}) {
				t.Error("the sequence must have the mask of the input")
			}
		})
	}
	l.GoBackwards = false
	before := cfg.Params.All()

	const longest = 6
	x := graphtest.Uniform(1, longest*2, 1)
	run := func(steps int) map[string][]float64 {
		return evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
			out := layers.Apply(s, "lstm", l, s.Values(x[:steps*2], graph.Shape{1, steps, 2}))
			s.Output("y", out[0])
			s.Output("h", out[1])
		})
	}
	whole := run(longest)["y"]
	for _, steps := range []int{1, 2, 5} {
		part := run(steps)
		graphtest.CheckOutput(t, "y", part["y"], whole[:steps*3], 0)
		graphtest.CheckOutput(t, "h", part["h"], whole[(steps-1)*3:steps*3], 0)
	}
	if after := cfg.Params.All(); !slices.Equal(before, after) || len(after) != 3 {
		t.Errorf("the programs have parameters of their own: %v, then %v", before, after)
	}
}
