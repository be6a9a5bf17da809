package graph_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// sane elements may be NaN or infinite, but none is so large that a sum would
// depend on its order.
var sane = rapid.OneOf(tame, tame, tame, rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}))

func TestSumAndMeanValues(t *testing.T) {
	ops := map[string]struct {
		op   func(v graph.Value, axes ...int) graph.Value
		want func([]float64) float64
	}{
		"sum":  {graph.Value.Sum, sumOf},
		"mean": {graph.Value.Mean, meanOf},
	}
	for name, c := range ops {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				x := filled(t, "x", sane, shapes(0, 4).Draw(t, "shape"))
				var axes []int
				gone := make([]bool, len(x.Shape))
				for i := range x.Shape {
					if gone[i] = rapid.Bool().Draw(t, "gone"); gone[i] {
						axes = append(axes, i-rapid.SampledFrom([]int{0, len(x.Shape)}).Draw(t, "from the end"))
					}
				}
				if len(axes) == 0 {
					for i := range gone {
						gone[i] = true
					}
				}
				checkSums(t, fmt.Sprint(name, axes), len(x.Data)+1,
					func(_ *graph.Scope, in []graph.Value) graph.Value { return c.op(in[0], axes...) },
					func(in []array) array { return foldAxes(in[0], gone, c.want) }, x)
			})
		})
	}
}

// foldAxes applies f to all elements that differ only along the given axes.
func foldAxes(a array, gone []bool, f func([]float64) float64) array {
	var shape, kept []int
	for i, d := range a.Shape {
		if !gone[i] {
			shape, kept = append(shape, d), append(kept, i)
		}
	}
	return tabulate(shape, func(at []int) float64 {
		var xs []float64
		tabulate(a.Shape, func(place []int) float64 {
			for i, axis := range kept {
				if place[axis] != at[i] {
					return 0
				}
			}
			xs = append(xs, pick(a, place))
			return 0
		})
		return f(xs)
	})
}

func TestAxisValues(t *testing.T) {
	keeps := map[string]struct {
		op   func(v graph.Value, axis int) graph.Value
		want func(xs []float64, i int) float64
	}{
		"softmax":    {graph.Value.Softmax, softmaxOf},
		"logSoftmax": {graph.Value.LogSoftmax, logSoftmaxOf},
		"reverse":    {graph.Value.Reverse, func(xs []float64, i int) float64 { return xs[len(xs)-1-i] }},
		"mapAxis": {func(v graph.Value, axis int) graph.Value {
			return v.MapAxis("running sum", axis, runningSum, nil)
		}, func(xs []float64, i int) float64 { return sumOf(xs[:i+1]) }},
	}
	for name, c := range keeps {
		t.Run(name, func(t *testing.T) {
			checkAxis(t, name, c.op, func(a array, axis int) array {
				return tabulate(a.Shape, func(at []int) float64 { return c.want(line(a, axis, at), at[axis]) })
			})
		})
	}
	folds := map[string]struct {
		op   func(v graph.Value, axis int) graph.Value
		want func(xs []float64) float64
	}{
		"max":       {graph.Value.Max, maxOf},
		"logSumExp": {graph.Value.LogSumExp, logSumExpOf},
		"reduceAxis": {func(v graph.Value, axis int) graph.Value {
			return v.ReduceAxis("largest", axis, maxOf, nil)
		}, maxOf},
	}
	for name, c := range folds {
		t.Run(name, func(t *testing.T) {
			checkAxis(t, name, c.op, func(a array, axis int) array {
				return tabulate(drop(a.Shape, axis), func(at []int) float64 { return c.want(line(a, axis, insert(at, axis, 0))) })
			})
		})
	}
}

func runningSum(x, y []float64) {
	sum := 0.0
	for i := range x {
		sum += x[i]
		y[i] = sum
	}
}

func checkAxis(t *testing.T, name string, op func(graph.Value, int) graph.Value, want func(a array, axis int) array) {
	elements := wild
	if name == "mapAxis" {
		elements = sane
	}
	rapid.Check(t, func(t *rapid.T) {
		x := filled(t, "x", elements, shapes(1, 4).Draw(t, "shape"))
		axis := axisOf(t, x.Shape)
		checkOp(t, fmt.Sprint(name, " ", axis), 1e-12,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return op(in[0], axis) },
			func(in []array) array { return want(in[0], wrap(x.Shape, axis)) }, x)
	})
}

// Elements so large that log(2) is rounded away must not lose the share of
// each element, in values and in gradients.
func TestSoftmaxOfLargeElements(t *testing.T) {
	for _, x := range []float64{1e8, 1e17, 1e300, -1e300} {
		in := array{Shape: []int{2}, Data: []float64{x, x}}
		half := array{Shape: []int{2}, Data: []float64{0.5, 0.5}}
		log := array{Shape: []int{2}, Data: []float64{-math.Ln2, -math.Ln2}}
		ops := map[string]struct {
			f    formula
			want array
		}{
			"softmax":     {func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Softmax(0) }, half},
			"log-softmax": {func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].LogSoftmax(0) }, log},
			"gradient of log-sum-exp": {func(s *graph.Scope, in []graph.Value) graph.Value {
				return s.Gradients(in[0].LogSumExp(0), in[0])[0]
			}, half},
		}
		for name, c := range ops {
			near(t, fmt.Sprint(name, " of ", x), eval(t, tensor.Float64, c.f, in), c.want, 1e-15)
		}
	}
}

func TestMeanDoesNotOverflow(t *testing.T) {
	in := array{Shape: []int{2}, Data: []float64{3e38, 3e38}}
	got := eval(t, tensor.Float32, func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Mean() }, in)
	near(t, "mean", got, rounded(tensor.Float32, array{Data: []float64{3e38}}), 0)
}

// More axes than the plan keeps room for, every second one reduced, and the
// broadcast back.
func TestManyAxes(t *testing.T) {
	shape := []int{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}
	x := tabulate(shape, func(at []int) float64 {
		return float64(slices.Max(at)) + float64(at[0]) - 2*float64(at[3]) + float64(at[11])/4
	})
	gone := make([]bool, len(shape))
	var axes []int
	kept := slices.Clone(shape)
	for i := 1; i < len(shape); i += 2 {
		gone[i], kept[i] = true, 1
		axes = append(axes, i)
	}
	sums := foldAxes(x, gone, sumOf)
	got := eval(t, tensor.Float64, func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Sum(axes...) }, x)
	near(t, "sum", got, sums, 0)
	got = eval(t, tensor.Float64, func(_ *graph.Scope, in []graph.Value) graph.Value {
		return in[0].Sub(in[0].Sum(axes...).Reshape(kept...))
	}, x)
	sums.Shape = kept
	near(t, "broadcast", got, tabulate(shape, func(at []int) float64 { return pick(x, at) - pick(sums, at) }), 0)
}
