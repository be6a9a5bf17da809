package layers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

// An axis of size 1 of an AttentionMask holds for all places along it, on both
// ways that the layer may run.
func TestAttentionMaskSpreads(t *testing.T) {
	const batch, queries, values = 2, 3, 4
	for _, shape := range []graph.Shape{{batch, 1, values}, {1, queries, values}, {batch, queries, 1}, {1, 1, values}} {
		for _, scores := range []bool{false, true} {
			l := layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, AttentionMask: true, ReturnAttentionScores: scores}
			out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
				query := s.Values(graphtest.Uniform(1, batch*queries*3, 1), graph.Shape{batch, queries, 3})
				value := s.Values(graphtest.Uniform(2, batch*values*2, 1), graph.Shape{batch, values, 2})
				mask := s.Values([]float64{1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1}[:shape.Size()], shape)
				whole := mask.BroadcastTo(batch, queries, values)
				for name, m := range map[string]graph.Value{"got": mask, "want": whole} {
					for i, y := range layers.Apply(s, "mha", l, query, value, m) {
						s.Output(fmt.Sprint(name, i), y)
					}
				}
				s.Output("all0", layers.Apply(s, "mha", l, query, value, s.Const(1, whole.Shape()))[0])
			})
			graphtest.CheckOutput(t, fmt.Sprint(shape), out["got0"], out["want0"], 0)
			if scores {
				graphtest.CheckOutput(t, fmt.Sprint(shape, " scores"), out["got1"], out["want1"], 0)
			}
			if fmt.Sprint(out["got0"]) == fmt.Sprint(out["all0"]) {
				t.Errorf("%v: the mask must make a difference", shape)
			}
		}
	}
	l := layers.MultiHeadAttention{NumHeads: 1, KeyDim: 2, AttentionMask: true}
	checkShape(t, l, graph.Shape{graph.Any, graph.Any, 3}, graph.Shape{graph.Any, graph.Any, 3}, graph.Shape{graph.Any, 1, graph.Any})
	layertest.Invalid(t, l, "MultiHeadAttention.AttentionMask", graph.Shape{graph.Any, 3, 2}, graph.Shape{graph.Any, 2, 3})
}
