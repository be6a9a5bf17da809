package graph_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// stock applies an operation of Gorgonia's own; a failure is that of the scope.
func stock(v graph.Value, name string, in ...*gorgonia.Node) *gorgonia.Node {
	if in[0] == nil {
		return nil
	}
	var n *gorgonia.Node
	var err error
	switch name {
	case "square":
		n, err = gorgonia.Square(in[0])
	case "leakyRelu":
		n, err = gorgonia.LeakyRelu(in[0], 0.1)
	case "neg":
		n, err = gorgonia.Neg(in[0])
	case "tanh":
		n, err = gorgonia.Tanh(in[0])
	case "sub":
		n, err = gorgonia.Sub(in[0], in[len(in)-1])
	case "hadamardDiv":
		n, err = gorgonia.HadamardDiv(in[0], in[len(in)-1])
	case "add":
		n, err = gorgonia.Add(in[0], in[len(in)-1])
	case "hadamardProd":
		n, err = gorgonia.HadamardProd(in[0], in[len(in)-1])
	}
	v.Scope().Fail(err)
	return n
}

var stockOps = map[string]func(x, other float64) float64{
	"square":       func(x, _ float64) float64 { return x * x },
	"leakyRelu":    func(x, _ float64) float64 { return max(x, 0.1*x) },
	"neg":          func(x, _ float64) float64 { return -x },
	"tanh":         func(x, _ float64) float64 { return math.Tanh(x) },
	"sub":          func(x, o float64) float64 { return x - o },
	"add":          func(x, o float64) float64 { return x + o },
	"hadamardDiv":  func(x, o float64) float64 { return x / o },
	"hadamardProd": func(x, o float64) float64 { return x * o },
}

// Operations of Gorgonia's that write in place, on both parts of one packed
// value: the value, its parts and all gradients stay right, run after run.
func TestGorgoniaKeepsValuesIntact(t *testing.T) {
	packed := array{Shape: []int{1, 6}, Data: []float64{1, -2, 3, -4, 5, 6}}
	for name, want := range stockOps {
		p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{1, 6})
			whole := x.Scale(1)
			left, right := whole.Slice(1, 0, 3), whole.Slice(1, 3, 6)
			y := s.FromNode(stock(x, name, left.Node(), right.Node()), left.Shape())
			z := s.FromNode(stock(x, name, right.Node(), left.Node()), left.Shape())
			for out, v := range map[string]graph.Value{"whole": whole, "left": left, "right": right, "y": y, "z": z} {
				s.Output(out, v)
			}
			loss := y.Scale(2).Add(z).Sum()
			g := s.Gradients(loss, y, z, left, x)
			for i, out := range []string{"dy", "dz", "dleft", "dx"} {
				s.Output(out, g[i])
			}
		})
		half := func(off int) func(at []int) float64 {
			return func(at []int) float64 { return packed.Data[at[1]+off] }
		}
		applied := func(a, b int) array {
			return tabulate([]int{1, 3}, func(at []int) float64 { return want(packed.Data[at[1]+a], packed.Data[at[1]+b]) })
		}
		for range 3 {
			run(t, p, map[string]array{"x": packed})
			for out, w := range map[string]array{
				"whole": packed, "left": tabulate([]int{1, 3}, half(0)), "right": tabulate([]int{1, 3}, half(3)),
				"y": applied(0, 3), "z": applied(3, 0),
				"dy": tabulate([]int{1, 3}, func([]int) float64 { return 2 }),
				"dz": tabulate([]int{1, 3}, func([]int) float64 { return 1 }),
			} {
				near(t, name+": "+out, array{Shape: w.Shape, Data: output(t, p, out)}, w, 0)
			}
		}
	}
}

func TestGradientsThroughGorgonia(t *testing.T) {
	for name := range stockOps {
		for _, shape := range [][]int{{4}, {1}, {2, 3}, {1, 1}} {
			graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
				a, b := in[0].Scale(2).AddConst(5), in[1].AddConst(4)
				y := s.FromNode(stock(a, name, a.Node(), b.Node()), a.Shape())
				return y.Times(a).Add(b)
			}, graphtest.Input(1, shape...), graphtest.Input(2, shape...))
		}
	}
}

func TestFromNodeErrors(t *testing.T) {
	other := gorgonia.NewGraph()
	cases := map[string]struct {
		node func(s *graph.Scope, v graph.Value) *gorgonia.Node
		want graph.Error
	}{
		"nil": {func(*graph.Scope, graph.Value) *gorgonia.Node { return nil }, graph.Error{Field: "node"}},
		"other": {func(*graph.Scope, graph.Value) *gorgonia.Node {
			return gorgonia.NewVector(other, tensor.Float64, gorgonia.WithShape(3))
		}, graph.Error{Field: "node"}},
		"dtype": {func(_ *graph.Scope, v graph.Value) *gorgonia.Node {
			return gorgonia.NewVector(v.Node().Graph(), tensor.Float32, gorgonia.WithShape(3), gorgonia.WithName("f32"))
		}, graph.Error{Field: "node", Value: "float32"}},
		"shape": {func(_ *graph.Scope, v graph.Value) *gorgonia.Node { return v.Reshape(1, 3).Node() }, graph.Error{Field: "node", Value: "[1, 3]"}},
	}
	for name, c := range cases {
		_, err := graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{3})
			s.Output("y", s.FromNode(c.node(s, x), graph.Shape{3}))
		})
		checkError(t, name, err, c.want)
	}
}

// A single number is exported as a vector of one element and imported as a single
// number, and so is one of Gorgonia's scalars.
func TestGorgoniaWithSingleNumbers(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{})
		n := x.Node()
		s.Output("vector", s.FromNode(stock(x, "square", n), graph.Shape{}))
		sum, err := gorgonia.Sum(n)
		s.Fail(err)
		s.Output("scalar", s.FromNode(sum, graph.Shape{}).Scale(2))
	})
	run(t, p, map[string]array{"x": {Data: []float64{3}}})
	if v, s := output(t, p, "vector")[0], output(t, p, "scalar")[0]; v != 9 || s != 6 {
		t.Errorf("got %v and %v, want 9 and 6", v, s)
	}
}
