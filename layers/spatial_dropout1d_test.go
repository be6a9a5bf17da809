package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:   layers.SpatialDropout1D{Rate: 0.5},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{4, 6}},
	Accepts: "-+---+",
	Steps: []conformance.Step{
		{Layer: layers.SpatialDropout1D{Rate: 0.5}},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(conformance.Rest(d, layers.SpatialDropout1D{Rate: d.Rate()}), x.Shape, x.Tensor)
	},
})

func TestSpatialDropout1D(t *testing.T) {
	for _, c := range []struct {
		layer layers.SpatialDropout1D
		in    []int
	}{
		{layers.SpatialDropout1D{}, []int{2, 3, 4}},
		{layers.SpatialDropout1D{Rate: 0.5}, []int{2, 3, 4}},
		{layers.SpatialDropout1D{Rate: 0.9, Seed: new(uint64(3))}, []int{3, 1, 1}},
	} {
		layertest.Check(t, layertest.Case{
			Layer: c.layer, Inputs: []graphtest.Array{graphtest.Input(1, c.in...)},
			Outputs: []graph.Shape{graph.Shape(c.in).With(0, graph.Any)},
		})
	}
}

// A feature of a sample is dropped in all steps or in none, and about as many
// of them as the rate says; samples and features are dropped one by one.
func TestSpatialDropout1DDropsFeatures(t *testing.T) {
	const batch, steps, features, rate = 200, 3, 50, 0.3
	out := evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
		s.Output("y", layers.Apply(s, "drop", layers.SpatialDropout1D{Rate: rate}, s.Const(1, graph.Shape{batch, steps, features}))[0])
	})["y"]
	kept := 0.0
	for n := range batch {
		for f := range features {
			first := out[n*steps*features+f]
			for step := range steps {
				if y := out[(n*steps+step)*features+f]; y != first || y != 0 && y != 1/(1-rate) {
					t.Fatalf("sample %d, feature %d is %g in step %d and %g in the first", n, f, y, step, first)
				}
			}
			if first != 0 {
				kept++
			}
		}
	}
	want, deviation := batch*features*(1-rate), math.Sqrt(batch*features*rate*(1-rate))
	if math.Abs(kept-want) > 4*deviation {
		t.Errorf("kept %g features, want about %g", kept, want)
	}
}

func TestSpatialDropout1DRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, graph.Any, 3}
	for _, rate := range []float64{-0.1, 1, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.SpatialDropout1D{Rate: rate}, "SpatialDropout1D.Rate", in)
	}
	for _, bad := range [][]graph.Shape{nil, {in, in}, {{2, 3}}, {{2, 3, 4, 5}}} {
		layertest.Invalid(t, layers.SpatialDropout1D{Rate: 0.5}, "SpatialDropout1D", bad...)
	}
}
