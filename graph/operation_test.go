package graph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
)

// Each test here holds an operation against a fault that Gorgonia's own has,
// where the result is wrong without a word.

// counting is 0, 1, 2 … in a shape.
func counting(shape ...int) array {
	i := -1.0
	return tabulate(shape, func([]int) float64 { i++; return i })
}

// constant is an initializer of equal elements.
type constant float64

func (c constant) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = float64(c)
	}
	return out, nil
}

// Slices of one shape whose offsets agree in their lowest byte.
func TestSlicesWhoseOffsetsAgreeModulo256(t *testing.T) {
	const n = 128
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		gates := s.Input("gates", graph.Shape{1, 4 * n})
		for i := range 4 {
			s.Output(fmt.Sprint("gate ", i), gates.Slice(1, i*n, (i+1)*n))
		}
		series := s.Input("series", graph.Shape{1, 600, 1})
		for _, step := range []int{1, 257, 513} {
			s.Output(fmt.Sprint("step ", step), series.At(1, step))
		}
		loss := gates.Slice(1, 0, n).Sum().Add(gates.Slice(1, 2*n, 3*n).Sum().Scale(3))
		s.Output("gradient", s.Gradients(loss, gates)[0])
	})
	run(t, p, map[string]array{"gates": counting(1, 4*n), "series": counting(1, 600, 1)})
	for i := range 4 {
		if got := output(t, p, fmt.Sprint("gate ", i))[0]; got != float64(i*n) {
			t.Errorf("gate %d starts with %v, want %v", i, got, i*n)
		}
	}
	for _, step := range []int{1, 257, 513} {
		if got := output(t, p, fmt.Sprint("step ", step))[0]; got != float64(step) {
			t.Errorf("step %d is %v", step, got)
		}
	}
	want := tabulate([]int{1, 4 * n}, func(at []int) float64 { return []float64{1, 0, 3, 0}[at[1]/n] })
	near(t, "gradient", array{Shape: want.Shape, Data: output(t, p, "gradient")}, want, 0)
}

// keepsShape is each operation that Gorgonia would carry out in place, and more
// that give what has the shape of their operand.
var keepsShape = map[string]unary{
	"add":         func(v graph.Value) graph.Value { return v.Add(v) },
	"addOther":    func(v graph.Value) graph.Value { return v.Add(v.Scope().Const(1, v.Shape())) },
	"sub":         func(v graph.Value) graph.Value { return v.Sub(v.Scope().Const(1, v.Shape())) },
	"times":       func(v graph.Value) graph.Value { return v.Times(v.Scope().Const(3, v.Shape())) },
	"div":         func(v graph.Value) graph.Value { return v.Div(v.Scope().Const(3, v.Shape())) },
	"maximum":     func(v graph.Value) graph.Value { return v.Maximum(v.Scope().Const(9, v.Shape())) },
	"where":       func(v graph.Value) graph.Value { return graph.Where(v, v.Scope().Const(9, v.Shape()), v) },
	"neg":         graph.Value.Neg,
	"addConst":    func(v graph.Value) graph.Value { return v.AddConst(3) },
	"square":      graph.Value.Square,
	"sqrt":        graph.Value.Sqrt,
	"exp":         graph.Value.Exp,
	"log":         graph.Value.Log,
	"tanh":        graph.Value.Tanh,
	"sigmoid":     graph.Value.Sigmoid,
	"relu":        func(v graph.Value) graph.Value { return v.Neg().ReLU() },
	"clip":        func(v graph.Value) graph.Value { return v.Clip(5, 6) },
	"softmax":     func(v graph.Value) graph.Value { return v.Softmax(-1) },
	"log-softmax": func(v graph.Value) graph.Value { return v.LogSoftmax(0) },
	"require":     func(v graph.Value) graph.Value { return v.Require("v", "must be", func(float64) bool { return true }) },
	"map axis":    func(v graph.Value) graph.Value { return v.MapAxis("copy", -1, copyLine, copyGradient) },
	"einsum": flat(func(v graph.Value) graph.Value {
		return graph.Einsum("a,a->a", v, v.Scope().Const(3, v.Shape()))
	}),
	"gather": flat(func(v graph.Value) graph.Value { return v.Gather(v.Scope().Const(0, v.Shape())) }),
	"pick":   flat(func(v graph.Value) graph.Value { return v.Unsqueeze(-1).Pick(v.Scope().Const(0, v.Shape())) }),
	"windows": flat(func(v graph.Value) graph.Value {
		return v.Reshape(1, v.Dim(0), 1).Windows(graph.Window{Size: 1, Stride: 1, Dilation: 1})
	}),
	"max pool":  flat(func(v graph.Value) graph.Value { return v.Reshape(1, v.Dim(0), 1).MaxPool(window) }),
	"mean pool": flat(func(v graph.Value) graph.Value { return v.Reshape(1, v.Dim(0), 1).MeanPool(window) }),
	"scan": flat(func(v graph.Value) graph.Value {
		y, states := graph.Scan{X: v.Reshape(1, v.Dim(0), 1), Initial: []graph.Value{v.Reshape(1, v.Dim(0))}, Sequence: true,
			Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
				return x.Add(states[0].Mean(1).Unsqueeze(1)), states
			}}.Run()
		return y.Reshape(v.Dim(0)).Add(states[0].Reshape(v.Dim(0)))
	}),
	"reverse": func(v graph.Value) graph.Value { return v.Reverse(-1) },
	"gorgonia": func(v graph.Value) graph.Value {
		return v.Scope().FromNode(stock(v, "square", v.Node()), v.Shape())
	},
}

// window sees a step and the next, and as many of them as there are steps.
var window = graph.Window{Size: 2, Stride: 1, Dilation: 1, After: 1}

// flat applies an operation to the elements as a vector.
func flat(op unary) unary {
	return func(v graph.Value) graph.Value { return op(v.Reshape(v.Shape().Size())).Reshape(v.Shape()...) }
}

func copyLine(x, y []float64) { copy(y, x) }

func copyGradient(_, _, dy, dx []float64) { copy(dx, dy) }

// A reshaped, sliced or otherwise cut parameter is a copy: what is computed
// from it, forwards and backwards, leaves the parameter as it is.
func TestOperationsLeaveParametersAlone(t *testing.T) {
	cuts := map[string]unary{
		"whole":     func(v graph.Value) graph.Value { return v },
		"reshape":   func(v graph.Value) graph.Value { return v.Reshape(6) },
		"slice":     func(v graph.Value) graph.Value { return v.Slice(0, 0, 1) },
		"transpose": func(v graph.Value) graph.Value { return v.Transpose(1, 0) },
		"unsqueeze": func(v graph.Value) graph.Value { return v.Unsqueeze(0) },
	}
	for opName, op := range keepsShape {
		for cutName, cut := range cuts {
			for _, dt := range dtypes {
				cfg := config(t, dt)
				p := program(t, cfg, func(s *graph.Scope) {
					w := s.Param("w", graph.Shape{2, 3}, constant(2))
					y := op(cut(w))
					s.Output("y", y)
					if opName != "reverse" {
						s.Output("gradient", s.Gradients(y.Sum(), w)[0])
					}
				})
				for range 3 {
					run(t, p, nil)
				}
				for i, x := range read(cfg.Params.Get("w").Value()) {
					if x != 2 {
						t.Fatalf("%s of %s %v: element %d of the parameter became %v", opName, cutName, dt, i, x)
					}
				}
			}
		}
	}
}

// Inputs of one shape keep their own values.
func TestInputsOfOneShape(t *testing.T) {
	p := program(t, config(t, tensor.Float32), func(s *graph.Scope) {
		a, b, c := s.Input("a", graph.Shape{2}), s.Input("b", graph.Shape{2}), s.Input("c", graph.Shape{2})
		s.Output("y", a.Add(b.Scale(10)).Add(c.Scale(100)))
		s.Within("one", func() { s.Output("one", s.Const(1, graph.Shape{2})) })
		s.Within("two", func() { s.Output("two", s.Const(2, graph.Shape{2})) })
	})
	of := func(x float64) array { return array{Shape: []int{2}, Data: []float64{x, x + 1}} }
	run(t, p, map[string]array{"a": of(1), "b": of(2), "c": of(3)})
	near(t, "y", array{Shape: []int{2}, Data: output(t, p, "y")}, array{Shape: []int{2}, Data: []float64{321, 432}}, 0)
	if one, two := output(t, p, "one")[0], output(t, p, "two")[0]; one != 1 || two != 2 {
		t.Errorf("constants 1 and 2 became %v and %v", one, two)
	}
}

// Softmax, log-softmax and the logarithm of the softmax in one graph.
func TestSoftmaxAndLogSoftmax(t *testing.T) {
	x := array{Shape: []int{2, 3}, Data: []float64{1, 2, 4, -1, 0, 3}}
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2, 3})
		soft := x.Softmax(1)
		s.Output("log", soft.Log())
		s.Output("softmax", soft)
		s.Output("log-softmax", x.LogSoftmax(1))
		s.Output("softmax 0", x.Softmax(0))
		s.Output("again", x.Softmax(1))
	})
	run(t, p, map[string]array{"x": x})
	want := map[string]func(at []int) float64{
		"softmax":     func(at []int) float64 { return softmaxOf(line(x, 1, at), at[1]) },
		"again":       func(at []int) float64 { return softmaxOf(line(x, 1, at), at[1]) },
		"softmax 0":   func(at []int) float64 { return softmaxOf(line(x, 0, at), at[0]) },
		"log":         func(at []int) float64 { return logSoftmaxOf(line(x, 1, at), at[1]) },
		"log-softmax": func(at []int) float64 { return logSoftmaxOf(line(x, 1, at), at[1]) },
	}
	for name, f := range want {
		near(t, name, array{Shape: x.Shape, Data: output(t, p, name)}, tabulate(x.Shape, f), 1e-14)
	}
}

// dropout keeps an element with the chance 1 − rate and makes up for the lost
// ones, as layers do.
func dropout(x graph.Value, name string, rate float64) graph.Value {
	return x.Times(x.Scope().Random(name, x.Shape(), func(r *rand.Rand) float64 {
		if r.Float64() < rate {
			return 0
		}
		return 1 / (1 - rate)
	}))
}

// Two masks of one value are two masks, each with its own rate, and what comes
// through a mask has the gradient that the mask says.
func TestTwoMasksOfOneValue(t *testing.T) {
	const n = 4000
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Const(1, graph.Shape{n})
		for name, rate := range map[string]float64{"low": 0.2, "high": 0.75} {
			y := dropout(x, name, rate)
			s.Output(name, y)
			s.Output(name+" gradient", s.Gradients(y.Sum(), x)[0])
		}
	})
	run(t, p, nil)
	for name, rate := range map[string]float64{"low": 0.2, "high": 0.75} {
		y := output(t, p, name)
		kept := 0.0
		for i, g := range output(t, p, name+" gradient") {
			if g != y[i] || g != 0 && g != 1/(1-rate) {
				t.Fatalf("%s: element %d is %v, its gradient %v", name, i, y[i], g)
			}
			kept += truth(g != 0)
		}
		if share := kept / n; share < 0.95-rate || share > 1.05-rate {
			t.Errorf("%s: %v of the elements were kept at a rate of %v", name, share, rate)
		}
	}
}

// Parameters that share a gradient each get it, once, at every run.
func TestParametersThatShareAGradient(t *testing.T) {
	cfg := config(t, tensor.Float32)
	p := program(t, cfg, func(s *graph.Scope) {
		a, b := s.Param("a", graph.Shape{3}, constant(1)), s.Param("b", graph.Shape{3}, constant(2))
		g := s.Gradients(a.Add(b).Square().Sum(), a, b)
		s.Output("a", g[0])
		s.Output("b", g[1])
	})
	for range 3 {
		run(t, p, nil)
		for _, name := range []string{"a", "b"} {
			if got := output(t, p, name); got[0] != 6 || got[2] != 6 {
				t.Errorf("gradient of %s is %v, want 6", name, got)
			}
		}
	}
}

// One-element slices stay what they are: an LSTM step with batch, features and
// units of 1.
func TestShapesOfOnes(t *testing.T) {
	graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
		x, h, c := in[0].At(1, 0), in[1], in[2] // [1, 1]
		z := x.MatMul(s.Param("kernel", graph.Shape{1, 4}, constant(0.3))).
			Add(h.MatMul(s.Param("recurrent", graph.Shape{1, 4}, constant(-0.2)))).
			Add(s.Param("bias", graph.Shape{4}, constant(0.1))) // [1, 4]
		gate := func(i int) graph.Value { return z.Slice(1, i, i+1) } // [1, 1]
		c = gate(1).Sigmoid().Times(c).Add(gate(0).Sigmoid().Times(gate(2).Tanh()))
		y := gate(3).Sigmoid().Times(c.Tanh())
		if !y.Shape().Equal(graph.Shape{1, 1}) {
			t.Errorf("shape %v", y.Shape())
		}
		return graph.Stack(1, y, c)
	}, graphtest.Input(1, 1, 1, 1), graphtest.Input(2, 1, 1), graphtest.Input(3, 1, 1))
}

// A value that is read keeps its elements through whatever is computed from it.
func TestIntermediateOutputs(t *testing.T) {
	for name, op := range keepsShape {
		p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{1, 3})
			inner := x.Scale(2)
			s.Output("inner", inner)
			s.Output("y", op(op(inner)).Sum())
			s.Output("x", x)
		})
		run(t, p, map[string]array{"x": counting(1, 3)})
		near(t, name, array{Shape: []int{3}, Data: output(t, p, "inner")}, array{Shape: []int{3}, Data: []float64{0, 2, 4}}, 0)
		near(t, name, array{Shape: []int{3}, Data: output(t, p, "x")}, array{Shape: []int{3}, Data: []float64{0, 1, 2}}, 0)
	}
}
