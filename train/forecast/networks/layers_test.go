package networks

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

// TestLayers holds the layers of the networks to what all layers must satisfy.
func TestLayers(t *testing.T) {
	for name, l := range map[string]layers.Layer{
		"dlinear": dlinear{Horizon: 3, Targets: 2, Outputs: 2, Kernel: 3},
		"segRNN":  segRNN{Horizon: 3, Targets: 2, Outputs: 2, Units: 3, Segment: 2, Dropout: 0.5},
		"nhits":   nhits{Horizon: 3, Targets: 2, Outputs: 2, Units: 3, Layers: 1, Pool: []int{2, 1}, Every: []int{2, 1}, Blocks: 1},
	} {
		t.Run(name, func(t *testing.T) {
			layertest.Check(t, layertest.Case{
				Layer:   l,
				Inputs:  []graphtest.Array{graphtest.Input(1, 2, 5, 3), graphtest.Input(2, 2, 3, 2), graphtest.Input(3, 2, 2)},
				Outputs: []graph.Shape{{graph.Any, 6, 2}},
				Custom:  All(),
			})
		})
	}
}

// TestLayerErrors refuses fields that a damaged file may hold.
func TestLayerErrors(t *testing.T) {
	for _, c := range []struct {
		layer layers.Layer
		want  errs.Error
	}{
		{dlinear{Targets: 1, Outputs: 1, Kernel: 1}, errs.Error{Field: "dlinear.Horizon", Value: 0}},
		{dlinear{Horizon: 1 << 30, Targets: 1 << 30, Outputs: 1, Kernel: 1}, errs.Error{Field: "dlinear"}},
		{dlinear{Horizon: 1, Targets: 1, Outputs: 1}, errs.Error{Field: "dlinear.Kernel", Value: 0}},
		{dlinear{Horizon: 1, Targets: 1, Outputs: 1, Kernel: 2}, errs.Error{Field: "dlinear.Kernel", Value: 2}},
		{segRNN{Horizon: 1, Targets: -1, Outputs: 1, Units: 1, Segment: 1}, errs.Error{Field: "segRNN.Targets", Value: -1}},
		{segRNN{Horizon: 1, Targets: 1, Outputs: 1, Segment: 1}, errs.Error{Field: "segRNN.Units", Value: 0}},
		{segRNN{Horizon: 1, Targets: 1, Outputs: 1, Units: 1}, errs.Error{Field: "segRNN.Segment", Value: 0}},
		{segRNN{Horizon: 1, Targets: 1, Outputs: 1, Units: 1, Segment: 1, Dropout: 2}, errs.Error{Field: "segRNN.Dropout", Value: 2}},
		{nhits{Horizon: 1, Targets: 1, Units: 1, Layers: 1, Pool: []int{1}, Every: []int{1}, Blocks: 1}, errs.Error{Field: "nhits.Outputs", Value: 0}},
		{nhits{Horizon: 1, Targets: 1, Outputs: 1, Units: 1, Layers: 1, Every: []int{1}, Blocks: 1}, errs.Error{Field: "nhits.Pool", Value: 0}},
		{nhits{Horizon: 1, Targets: 1, Outputs: 1, Units: 1, Layers: 1, Pool: []int{0}, Every: []int{1}, Blocks: 1}, errs.Error{Field: "nhits.Pool[0]", Value: 0}},
		{nhits{Horizon: 1, Targets: 1, Outputs: 1, Units: 1, Pool: []int{1}, Every: []int{1}, Blocks: 1}, errs.Error{Field: "nhits.Layers", Value: 0}},
		{nhits{Horizon: 1, Targets: 1, Outputs: 1, Units: 1, Layers: 1, Pool: []int{1}, Every: []int{1}}, errs.Error{Field: "nhits.Blocks", Value: 0}},
		{nhits{Horizon: 1, Targets: 1, Outputs: 1, Units: 1, Layers: 1, Pool: []int{1, 1}, Every: []int{1, 1}, Blocks: 33}, errs.Error{Field: "nhits.Blocks", Value: 33}},
	} {
		_, err := layers.Resolve(c.layer)
		errtest.Check(t, err, c.want)
	}
}

// TestLargeInterpolation refuses a matrix that would take too much memory.
func TestLargeInterpolation(t *testing.T) {
	_, err := NHITS{Units: 1, Pool: []int{1}, Every: []int{2}}.Model(Task{Steps: 2, Horizon: 4096, Past: 1, Targets: 1, Outputs: 1})
	errtest.Check(t, err, errs.Error{Path: "functional/nhits", Field: "nhits", Value: 2048 * 4096})
}
