package exec

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// adding adds an operation, or a view, to a graph.
type adding func(o ops.Op, offset int, shape shapes.Shape, in ...*Node) *Node

// An operation begins a group where it reads other samples of a result of the group, and
// stays outside of all where it cannot be divided.
func TestGroups(t *testing.T) {
	const samples = 4
	build := func(f func(apply adding, x *Node) []*Node) []int {
		g := NewBuilder(tensor.Float64, 0).NewGraph()
		apply := func(o ops.Op, offset int, shape shapes.Shape, in ...*Node) *Node {
			n, err := g.Apply(Operation{Name: "op", Shape: shape, Compute: o, View: o == nil, Offset: offset}, in...)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		var sizes []int
		x := g.Leaf("", "x", shapes.Shape{samples, 8})
		for _, group := range groups[float64](newRunner(f(apply, x), nil), samples) {
			sizes = append(sizes, len(group.part))
		}
		return sizes
	}
	all, half, flat := shapes.Shape{samples, 8}, shapes.Shape{samples / 2, 8}, shapes.Shape{samples * 8}
	tanh := ops.Unary{F: kernels.Tanh.With()}
	for name, c := range map[string]struct {
		f    func(apply adding, x *Node) []*Node
		want []int
	}{
		"the same samples": {func(apply adding, x *Node) []*Node {
			y := apply(tanh, 0, all, x)
			return []*Node{apply(ops.Sum{}, 0, flat, apply(nil, 0, flat, y), apply(nil, 0, flat, y))}
		}, []int{2}},
		"a part of a result": {func(apply adding, x *Node) []*Node {
			y := apply(tanh, 0, all, x)
			return []*Node{apply(tanh, 0, half, apply(nil, 16, half, y))}
		}, []int{1, 1}},
		"a row for all samples": {func(apply adding, x *Node) []*Node {
			row := shapes.Shape{8}
			y := apply(tanh, 0, row, apply(ops.Cut{Count: 1, Whole: 32, Part: 8}, 0, row, x))
			return []*Node{apply(ops.Binary{F: kernels.PairPlus, Plan: ops.PlanBroadcast(all, all, row)}, 0, all, x, y)}
		}, []int{0, 1, 1}},
		"what nothing reads comes last": {func(apply adding, x *Node) []*Node {
			y := apply(tanh, 0, all, x)
			cut := apply(ops.Cut{Count: 1, Whole: 32, Part: 8}, 0, shapes.Shape{8}, y)
			return []*Node{cut, apply(tanh, 0, all, y)}
		}, []int{2, 0}},
	} {
		if got := build(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: groups of %v operations, want %v", name, got, c.want)
		}
	}
}
