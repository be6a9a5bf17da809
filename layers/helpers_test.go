package layers_test

import (
	"math/rand/v2"
	"slices"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

type rnd = *rand.Rand

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// config is that of a program over new parameters, in float64.
func config(t tester) graph.Config {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return graph.Config{Params: params, Seed: 1}
}

// training is a config for training.
func training(t tester) graph.Config {
	t.Helper()
	cfg := config(t)
	cfg.Training = true
	return cfg
}

// evaluate compiles build, runs it once, and gives all outputs by name.
func evaluate(t tester, cfg graph.Config, at graph.Tick, build func(s *graph.Scope)) map[string][]float64 {
	t.Helper()
	prog, err := graph.NewProgram(cfg, build)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer prog.Close()
	if err := prog.Run(at); err != nil {
		t.Fatalf("%v", err)
	}
	out := map[string][]float64{}
	for _, name := range prog.Outputs() {
		y, err := prog.Output(name)
		if err != nil {
			t.Fatalf("%v", err)
		}
		out[name] = float64s(y)
	}
	return out
}

// follow runs the shape pass of build.
func follow(t tester, cfg graph.Config, build func(s *graph.Scope)) {
	t.Helper()
	if err := graph.Shapes(cfg, build); err != nil {
		t.Fatalf("%v", err)
	}
}

func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return slices.Clone(t.Float64s())
	}
	var out []float64
	for _, x := range t.Float32s() {
		out = append(out, float64(x))
	}
	return out
}
