package graph_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

type attending = func(q, k, v graph.Value, allowed *graph.Value, scale float64) graph.Value

// written is what DotAttention computes, from other operations.
func written(q, k, v graph.Value, allowed *graph.Value, scale float64) graph.Value {
	scores := graph.Einsum("bthk,bshk->bhts", q, k).Scale(scale)
	if allowed == nil {
		return graph.Einsum("bhts,bshn->bthn", scores.Softmax(-1), v)
	}
	zero := q.Scope().Const(0, graph.Shape{})
	a := allowed.BroadcastTo(q.Dim(0), q.Dim(1), k.Dim(1)).Unsqueeze(1)
	weights := graph.Where(a, scores, q.Scope().Const(math.Inf(-1), graph.Shape{})).Softmax(-1)
	return graph.Einsum("bhts,bshn->bthn", graph.Where(a, weights, zero), v)
}

func TestDotAttention(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5)
		b, steps, h, k, values, n := size.Draw(t, "batch"), size.Draw(t, "steps"), size.Draw(t, "heads"), size.Draw(t, "k"), size.Draw(t, "values"), size.Draw(t, "n")
		var mask []float64
		shape := graph.Shape{b, steps, values}
		if rapid.Bool().Draw(t, "masked") {
			for i := range shape {
				if rapid.Bool().Draw(t, "broadcast") {
					shape[i] = 1
				}
			}
			mask = rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1}), shape.Size(), shape.Size()).Draw(t, "mask")
		}
		inputs := []array{graphtest.Input(1, b, steps, h, k), graphtest.Input(2, b, values, h, k), graphtest.Input(3, b, values, h, n)}
		output := func(s *graph.Scope, in []graph.Value, attend attending) graph.Value {
			var allowed *graph.Value
			if mask != nil {
				m := s.Values(mask, shape)
				allowed = &m
			}
			y := attend(in[0], in[1], in[2], allowed, 0.7)
			return y.Reshape(y.Shape().Size())
		}
		withGradients := func(attend attending) formula {
			return func(s *graph.Scope, in []graph.Value) graph.Value {
				y := output(s, in, attend)
				loss := y.Times(s.Values(graphtest.Input(4, y.Shape()...).Data, y.Shape())).Sum()
				for _, g := range s.Gradients(loss, in...) {
					y = graph.Concat(0, y, g.Reshape(g.Shape().Size()))
				}
				return y
			}
		}
		for _, dt := range dtypes {
			tol := 1e-12
			if dt == tensor.Float32 {
				tol = 1e-5
			}
			got := eval(t, dt, withGradients(graph.DotAttention), inputs...)
			near(t, dt.String(), got, eval(t, dt, withGradients(written), inputs...), tol)
			alone := eval(t, dt, func(s *graph.Scope, in []graph.Value) graph.Value { return output(s, in, graph.DotAttention) }, inputs...)
			near(t, dt.String()+" without gradients", alone, array{Shape: alone.Shape, Data: got.Data[:len(alone.Data)]}, 0)
		}
	})
}

func TestDotAttentionGradients(t *testing.T) {
	for _, c := range [][]int{{2, 3, 2, 2, 4, 3}, {1, 1, 1, 1, 1, 1}, {1, 2, 3, 1, 1, 2}} {
		b, steps, h, k, values, n := c[0], c[1], c[2], c[3], c[4], c[5]
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			causal := s.Values([]float64{1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0}, graph.Shape{3, 4}).Slice(0, 0, steps).Slice(1, 0, values)
			// one value is query and key, too: its gradients add up
			y := graph.DotAttention(in[0], in[1], in[2], &causal, 2)
			return y.Times(graph.DotAttention(in[0], in[1], in[2], nil, -0.5))
		}, graphtest.Input(1, b, steps, h, k), graphtest.Input(2, b, values, h, k), graphtest.Input(3, b, values, h, n))
	}
}

// A step of a scan that attends to outside values: the backward pass needs the weights
// of each step.
func TestDotAttentionInScan(t *testing.T) {
	graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
		outer := in[1].Unsqueeze(2) // [batch, values, 1, k]
		y, _ := graph.Scan{
			X: in[0], Initial: []graph.Value{s.Const(0.5, graph.Shape{2, 2})}, Sequence: true,
			Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
				q := x.Add(states[0]).Reshape(2, 1, 1, 2) // [batch, 1, 1, k]
				h := graph.DotAttention(q, outer, outer, nil, 1).Reshape(2, 2).Tanh()
				return h, []graph.Value{h}
			},
		}.Run()
		return y
	}, graphtest.Input(1, 2, 3, 2), graphtest.Input(2, 2, 4, 2))
}

func TestDotAttentionRefuses(t *testing.T) {
	for name, shapes := range map[string][3]graph.Shape{
		"rank":          {{2, 3, 4}, {2, 3, 4}, {2, 3, 4}},
		"batch":         {{2, 3, 1, 4}, {1, 3, 1, 4}, {2, 3, 1, 4}},
		"heads":         {{2, 3, 1, 4}, {2, 3, 2, 4}, {2, 3, 1, 4}},
		"size of a key": {{2, 3, 1, 4}, {2, 3, 1, 5}, {2, 3, 1, 4}},
		"values":        {{2, 3, 1, 4}, {2, 5, 1, 4}, {2, 6, 1, 4}},
	} {
		err := graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) {
			s.Output("y", graph.DotAttention(s.Input("q", shapes[0]), s.Input("k", shapes[1]), s.Input("v", shapes[2]), nil, 1))
		})
		checkError(t, name, err, graph.Error{Field: "attention", Value: fmt.Sprintf("%v, %v and %v", shapes[0], shapes[1], shapes[2])})
	}
	q := graph.Shape{2, 3, 1, 4}
	err := graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) {
		mask := s.Const(1, graph.Shape{2, 3, 4})
		s.Output("y", graph.DotAttention(s.Input("q", q), s.Input("k", q), s.Input("v", q), &mask, 1))
	})
	checkError(t, "mask", err, graph.Error{Field: "broadcast", Value: "[2, 3, 3]"})
}

// The cores share samples and heads, and give the same bits.
func TestSharedDotAttention(t *testing.T) {
	q, k, v := graphtest.Input(1, 3, 40, 5, 17), graphtest.Input(2, 3, 37, 5, 17), graphtest.Input(3, 3, 37, 5, 9)
	for _, dt := range dtypes {
		sums := map[string]bool{}
		for _, cores := range []int{1, 2, 3} {
			before := runtime.GOMAXPROCS(cores)
			for i := range 3 {
				y := eval(t, dt, func(s *graph.Scope, in []graph.Value) graph.Value {
					y := graph.DotAttention(in[0], in[1], in[2], nil, 1/math.Sqrt(17))
					return s.Gradients(y.Square().Sum(), in...)[i]
				}, q, k, v)
				sums[fmt.Sprint(i, checksum(y.Data))] = true
			}
			runtime.GOMAXPROCS(before)
		}
		if len(sums) != 3 {
			t.Errorf("%v: other bits on other numbers of cores", dt)
		}
	}
}
