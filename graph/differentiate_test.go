package graph_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
)

type (
	unary  = func(graph.Value) graph.Value
	binary = func(a, b graph.Value) graph.Value
)

// positive keeps an input away from 0 and from kinks there.
func positive(v graph.Value) graph.Value { return v.AddConst(1.5) }

func TestUnaryGradients(t *testing.T) {
	ops := map[string]unary{
		"neg":         graph.Value.Neg,
		"scale":       func(v graph.Value) graph.Value { return v.Scale(-2.5) },
		"addConst":    func(v graph.Value) graph.Value { return v.AddConst(3) },
		"oneMinus":    graph.Value.OneMinus,
		"square":      graph.Value.Square,
		"sqrt":        func(v graph.Value) graph.Value { return positive(v).Sqrt() },
		"reciprocal":  func(v graph.Value) graph.Value { return positive(v).Reciprocal() },
		"exp":         graph.Value.Exp,
		"log":         func(v graph.Value) graph.Value { return positive(v).Log() },
		"pow":         func(v graph.Value) graph.Value { return positive(v).Pow(2.5) },
		"abs":         func(v graph.Value) graph.Value { return positive(v).Neg().Abs() },
		"tanh":        graph.Value.Tanh,
		"sigmoid":     graph.Value.Sigmoid,
		"softplus":    graph.Value.Softplus,
		"logGamma":    func(v graph.Value) graph.Value { return positive(v).LogGamma() },
		"digamma":     func(v graph.Value) graph.Value { return positive(v).Digamma() },
		"relu":        func(v graph.Value) graph.Value { return v.Scale(0.01).AddConst(0.5).Times(v).ReLU() },
		"clip":        func(v graph.Value) graph.Value { return v.Scale(0.4).Clip(-0.5, 0.5) },
		"sum":         func(v graph.Value) graph.Value { return v.Sum() },
		"mean":        func(v graph.Value) graph.Value { return v.Mean() },
		"sum0":        func(v graph.Value) graph.Value { return v.Sum(0) },
		"mean-1":      func(v graph.Value) graph.Value { return v.Mean(-1) },
		"sumAll":      func(v graph.Value) graph.Value { return v.Square().Sum(allAxes(v)...) },
		"max":         func(v graph.Value) graph.Value { return v.Max(-1) },
		"max0":        func(v graph.Value) graph.Value { return v.Max(0) },
		"logSumExp":   func(v graph.Value) graph.Value { return v.LogSumExp(0) },
		"softmax":     func(v graph.Value) graph.Value { return v.Softmax(-1) },
		"softmax0":    func(v graph.Value) graph.Value { return v.Softmax(0) },
		"logSoftmax":  func(v graph.Value) graph.Value { return v.LogSoftmax(-1) },
		"logSoftmax0": func(v graph.Value) graph.Value { return v.LogSoftmax(0) },
		"reshape":     func(v graph.Value) graph.Value { return v.Reshape(v.Shape().Size()).Square() },
		"unsqueeze":   func(v graph.Value) graph.Value { return v.Unsqueeze(0).Unsqueeze(-1).Square() },
		"broadcastTo": func(v graph.Value) graph.Value {
			return v.Unsqueeze(0).BroadcastTo(append([]int{3}, v.Shape()...)...).Square()
		},
		"reverse":   func(v graph.Value) graph.Value { return v.Reverse(0).Times(v) },
		"reverse-1": func(v graph.Value) graph.Value { return v.Reverse(-1).Times(v) },
		"sliceLast": func(v graph.Value) graph.Value { return v.Slice(-1, v.Dim(-1)-1, v.Dim(-1)).Square() },
		"slice0":    func(v graph.Value) graph.Value { return v.Slice(0, 0, (v.Dim(0)+1)/2).Square() },
		"at":        func(v graph.Value) graph.Value { return v.At(0, 0).Square() },
		"transpose": func(v graph.Value) graph.Value {
			order := make([]int, v.Rank())
			for i := range order {
				order[i] = (i + 1) % len(order)
			}
			return v.Transpose(order...).Square()
		},
		"gorgonia": func(v graph.Value) graph.Value { return v.Scope().FromNode(v.Square().Node(), v.Shape()).Square() },
	}
	shapes := [][]int{{4}, {1}, {2, 3}, {1, 3}, {3, 1}, {1, 1}, {2, 3, 4}, {2, 1, 3}, {1, 1, 1}}
	for name, op := range ops {
		t.Run(name, func(t *testing.T) {
			for i, shape := range shapes {
				graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value { return op(in[0]) },
					graphtest.Input(i+1, shape...))
			}
		})
	}
}

func allAxes(v graph.Value) []int {
	out := make([]int, v.Rank())
	for i := range out {
		out[i] = i
	}
	return out
}

func TestBinaryGradients(t *testing.T) {
	ops := map[string]binary{
		"add":     graph.Value.Add,
		"sub":     graph.Value.Sub,
		"times":   graph.Value.Times,
		"div":     func(a, b graph.Value) graph.Value { return a.Div(positive(b)) },
		"maximum": func(a, b graph.Value) graph.Value { return a.Maximum(b.AddConst(0.0517)) },
		"minimum": func(a, b graph.Value) graph.Value { return a.Minimum(b.AddConst(0.0517)) },
		"prelu":   func(a, b graph.Value) graph.Value { return a.AddConst(0.0531).PReLU(b) },
		"where": func(a, b graph.Value) graph.Value {
			return graph.Where(a.Greater(b.AddConst(0.0517)), a.Square(), b.Exp())
		},
	}
	pairs := [][2][]int{
		{{3}, {3}}, {{1}, {1}}, {{2, 3}, {2, 3}}, {{2, 3}, {3}}, {{3}, {2, 3}}, {{2, 3}, {2, 1}}, {{2, 1}, {1, 3}},
		{{2, 3}, {1}}, {{2, 3}, {}}, {{}, {2, 3}}, {{}, {}}, {{1, 1}, {1}}, {{2, 3, 4}, {3, 1}}, {{2, 1, 4}, {3, 1}},
		{{4, 1, 2, 1}, {3, 1, 5}}, {{1, 1, 1}, {2, 3, 1}},
	}
	for name, op := range ops {
		t.Run(name, func(t *testing.T) {
			for i, p := range pairs {
				graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value { return op(in[0], in[1]) },
					graphtest.Input(2*i+1, p[0]...), graphtest.Input(2*i+2, p[1]...))
			}
		})
	}
}

func TestMatMulGradients(t *testing.T) {
	pairs := [][2][]int{
		{{2, 3}, {3, 4}}, {{1, 3}, {3, 1}}, {{1, 1}, {1, 1}}, {{3, 1}, {1, 3}}, {{2, 5, 3}, {3, 4}}, {{2, 1, 1}, {1, 4}},
		{{2, 5, 3}, {2, 3, 4}}, {{2, 2, 2, 3}, {2, 2, 3, 1}}, {{1, 1, 1}, {1, 1, 1}},
	}
	for i, p := range pairs {
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].MatMul(in[1]) },
			graphtest.Input(2*i+1, p[0]...), graphtest.Input(2*i+2, p[1]...))
	}
}

func TestJoinGradients(t *testing.T) {
	for i, shape := range [][]int{{2, 3}, {1, 1}, {2, 1, 3}} {
		for axis := range shape {
			other := append([]int{}, shape...)
			other[axis] += 2
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
				return graph.Concat(axis, in[0], in[1], in[0]).Square()
			}, graphtest.Input(i+1, shape...), graphtest.Input(i+2, other...))
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
				return graph.Stack(axis, in[0], in[1].Exp()).Square()
			}, graphtest.Input(i+1, shape...), graphtest.Input(i+3, shape...))
		}
	}
}

// Gradients of slices: of all of a value, in any order, of a part of it, of overlapping parts,
// and along different axes.
func TestSliceGradients(t *testing.T) {
	type slice struct{ axis, from, to int }
	for _, slices := range [][]slice{
		{{1, 0, 2}, {1, 2, 3}, {1, 3, 6}},
		{{1, 3, 6}, {1, 0, 2}, {1, 2, 3}},
		{{0, 0, 1}, {0, 1, 4}},
		{{1, 0, 2}, {1, 3, 6}},
		{{1, 0, 3}, {1, 3, 5}},
		{{1, 1, 3}, {1, 3, 6}},
		{{1, 0, 4}, {1, 2, 6}},
		{{1, 0, 3}, {0, 2, 4}},
		{{0, 0, 2}, {1, 3, 6}},
		{{1, 0, 3}, {1, 0, 3}, {1, 3, 6}},
		{{1, 1, 6}, {2, 0, 2}, {2, 2, 6}},
		{{2, 2, 6}, {2, 0, 2}, {1, 1, 6}},
		{{1, 0, 3}, {1, 2, 5}},
	} {
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
			sum := in[0].Slice(slices[0].axis, slices[0].from, slices[0].to).Square().Sum()
			for i, p := range slices[1:] {
				sum = sum.Add(in[0].Slice(p.axis, p.from, p.to).Pow(float64(i + 3)).Sum())
			}
			return sum
		}, graphtest.Input(1, 4, 6, 6))
	}
}

func TestGatherGradient(t *testing.T) {
	for _, shape := range [][]int{{4, 3}, {4}, {4, 1, 2}} {
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Gather(s.Values([]float64{2, 0, 2, 3}, graph.Shape{2, 2})).Square()
		}, graphtest.Input(1, shape...))
	}
}

// A value used several times, and one that the loss does not need.
func TestGradientsAddUp(t *testing.T) {
	graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
		a, b := in[0], in[1]
		return a.Times(a).Add(a).Add(b).Add(b.Times(a))
	}, graphtest.Input(1, 3), graphtest.Input(2, 3), graphtest.Input(3, 2))
}
