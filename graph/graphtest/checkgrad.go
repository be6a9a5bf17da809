package graphtest

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// CheckGrad compares the gradients of f with respect to all inputs, and to all
// parameters that f declares, with finite differences in float64. f may return a value
// of any shape. The loss is its sum, weighted with fixed random numbers so that errors
// of several elements do not cancel.
//
// The inputs should differ by at least 0.01 from points where f is not differentiable.
func CheckGrad(t testing.TB, f func(s *graph.Scope, in []graph.Value) graph.Value, inputs ...Array) {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true, Seed: 1}, func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, a := range inputs {
			in[i] = s.Input(inputName(i), a.Shape)
		}
		y := f(s, in)
		weights := Input(99, y.Shape()...)
		loss := y.Times(s.Values(weights.Data, y.Shape())).Sum()
		s.Output("loss", loss)
		wrt := append([]graph.Value{}, in...)
		for _, b := range s.Bound() {
			wrt = append(wrt, b.Value)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(fmt.Sprint("gradient ", i), g)
		}
	})
	if err != nil {
		t.Fatalf("building: %v", err)
	}
	defer prog.Close()

	memory := make([][]float64, 0, len(inputs))
	names := make([]string, 0, len(inputs))
	for i, a := range inputs {
		d := tensor.New(tensor.WithShape(physical(a.Shape)...), tensor.WithBacking(append([]float64{}, a.Data...)))
		if err := prog.SetInput(inputName(i), d); err != nil {
			t.Fatal(err)
		}
		memory, names = append(memory, d.Float64s()), append(names, inputName(i))
	}
	for _, p := range prog.Params() {
		memory, names = append(memory, p.Value().Float64s()), append(names, p.Path)
	}
	loss := func() float64 {
		t.Helper()
		if err := prog.Run(graph.Tick{}); err != nil {
			t.Fatalf("running: %v", err)
		}
		out, err := prog.Output("loss")
		if err != nil {
			t.Fatal(err)
		}
		return out.Float64s()[0]
	}
	loss()
	grads := make([][]float64, len(memory))
	for i := range grads {
		g, err := prog.Output(fmt.Sprint("gradient ", i))
		if err != nil {
			t.Fatal(err)
		}
		grads[i] = append([]float64{}, g.Float64s()...)
	}
	for i, x := range memory {
		compareGrad(t, names[i], x, grads[i], loss)
	}
}

// compareGrad uses the five-point formula, whose error is O(step⁴).
func compareGrad(t testing.TB, name string, x, grad []float64, loss func() float64) {
	t.Helper()
	const step, tolerance = 1e-3, 1e-7
	scale := 1.0
	for _, g := range grad {
		scale = math.Max(scale, math.Abs(g))
	}
	for _, i := range sample(len(x)) {
		old := x[i]
		at := func(d float64) float64 {
			x[i] = old + d
			return loss()
		}
		want := (8*(at(step)-at(-step)) - (at(2*step) - at(-2*step))) / (12 * step)
		x[i] = old
		if !(math.Abs(grad[i]-want) <= tolerance*scale) {
			t.Errorf("gradient to %s[%d]: got %g, finite differences give %g", name, i, grad[i], want)
			return
		}
	}
}

// sample chooses the elements to check: all of them, or 64 at regular distances.
func sample(n int) []int {
	const most = 64
	out := make([]int, 0, most)
	for k := range min(n, most) {
		out = append(out, k*n/min(n, most))
	}
	return out
}

// Input makes an input of the given shape with random elements in [−1, 1]. Equal seeds
// give equal elements.
func Input(seed int, shape ...int) Array {
	n := graph.Shape(shape).Size()
	r := graph.Rand(uint64(seed), "graphtest", "", graph.Tick{})
	data := make([]float64, n)
	for i := range data {
		data[i] = 2*r.Float64() - 1
	}
	return Array{Shape: append([]int{}, shape...), Data: data}
}

func inputName(i int) string { return fmt.Sprint("input ", i) }

func physical(shape []int) []int {
	if len(shape) == 0 {
		return []int{1}
	}
	return shape
}
