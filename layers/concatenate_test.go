package layers_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

var _ = specimen(conformance.Layer{
	Value:    layers.Concatenate{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 12}},
	Defaults: layers.Concatenate{Axis: -1},
	Accepts:  "++++++ ------",
	Compared: "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Concatenate{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 2}}},
		{Layer: layers.Concatenate{Axis: 1}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x, all := d.Alike()
		if len(x.Shape) == 2 && d.Yes("steps") {
			d.Pooled(layers.Concatenate{Axis: 1}, d.Features(x), all...)
			return
		}
		d.Use(layers.Concatenate{}, x.Shape.With(len(x.Shape)-1, len(all)*d.Features(x)), all...)
	},
})

// Along the steps masks are joined like the values; an input without one counts
// in full.
func TestConcatenateMasksOfSteps(t *testing.T) {
	x, y := drawn(1, 1, 2, 2, 3), drawn(2, 1, 2, 1, 3)
	for _, c := range []struct {
		axis  int
		masks [][]float64
		want  []float64
	}{
		{1, [][]float64{{1, 0, 1, 1}, {0, 1}}, []float64{1, 0, 0, 1, 1, 1}},
		{-2, [][]float64{{1, 0, 0, 1}, nil}, []float64{1, 0, 1, 0, 1, 1}},
		{1, [][]float64{nil, {1, 0}}, []float64{1, 1, 1, 1, 1, 0}},
		{1, nil, nil},
	} {
		a := applied{layer: layers.Concatenate{Axis: c.axis}, inputs: []graphtest.Array{x, y}, masks: c.masks}
		if got := a.run(t, tensor.Float64)["mask"]; !slices.Equal(got, c.want) {
			t.Errorf("%v along %d: got %v, want %v", c.masks, c.axis, got, c.want)
		}
	}
}

func TestConcatenateShapes(t *testing.T) {
	open := graph.Shape{graph.Any, graph.Any, 3}
	checkShape(t, layers.Concatenate{}, open.With(2, 8), open, open.With(2, 5))
	checkShape(t, layers.Concatenate{Axis: 1}, open, open, open.With(1, 5))
	checkShape(t, layers.Concatenate{Axis: 1}, open.With(1, 7), open.With(1, 2), open.With(1, 5))
	in := graph.Shape{graph.Any, 4, 3}
	layertest.Invalid(t, layers.Concatenate{}, "Concatenate")
	layertest.Invalid(t, layers.Concatenate{}, "Concatenate", in, in.With(1, 5))
	layertest.Invalid(t, layers.Concatenate{}, "Concatenate", in, graph.Shape{graph.Any, 3})
	layertest.Invalid(t, layers.Concatenate{}, "Concatenate", in.With(0, 2), in.With(0, 3))
	layertest.Invalid(t, layers.Concatenate{Axis: 3}, "Concatenate.Axis", in, in)
	layertest.Invalid(t, layers.Concatenate{Axis: -3}, "Concatenate.Axis", in, in)
	layertest.Invalid(t, layers.Concatenate{}, "Concatenate.Axis", graph.Shape{2})
}

// A sequence of which there is one step, and an input with all steps, have no
// steps in common.
func TestConcatenateRefusesStepsBesideWholes(t *testing.T) {
	err := layertest.Steps(t, layertest.Case{
		Layer:  layers.Concatenate{},
		Inputs: []graphtest.Array{graphtest.Input(1, 2, 1, 3), graphtest.Input(2, 2, 2, 3)},
	})
	errtest.Check(t, err, graph.Error{Field: "Concatenate"})
}
