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
						t.Fatalf("noise shape %v: elements %v and %v have separate masks", c.noise, at(i), at(k))
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
