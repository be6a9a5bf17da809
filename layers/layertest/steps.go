package layertest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// Steps runs a layer one step of its sequences at a time and compares each with
// the layer on all steps so far, see layers.Stepwise. The first input is a
// sequence, and so are others of three axes or more with the same number of steps. It
// returns why the layer cannot run like this, or nil if it can.
func Steps(t testing.TB, c Case) (refused error) {
	t.Helper()
	l, err := layers.Resolve(c.Layer)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Inputs[0].Shape) < 2 {
		t.Fatal("the first input must have steps")
	}
	batch, steps := c.Inputs[0].Shape[0], c.Inputs[0].Shape[1]
	from := func(i, first, end int) graphtest.Array {
		if a := c.Inputs[i]; stepped(c, i) {
			return cutSteps(a, first, end)
		}
		return c.Inputs[i]
	}
	states, err := graph.NewStates(tensor.Float64, batch)
	if err != nil {
		t.Fatal(err)
	}
	cfg := graph.Config{Params: newParams(t, tensor.Float64), Seed: 1, States: states, Stepping: true, Memory: steps}
	var paces []graph.Pace
	prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		in := make([]graph.Value, len(c.Inputs))
		for i := range in {
			in[i] = s.Input(fmt.Sprint("x", i), from(i, 0, 1).Shape).WithPace(graph.Still)
			if stepped(c, i) {
				in[i] = in[i].WithPace(graph.Stepped)
			}
		}
		s.Within("layer", func() {
			paces = nil
			if asked, ok := l.(layers.Stepwise); ok {
				_, refused = asked.Stepwise(in)
			}
			for i, y := range layers.Call(s, l, in...) {
				s.Output(outputName(i), y)
				paces = append(paces, y.Pace())
			}
		})
	})
	if _, ok := l.(layers.Stepwise); !ok && refused == nil {
		refused = err
	}
	if refused != nil {
		if err == nil {
			t.Error("the layer says that it cannot run step by step, and does")
		}
		return refused
	}
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	for n := range steps {
		whole := make([]graphtest.Array, len(c.Inputs))
		for i := range whole {
			whole[i] = from(i, 0, n+1)
			a := from(i, n, n+1)
			x := tensor.New(tensor.WithShape(a.Shape...), tensor.WithBacking(slices.Clone(a.Data)))
			if err := prog.SetInput(fmt.Sprint("x", i), x); err != nil {
				t.Fatal(err)
			}
		}
		if err := prog.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		for i, want := range run(t, l, graph.Config{Params: cfg.Params}, whole) {
			if paces[i] == graph.Stepped {
				want = cutSteps(want, n, n+1)
			}
			got := output(t, prog, outputName(i))
			if !slices.Equal(got.Shape(), want.Shape) {
				t.Fatalf("output %d of step %d has the shape %v, want %v", i, n, got.Shape(), want.Shape)
			}
			graphtest.CheckOutput(t, fmt.Sprintf("output %d of step %d", i, n), float64s(got), want.Data, graphtest.Tol64)
		}
		prog.Advance()
	}
	return nil
}

// cutSteps is an array from one step to another.
func cutSteps(a graphtest.Array, from, to int) graphtest.Array {
	size := graph.Shape(a.Shape[2:]).Size()
	out := graphtest.Array{Shape: graph.Shape(a.Shape).With(1, to-from)}
	for i := range a.Shape[0] {
		at := i * a.Shape[1] * size
		out.Data = append(out.Data, a.Data[at+from*size:at+to*size]...)
	}
	return out
}

// checkSteps skips layers that refuse to run step by step, and those whose config has
// the number of steps, as they accept no fewer.
func checkSteps(t testing.TB, c Case) {
	if len(c.Inputs[0].Shape) < 2 {
		return
	}
	all, first := make([]graph.Shape, len(c.Inputs)), make([]graph.Shape, len(c.Inputs))
	for i, a := range c.Inputs {
		all[i], first[i] = a.Shape, a.Shape
		if stepped(c, i) {
			first[i] = all[i].With(1, 1)
		}
	}
	if fixed := shapes(c.Layer, all, nil) == nil && shapes(c.Layer, first, nil) != nil; !fixed {
		Steps(t, c)
	}
}

// stepped reports whether input i comes step by step.
func stepped(c Case, i int) bool {
	shape := c.Inputs[i].Shape
	return i == 0 || len(shape) > 2 && shape[1] == c.Inputs[0].Shape[1]
}
