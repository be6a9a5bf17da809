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

// written is what DotAttention computes, from other operations.
func written(a graph.DotAttention) graph.Value {
	q, k := a.Query, a.Key
	s := q.Scope()
	one, zero := s.Const(1, graph.Shape{}), s.Const(0, graph.Shape{})
	all := one.BroadcastTo(q.Dim(0), q.Dim(1), k.Dim(1)) // [batch, steps, values]
	if a.Causal {
		earlier := make([]float64, q.Dim(1)*k.Dim(1))
		for i := range earlier {
			if i%k.Dim(1) <= i/k.Dim(1) {
				earlier[i] = 1
			}
		}
		all = all.Times(s.Values(earlier, graph.Shape{q.Dim(1), k.Dim(1)}))
	}
	if a.QueryMask != nil {
		all = all.Times(a.QueryMask.Unsqueeze(2))
	}
	if a.ValueMask != nil {
		all = all.Times(a.ValueMask.Unsqueeze(1))
	}
	if a.Allowed != nil {
		all = all.Times(*a.Allowed)
	}
	all = all.Unsqueeze(1)                                         // [batch, 1, steps, values]
	scores := graph.Einsum("bthk,bshk->bhts", q, k).Scale(a.Scale) // [batch, heads, steps, values]
	weights := graph.Where(all, scores, s.Const(math.Inf(-1), graph.Shape{})).Softmax(-1)
	return graph.Einsum("bhts,bshn->bthn", graph.Where(all, weights, zero), a.Value)
}

func TestDotAttention(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5)
		b, steps, h, k, values, n := size.Draw(t, "batch"), size.Draw(t, "steps"), size.Draw(t, "heads"), size.Draw(t, "k"), size.Draw(t, "values"), size.Draw(t, "n")
		masks := map[string][]float64{}
		shapes := map[string]graph.Shape{"queries": {b, steps}, "values": {b, values}, "allowed": {b, steps, values}}
		for _, name := range []string{"queries", "values", "allowed"} {
			if !rapid.Bool().Draw(t, name) {
				continue
			}
			if shape := shapes[name]; name == "allowed" {
				for i := range shape {
					if rapid.Bool().Draw(t, "broadcast") {
						shape[i] = 1
					}
				}
				for len(shape) > 0 && shape[0] == 1 && rapid.Bool().Draw(t, "axis left out") {
					shape = shape[1:]
				}
				shapes[name] = shape
			}
			masks[name] = rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1}), shapes[name].Size(), shapes[name].Size()).Draw(t, "mask")
		}
		causal := rapid.Bool().Draw(t, "causal")
		inputs := []array{graphtest.Input(1, b, steps, h, k), graphtest.Input(2, b, values, h, k), graphtest.Input(3, b, values, h, n)}
		output := func(s *graph.Scope, in []graph.Value, attend func(graph.DotAttention) graph.Value) graph.Value {
			a := graph.DotAttention{Query: in[0], Key: in[1], Value: in[2], Scale: 0.7, Causal: causal}
			for name, to := range map[string]**graph.Value{"queries": &a.QueryMask, "values": &a.ValueMask, "allowed": &a.Allowed} {
				if m, ok := masks[name]; ok {
					v := s.Values(m, shapes[name])
					*to = &v
				}
			}
			y := attend(a)
			return y.Reshape(y.Shape().Size())
		}
		withGradients := func(attend func(graph.DotAttention) graph.Value) formula {
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
			got := eval(t, dt, withGradients(graph.DotAttention.Run), inputs...)
			near(t, dt.String(), got, eval(t, dt, withGradients(written), inputs...), tol)
			alone := eval(t, dt, func(s *graph.Scope, in []graph.Value) graph.Value { return output(s, in, graph.DotAttention.Run) }, inputs...)
			near(t, dt.String()+" without gradients", alone, array{Shape: alone.Shape, Data: got.Data[:len(alone.Data)]}, 0)
		}
	})
}

func TestDotAttentionGradients(t *testing.T) {
	for _, c := range [][]int{{2, 3, 2, 2, 4, 3}, {1, 1, 1, 1, 1, 1}, {1, 2, 3, 1, 1, 2}} {
		b, steps, h, k, values, n := c[0], c[1], c[2], c[3], c[4], c[5]
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			allowed := s.Values([]float64{1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0}, graph.Shape{3, 4}).Slice(0, 0, steps).Slice(1, 0, values)
			// one value is query and key, too: its gradients add up
			a := graph.DotAttention{Query: in[0], Key: in[1], Value: in[2], Allowed: &allowed, Scale: 2}
			causal := graph.DotAttention{Query: in[0], Key: in[1], Value: in[2], Causal: true, Scale: -0.5}
			return a.Run().Times(causal.Run())
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
				h := graph.DotAttention{Query: q, Key: outer, Value: outer, Scale: 1}.Run().Reshape(2, 2).Tanh()
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
			s.Output("y", graph.DotAttention{Query: s.Input("q", shapes[0]), Key: s.Input("k", shapes[1]), Value: s.Input("v", shapes[2])}.Run())
		})
		checkError(t, name, err, graph.Error{Field: "attention", Value: fmt.Sprintf("%v, %v and %v", shapes[0], shapes[1], shapes[2])})
	}
	q := graph.Shape{2, 3, 1, 4}
	for name, c := range map[string]struct {
		shape graph.Shape
		set   func(a *graph.DotAttention, m *graph.Value)
	}{
		"attention query mask": {graph.Shape{2, 4}, func(a *graph.DotAttention, m *graph.Value) { a.QueryMask = m }},
		"attention value mask": {graph.Shape{1, 3}, func(a *graph.DotAttention, m *graph.Value) { a.ValueMask = m }},
		"attention allowed":    {graph.Shape{2, 3, 4}, func(a *graph.DotAttention, m *graph.Value) { a.Allowed = m }},
	} {
		err := graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) {
			a := graph.DotAttention{Query: s.Input("q", q), Key: s.Input("k", q), Value: s.Input("v", q)}
			mask := s.Const(1, c.shape)
			c.set(&a, &mask)
			s.Output("y", a.Run())
		})
		checkError(t, name, err, graph.Error{Field: name, Value: c.shape})
	}
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
					y := graph.DotAttention{Query: in[0], Key: in[1], Value: in[2], Scale: 1 / math.Sqrt(17)}.Run()
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

// Over 4096 steps, memory is that of the operands and their gradients. The scores alone
// would take 64 MB.
func TestLongDotAttention(t *testing.T) {
	const steps, size, scale = 4096, 8, 0.5
	shape := graph.Shape{1, steps, 1, size}
	cfg := config(t, tensor.Float32)
	cfg.Training = true
	names := []string{"query", "key", "value"}
	p := program(t, cfg, func(s *graph.Scope) {
		var in []graph.Value
		for _, name := range names {
			in = append(in, s.Input(name, shape))
		}
		y := graph.DotAttention{Query: in[0], Key: in[1], Value: in[2], Scale: scale, Causal: true}.Run()
		s.Output("y", y)
		for i, g := range s.Gradients(y.Square().Sum(), in...) {
			s.Output("gradient of "+names[i], g)
		}
	})
	if n := p.MemorySize(); n > 4<<20 {
		t.Errorf("the program takes %d bytes", n)
	}
	in := map[string]array{}
	for i, name := range names {
		in[name] = graphtest.Input(i+1, shape...)
	}
	run(t, p, in)
	q, k, v := in["query"].Data, in["key"].Data, in["value"].Data
	y, dq, dv := output(t, p, "y"), output(t, p, "gradient of query"), output(t, p, "gradient of value")
	for _, step := range []int{0, 1, 63, 64, 2000, steps - 1} {
		weights, sum := make([]float64, step+1), 0.0
		for s := range weights {
			for i := range size {
				weights[s] += scale * q[step*size+i] * k[s*size+i]
			}
			weights[s] = math.Exp(weights[s])
			sum += weights[s]
		}
		want, grad, dot := make([]float64, size), make([]float64, size), 0.0
		for s, w := range weights {
			for i := range size {
				want[i] += w / sum * v[s*size+i]
			}
		}
		for _, x := range want {
			dot += 2 * x * x
		}
		for s, w := range weights {
			dw := 0.0
			for i := range size {
				dw += 2 * want[i] * v[s*size+i]
			}
			for i := range size {
				grad[i] += scale * w / sum * (dw - dot) * k[s*size+i]
			}
		}
		graphtest.CheckOutput(t, fmt.Sprint("step ", step), y[step*size:][:size], want, 1e-5)
		graphtest.CheckOutput(t, fmt.Sprint("gradient of query ", step), dq[step*size:][:size], grad, 1e-5)
	}
	// The weights of a query add up to 1, so the gradients of all values add up to those
	// of all results.
	for i := range size {
		got, want := 0.0, 0.0
		for s := range steps {
			got += dv[s*size+i]
			want += 2 * y[s*size+i]
		}
		graphtest.CheckOutput(t, "sum of the gradients of values", []float64{got}, []float64{want}, 1e-4)
	}
}
