package graph_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"pgregory.net/rapid"
)

// windowsOver draws steps and windows that fit.
func windowsOver(t *rapid.T, pool bool) (steps int, w graph.Window) {
	w = graph.Window{Size: rapid.IntRange(1, 4).Draw(t, "size"), Stride: rapid.IntRange(1, 4).Draw(t, "stride"), Dilation: 1}
	padding := w.Size - 1
	if !pool {
		w.Dilation = rapid.IntRange(1, 3).Draw(t, "dilation")
		padding = 2 * w.Span()
	}
	w.Before, w.After = rapid.IntRange(0, padding).Draw(t, "before"), rapid.IntRange(0, padding).Draw(t, "after")
	return rapid.IntRange(max(1, w.Span()-w.Before-w.After), 11).Draw(t, "steps"), w
}

// places are the steps that window i sees, −1 for padding.
func places(w graph.Window, steps, i int) []int {
	out := make([]int, w.Size)
	for j := range out {
		out[j] = i*w.Stride + j*w.Dilation - w.Before
		if out[j] < 0 || out[j] >= steps {
			out[j] = -1
		}
	}
	return out
}

// countOf is how many windows fit.
func countOf(w graph.Window, steps int) int {
	n := 0
	for i := 0; i*w.Stride+(w.Size-1)*w.Dilation < w.Before+steps+w.After; i++ {
		n++
	}
	return n
}

func TestWindowsValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps, w := windowsOver(t, false)
		x := filled(t, "x", wild, []int{rapid.IntRange(1, 3).Draw(t, "batch"), steps, rapid.IntRange(1, 3).Draw(t, "features")})
		checkOp(t, fmt.Sprintf("windows %+v", w), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Windows(w) },
			func(in []array) array {
				return tabulate([]int{x.Shape[0], countOf(w, steps), w.Size, x.Shape[2]}, func(at []int) float64 {
					step := places(w, steps, at[1])[at[2]]
					if step < 0 {
						return 0
					}
					return pick(in[0], []int{at[0], step, at[3]})
				})
			}, x)
	})
}

func TestPoolValues(t *testing.T) {
	for name, c := range map[string]struct {
		op   func(graph.Value, graph.Window) graph.Value
		want func([]float64) float64
		tol  float64
		of   *rapid.Generator[float64]
	}{
		"max":  {graph.Value.MaxPool, maxOf, 0, wild},
		"mean": {graph.Value.MeanPool, meanOf, 1e-12, sane},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				steps, w := windowsOver(t, true)
				x := filled(t, "x", c.of, []int{rapid.IntRange(1, 3).Draw(t, "batch"), steps, rapid.IntRange(1, 3).Draw(t, "features")})
				checkOp(t, fmt.Sprintf("%s pool %+v", name, w), c.tol,
					func(_ *graph.Scope, in []graph.Value) graph.Value { return c.op(in[0], w) },
					func(in []array) array {
						return tabulate([]int{x.Shape[0], countOf(w, steps), x.Shape[2]}, func(at []int) float64 {
							var seen []float64
							for _, step := range places(w, steps, at[1]) {
								if step >= 0 {
									seen = append(seen, pick(in[0], []int{at[0], step, at[2]}))
								}
							}
							return c.want(seen)
						})
					}, x)
			})
		})
	}
}

func TestWindowGradients(t *testing.T) {
	for i, w := range []graph.Window{
		{Size: 1, Stride: 1, Dilation: 1},
		{Size: 3, Stride: 1, Dilation: 1, Before: 1, After: 1},
		{Size: 2, Stride: 2, Dilation: 1},
		{Size: 2, Stride: 3, Dilation: 1, After: 1},
		{Size: 4, Stride: 2, Dilation: 1, Before: 3, After: 2},
	} {
		x := graphtest.Input(i+1, 2, 5, 3)
		check := func(op func(graph.Value, graph.Window) graph.Value, w graph.Window) {
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value { return op(in[0], w).Square() }, x)
		}
		check(graph.Value.MaxPool, w)
		check(graph.Value.MeanPool, w)
		check(graph.Value.Windows, w)
		w.Dilation = 2
		w.Before += 2
		check(graph.Value.Windows, w)
	}
}

// The first of equal elements gets the gradient of a maximum, and so does a NaN.
func TestMaxPoolGradientOfTies(t *testing.T) {
	for _, c := range []struct{ x, want []float64 }{
		{[]float64{0, 0, 0, -1, 2, 2}, []float64{1, 0, 1, 0, 1, 0}},
		{[]float64{0, math.NaN(), math.NaN(), 3, 1, 2}, []float64{0, 1, 1, 0, 0, 1}},
	} {
		p := program(t, config(t, dtypes[1]), func(s *graph.Scope) {
			x := s.Values(c.x, graph.Shape{1, 6, 1})
			s.Output("dx", s.Gradients(x.MaxPool(graph.Window{Size: 2, Stride: 2, Dilation: 1}).Sum(), x)[0])
		})
		run(t, p, nil)
		if got := output(t, p, "dx"); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.x, got, c.want)
		}
	}
}

func TestWindowsThatDoNotFit(t *testing.T) {
	huge := math.MaxInt
	good := graph.Window{Size: 2, Stride: 1, Dilation: 1}
	for _, c := range []struct {
		shape  graph.Shape
		change func(w *graph.Window)
		value  string // empty for the window
	}{
		{graph.Shape{2, 3}, func(*graph.Window) {}, "[2, 3]"},
		{graph.Shape{2, 3, 4}, func(w *graph.Window) { w.Size = 4 }, "[2, 3, 4]"},
		{graph.Shape{2, 3, 4}, func(w *graph.Window) { w.Size = 0 }, ""},
		{graph.Shape{2, 3, 4}, func(w *graph.Window) { w.Size = huge }, ""},
		{graph.Shape{2, 3, 4}, func(w *graph.Window) { w.Stride = -1 }, ""},
		{graph.Shape{2, 3, 4}, func(w *graph.Window) { w.Dilation = huge }, ""},
		{graph.Shape{2, 3, 4}, func(w *graph.Window) { w.Before = -1 }, ""},
		{graph.Shape{2, 3, 4}, func(w *graph.Window) { w.After = huge }, ""},
	} {
		w := good
		c.change(&w)
		value := c.value
		if value == "" {
			value = fmt.Sprintf("%+v", w)
		}
		for name, op := range map[string]func(graph.Value, graph.Window) graph.Value{
			"windows": graph.Value.Windows, "max pool": graph.Value.MaxPool, "mean pool": graph.Value.MeanPool,
		} {
			err := graph.Shapes(config(t, dtypes[0]), func(s *graph.Scope) { op(s.Input("x", c.shape), w) })
			checkError(t, fmt.Sprintf("%s %+v", name, w), err, graph.Error{Field: name, Value: value})
		}
	}
	for _, w := range []graph.Window{{Size: 2, Stride: 1, Dilation: 2}, {Size: 2, Stride: 1, Dilation: 1, Before: 2}, {Size: 2, Stride: 1, Dilation: 1, After: 2}} {
		err := graph.Shapes(config(t, dtypes[0]), func(s *graph.Scope) { s.Input("x", graph.Shape{1, 9, 1}).MaxPool(w) })
		checkError(t, fmt.Sprintf("%+v", w), err, graph.Error{Field: "max pool", Value: fmt.Sprintf("%+v", w)})
	}
	// A stride beyond the steps leaves one window.
	err := graph.Shapes(config(t, dtypes[0]), func(s *graph.Scope) {
		if got := s.Input("x", graph.Shape{2, 3, 4}).MaxPool(graph.Window{Size: 1, Stride: huge, Dilation: 1}).Shape(); !got.Equal(graph.Shape{2, 1, 4}) {
			t.Errorf("got %v", got)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
