package layers_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:   layers.Input{Shape: graph.Shape{4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Valid:   map[string]any{"Shape": graph.Shape{}}, // one number a sample
	Steps: []conformance.Step{
		{Layer: layers.Input{Shape: graph.Shape{graph.Any, 3}}},
	},
})

func TestInput(t *testing.T) {
	for _, shape := range []graph.Shape{{3}, {4, 3}, {graph.Any, 3}, {1}, {}} {
		data := shape.Clone()
		if len(data) > 0 && data[0] == graph.Any {
			data[0] = 5
		}
		layertest.Check(t, layertest.Case{
			Layer:   layers.Input{Shape: shape},
			Inputs:  []graphtest.Array{graphtest.Input(1, append([]int{2}, data...)...)},
			Outputs: []graph.Shape{append(graph.Shape{graph.Any}, data...)},
		})
	}
}

func TestInputRefuses(t *testing.T) {
	for _, shape := range []graph.Shape{nil, {0}, {3, 0}, {-2}, {3, -2, 1}} {
		layertest.Invalid(t, layers.Input{Shape: shape}, "Input.Shape", graph.Shape{graph.Any, 3})
	}
	for _, in := range [][]graph.Shape{
		nil, {{graph.Any}}, {{graph.Any, 4}}, {{graph.Any, 3, 1}}, {{graph.Any, graph.Any}},
		{{graph.Any, 3}, {graph.Any, 3}},
	} {
		layertest.Invalid(t, layers.Input{Shape: graph.Shape{3}}, "Input", in...)
	}
	for _, in := range [][]graph.Shape{nil, {{}}, {{graph.Any, 1}}, {{graph.Any}, {graph.Any}}} {
		layertest.Invalid(t, layers.Input{Shape: graph.Shape{}}, "Input", in...)
	}
}
