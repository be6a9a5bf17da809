package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:    layers.SpatialDropout1D{Rate: 0.5},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "-+---+",
	Compared: "TestSpatialDropout1DDropsFeatures",
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

var _ = specimen(conformance.Layer{
	Value:    layers.GaussianNoise{Stddev: 0.1},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++",
	Compared: "TestGaussianNoiseIsNormal",
	Steps: []conformance.Step{
		{Layer: layers.GaussianNoise{Stddev: 0.5}},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Either()
		d.Use(conformance.Rest(d, layers.GaussianNoise{Stddev: d.Rate()}), x.Shape, x.Tensor)
	},
})

func TestGaussianNoise(t *testing.T) {
	for _, c := range []struct {
		layer layers.GaussianNoise
		in    []int
	}{
		{layers.GaussianNoise{}, []int{2, 3}},
		{layers.GaussianNoise{Stddev: 0.5}, []int{2}},
		{layers.GaussianNoise{Stddev: 1, Seed: new(uint64(3))}, []int{3, 1, 4}},
	} {
		layertest.Check(t, layertest.Case{
			Layer: c.layer, Inputs: []graphtest.Array{graphtest.Input(1, c.in...)},
			Outputs: []graph.Shape{graph.Shape(c.in).With(0, graph.Any)},
		})
	}
}

// noisy gives the output for an input of ones, and its gradient.
func noisy(t *testing.T, cfg graph.Config, l layers.GaussianNoise, n int) (y, dy []float64) {
	t.Helper()
	out := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
		x := s.Const(1, graph.Shape{n, 4})
		y := layers.Apply(s, "noise", l, x)[0]
		s.Output("y", y)
		s.Output("dy", s.Gradients(y.Sum(), x)[0])
	})
	return out["y"], out["dy"]
}

// In training the noise has mean 0 and the standard deviation that was asked
// for, and the gradient passes; at other times there is none.
func TestGaussianNoiseIsNormal(t *testing.T) {
	const rows, stddev = 10000, 0.3
	n := float64(4 * rows)
	y, dy := noisy(t, training(t), layers.GaussianNoise{Stddev: stddev}, rows)
	sum, squares, within := 0.0, 0.0, 0.0
	for _, v := range y {
		sum, squares = sum+v-1, squares+(v-1)*(v-1)
		if math.Abs(v-1) < stddev {
			within++
		}
	}
	if mean := sum / n; math.Abs(mean) > 4*stddev/math.Sqrt(n) {
		t.Errorf("the mean is %g", mean)
	}
	if got := math.Sqrt(squares / n); math.Abs(got/stddev-1) > 4/math.Sqrt(2*n) {
		t.Errorf("the standard deviation is %g, want %g", got, stddev)
	}
	if part := within / n; math.Abs(part-0.6827) > 0.01 {
		t.Errorf("%g of the draws lie within one standard deviation, want 0.6827", part)
	}
	ones := slices.Repeat([]float64{1}, 4*rows)
	if !slices.Equal(dy, ones) {
		t.Error("the gradient does not pass")
	}
	if y, dy := noisy(t, config(t), layers.GaussianNoise{Stddev: stddev}, rows); !slices.Equal(y, ones) || !slices.Equal(dy, ones) {
		t.Error("there is noise outside training")
	}
}

// The layer's own seed decides where it is set, and the model's elsewhere.
func TestGaussianNoiseSeed(t *testing.T) {
	draw := func(model uint64, own *uint64) []float64 {
		cfg := training(t)
		cfg.Seed = model
		y, _ := noisy(t, cfg, layers.GaussianNoise{Stddev: 1, Seed: own}, 2)
		return y
	}
	if slices.Equal(draw(1, nil), draw(2, nil)) || slices.Equal(draw(1, new(uint64(0))), draw(1, new(uint64(1)))) {
		t.Error("another seed draws the same")
	}
	if !slices.Equal(draw(1, new(uint64(0))), draw(2, new(uint64(0)))) {
		t.Error("the model's seed changes the draws of a layer that has a seed")
	}
}

func TestGaussianNoiseRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3}
	for _, stddev := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		layertest.Invalid(t, layers.GaussianNoise{Stddev: stddev}, "GaussianNoise.Stddev", in)
	}
	layertest.Invalid(t, layers.GaussianNoise{Stddev: 0.5}, "GaussianNoise", in, in)
	layertest.Invalid(t, layers.GaussianNoise{Stddev: 0.5}, "GaussianNoise", graph.Shape{})
}
