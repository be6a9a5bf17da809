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
	Value:    layers.Dropout{Rate: 0.5},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++",
	Compared: "TestDropoutKeepsItsPart",
	Steps: []conformance.Step{
		{Layer: layers.Dropout{Rate: 0.5}},
	},
	Draw: func(d *conformance.Drawing) {
		x, l := d.Either(), layers.Dropout{Rate: d.Rate()}
		if d.Yes("noise") {
			l.NoiseShape = append(graph.Shape{graph.Any}, x.Shape...).With(1, 1)
		}
		d.Use(conformance.Rest(d, l), x.Shape, x.Tensor)
	},
})

func TestDropout(t *testing.T) {
	for _, c := range []struct {
		rate float64
		in   []int
	}{
		{0, []int{2, 3}}, {0.5, []int{2, 3}}, {0.9, []int{2}}, {0.25, []int{3, 1, 4}}, {1e-9, []int{2, 1}},
	} {
		layertest.Check(t, layertest.Case{
			Layer:   layers.Dropout{Rate: c.rate},
			Inputs:  []graphtest.Array{graphtest.Input(1, c.in...)},
			Outputs: []graph.Shape{graph.Shape(c.in).With(0, graph.Any)},
		})
	}
}

// A mask of another shape repeats along its axes of size 1.
func TestDropoutNoiseShape(t *testing.T) {
	in := graph.Shape{2, 3, 4}
	for _, c := range []struct {
		noise graph.Shape
		same  func(a, b []int) bool // whether two elements share a draw
	}{
		{graph.Shape{graph.Any, 1, graph.Any}, func(a, b []int) bool { return a[0] == b[0] && a[2] == b[2] }},
		{graph.Shape{graph.Any, 3, 1}, func(a, b []int) bool { return a[0] == b[0] && a[1] == b[1] }},
		{graph.Shape{1, 1, 4}, func(a, b []int) bool { return a[2] == b[2] }},
	} {
		l := layers.Dropout{Rate: 0.5, NoiseShape: c.noise}
		layertest.Check(t, layertest.Case{
			Layer: l, Inputs: []graphtest.Array{graphtest.Input(1, in...)}, Outputs: []graph.Shape{{graph.Any, 3, 4}},
		})
		apart := false
		for step := range 20 {
			y := evaluate(t, training(t), graph.Tick{Step: step}, func(s *graph.Scope) {
				s.Output("y", layers.Apply(s, "dropout", l, s.Const(1, in))[0])
			})["y"]
			at := func(i int) []int { return []int{i / 12, i / 4 % 3, i % 4} }
			for i := range y {
				for k := range y {
					if c.same(at(i), at(k)) && y[i] != y[k] {
						t.Fatalf("noise shape %v: elements %v and %v have masks of their own", c.noise, at(i), at(k))
					}
					apart = apart || y[i] != y[k]
				}
			}
		}
		if !apart {
			t.Errorf("noise shape %v: all elements share one mask", c.noise)
		}
	}
}

// Two layers of one seed have one mask, whatever the model's is.
func TestDropoutSeed(t *testing.T) {
	masks := func(model, own uint64) (first, second []float64) {
		cfg := training(t)
		cfg.Seed = model
		out := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
			for _, name := range []string{"a", "b"} {
				s.Output(name, layers.Apply(s, name, layers.Dropout{Rate: 0.5, Seed: &own}, s.Const(1, graph.Shape{10, 10}))[0])
			}
		})
		return out["a"], out["b"]
	}
	a, b := masks(1, 7)
	other, _ := masks(2, 7)
	if !slices.Equal(a, b) || !slices.Equal(a, other) {
		t.Error("one seed gave two masks")
	}
	if other, _ = masks(1, 0); slices.Equal(a, other) {
		t.Error("another seed gave the same mask")
	}
}

func TestDropoutRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3}
	for _, rate := range []float64{-0.1, 1, 1.5, math.NaN(), math.Inf(1), math.Inf(-1)} {
		layertest.Invalid(t, layers.Dropout{Rate: rate}, "Dropout.Rate", in)
	}
	for _, noise := range []graph.Shape{{2}, {0, 3}, {-2, 3}, {graph.Any, 2}, {graph.Any, 1, 3}, {graph.Any, graph.Any, 1}} {
		layertest.Invalid(t, layers.Dropout{Rate: 0.5, NoiseShape: noise}, "Dropout.NoiseShape", in)
	}
	layertest.Invalid(t, layers.Dropout{Rate: 0.5}, "Dropout", in, in)
	layertest.Invalid(t, layers.Dropout{Rate: 0.5}, "Dropout", graph.Shape{})
}

// dropped gives dropout's output and gradient for an input of ones.
func dropped(t *testing.T, cfg graph.Config, at graph.Tick, name string, rate float64, shape graph.Shape) (y, dy []float64) {
	t.Helper()
	out := evaluate(t, cfg, at, func(s *graph.Scope) {
		x := s.Const(1, shape)
		y := layers.Apply(s, name, layers.Dropout{Rate: rate}, x)[0]
		s.Output("y", y)
		s.Output("dy", s.Gradients(y.Sum(), x)[0])
	})
	return out["y"], out["dy"]
}

// Of n elements, about n·(1 − rate) are kept, each times 1/(1 − rate); the
// gradient has the same mask.
func TestDropoutKeepsItsPart(t *testing.T) {
	const n = 40000
	for _, rate := range []float64{0.1, 0.5, 0.8} {
		y, dy := dropped(t, training(t), graph.Tick{}, "dropout", rate, graph.Shape{n / 8, 8})
		kept := 0.0
		for _, v := range y {
			if v != 0 && v != 1/(1-rate) {
				t.Fatalf("rate %g: %g is neither 0 nor 1/(1 − rate)", rate, v)
			}
			if v != 0 {
				kept++
			}
		}
		deviation := math.Sqrt(n * rate * (1 - rate))
		if off := kept - n*(1-rate); math.Abs(off) > 4*deviation {
			t.Errorf("rate %g: kept %g of %d, off by %.1f standard deviations", rate, kept, n, off/deviation)
		}
		if !slices.Equal(y, dy) {
			t.Errorf("rate %g: the gradient has another mask", rate)
		}
	}
}

func TestDropoutOnlyInTraining(t *testing.T) {
	y, dy := dropped(t, config(t), graph.Tick{}, "dropout", 0.9, graph.Shape{10, 10})
	ones := slices.Repeat([]float64{1}, 100)
	if !slices.Equal(y, ones) || !slices.Equal(dy, ones) {
		t.Error("dropout is applied outside training")
	}
}

// A mask is a function of seed, path and tick.
func TestDropoutMasks(t *testing.T) {
	shape := graph.Shape{10, 10}
	mask := func(seed uint64, at graph.Tick, name string) []float64 {
		cfg := training(t)
		cfg.Seed = seed
		y, _ := dropped(t, cfg, at, name, 0.5, shape)
		return y
	}
	first := mask(1, graph.Tick{}, "dropout")
	if !slices.Equal(first, mask(1, graph.Tick{}, "dropout")) {
		t.Error("the same seed, path and tick gave another mask")
	}
	for what, other := range map[string][]float64{
		"epoch": mask(1, graph.Tick{Epoch: 1}, "dropout"),
		"step":  mask(1, graph.Tick{Step: 1}, "dropout"),
		"seed":  mask(2, graph.Tick{}, "dropout"),
		"path":  mask(1, graph.Tick{}, "dropout_1"),
	} {
		if slices.Equal(first, other) {
			t.Errorf("another %s gave the same mask", what)
		}
	}
	out := evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Const(1, shape)
		for _, name := range []string{"a", "b"} {
			s.Output(name, layers.Apply(s, name, layers.Dropout{Rate: 0.5}, x)[0])
		}
		s.Output("a again", layers.Apply(s, "a", layers.Dropout{Rate: 0.5}, x)[0])
	})
	if slices.Equal(out["a"], out["b"]) || slices.Equal(out["a"], out["a again"]) {
		t.Error("two dropouts of a model have the same mask")
	}
}

// A second run of one program draws a second mask.
func TestDropoutDrawsForEveryRun(t *testing.T) {
	prog, err := graph.NewProgram(training(t), func(s *graph.Scope) {
		s.Output("y", layers.Apply(s, "dropout", layers.Dropout{Rate: 0.5}, s.Const(1, graph.Shape{100}))[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	var got [][]float64
	for _, step := range []int{0, 1, 0} {
		if err := prog.Run(graph.Tick{Step: step}); err != nil {
			t.Fatal(err)
		}
		y, err := prog.Output("y")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, float64s(y))
	}
	if slices.Equal(got[0], got[1]) || !slices.Equal(got[0], got[2]) {
		t.Errorf("got %v", got)
	}
}

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
