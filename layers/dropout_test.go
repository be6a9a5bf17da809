package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

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

func TestDropoutRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3}
	for _, rate := range []float64{-0.1, 1, 1.5, math.NaN(), math.Inf(1), math.Inf(-1)} {
		layertest.Invalid(t, layers.Dropout{Rate: rate}, "Dropout.Rate", in)
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
		t.Error("dropout is at work outside training")
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
