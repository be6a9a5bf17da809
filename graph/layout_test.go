package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"pgregory.net/rapid"
)

func TestReshapeValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := filled(t, "x", wild, shapes(0, 4).Draw(t, "shape"))
		to := rapid.Permutation(append([]int{1}, x.Shape...)).Draw(t, "to")
		if len(to) > 1 && rapid.Bool().Draw(t, "join") {
			to = append([]int{to[0] * to[1]}, to[2:]...)
		}
		checkOp(t, fmt.Sprint("reshape ", to), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Reshape(to...) },
			func(in []array) array { return array{Shape: to, Data: in[0].Data} }, x)
	})
}

func TestUnsqueezeValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := filled(t, "x", wild, shapes(0, 4).Draw(t, "shape"))
		axis := rapid.IntRange(-len(x.Shape)-1, len(x.Shape)).Draw(t, "axis")
		checkOp(t, fmt.Sprint("unsqueeze ", axis), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Unsqueeze(axis) },
			func(in []array) array {
				at := (axis + len(x.Shape) + 1) % (len(x.Shape) + 1)
				return array{Shape: insert(x.Shape, at, 1), Data: in[0].Data}
			}, x)
	})
}

func TestBroadcastToValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := filled(t, "x", wild, shapes(0, 4).Draw(t, "shape"))
		to := slices.Clone(x.Shape)
		for i, d := range to {
			if d == 1 {
				to[i] = rapid.IntRange(1, 3).Draw(t, "size")
			}
		}
		to = append(shapes(0, 2).Draw(t, "lead"), to...)
		checkOp(t, fmt.Sprint("broadcast to ", to), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].BroadcastTo(to...) },
			func(in []array) array {
				return tabulate(to, func(at []int) float64 { return pick(in[0], at) })
			}, x)
	})
}

func TestTransposeValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := filled(t, "x", wild, shapes(0, 4).Draw(t, "shape"))
		order := []int{}
		shape := make([]int, len(x.Shape))
		for i := range x.Shape {
			order = append(order, i)
		}
		order = rapid.Permutation(order).Draw(t, "order")
		for i, a := range order {
			shape[i] = x.Shape[a]
		}
		checkOp(t, fmt.Sprint("transpose ", order), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Transpose(order...) },
			func(in []array) array {
				return tabulate(shape, func(at []int) float64 {
					from := make([]int, len(at))
					for i, a := range order {
						from[a] = at[i]
					}
					return pick(in[0], from)
				})
			}, x)
	})
}

func TestSliceValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := filled(t, "x", wild, shapes(1, 4).Draw(t, "shape"))
		axis := axisOf(t, x.Shape)
		a := wrap(x.Shape, axis)
		from := rapid.IntRange(0, x.Shape[a]-1).Draw(t, "from")
		to := rapid.IntRange(from+1, x.Shape[a]).Draw(t, "to")
		shift := func(at []int) []int { return replace(at, a, at[a]+from) }
		checkOp(t, fmt.Sprint("slice ", axis, from, to), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Slice(axis, from, to) },
			func(in []array) array {
				return tabulate(replace(x.Shape, a, to-from), func(at []int) float64 { return pick(in[0], shift(at)) })
			}, x)
		checkOp(t, fmt.Sprint("slice to the end ", axis, from), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Slice(axis, from, in[0].Dim(axis)) },
			func(in []array) array {
				return tabulate(replace(x.Shape, a, x.Shape[a]-from), func(at []int) float64 { return pick(in[0], shift(at)) })
			}, x)
		checkOp(t, fmt.Sprint("at ", axis, from), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].At(axis, from) },
			func(in []array) array {
				return tabulate(drop(x.Shape, a), func(at []int) float64 { return pick(in[0], insert(at, a, from)) })
			}, x)
	})
}

func TestConcatValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := filled(t, "first", wild, shapes(1, 4).Draw(t, "shape"))
		axis := axisOf(t, first.Shape)
		a := wrap(first.Shape, axis)
		parts, total := []array{first}, first.Shape[a]
		for range rapid.IntRange(0, 3).Draw(t, "others") {
			n := rapid.IntRange(1, 3).Draw(t, "size")
			parts, total = append(parts, filled(t, "part", wild, replace(first.Shape, a, n))), total+n
		}
		checkOp(t, fmt.Sprint("concat ", axis), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return graph.Concat(axis, in[0], in[1:]...) },
			func(in []array) array {
				return tabulate(replace(first.Shape, a, total), func(at []int) float64 {
					i, k := at[a], 0
					for i >= in[k].Shape[a] {
						i -= in[k].Shape[a]
						k++
					}
					return pick(in[k], replace(at, a, i))
				})
			}, parts...)
	})
}

func TestStackValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := shapes(0, 3).Draw(t, "shape")
		axis := rapid.IntRange(-len(shape)-1, len(shape)).Draw(t, "axis")
		a := (axis + len(shape) + 1) % (len(shape) + 1)
		var parts []array
		for range rapid.IntRange(1, 3).Draw(t, "values") {
			parts = append(parts, filled(t, "part", wild, shape))
		}
		checkOp(t, fmt.Sprint("stack ", axis), 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return graph.Stack(axis, in[0], in[1:]...) },
			func(in []array) array {
				return tabulate(insert(shape, a, len(in)), func(at []int) float64 { return pick(in[at[a]], drop(at, a)) })
			}, parts...)
	})
}
