package graph_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

func TestBinaryValues(t *testing.T) {
	ops := map[string]struct {
		op   binary
		want func(a, b float64) float64
	}{
		"add":          {graph.Value.Add, func(a, b float64) float64 { return a + b }},
		"sub":          {graph.Value.Sub, func(a, b float64) float64 { return a - b }},
		"times":        {graph.Value.Times, func(a, b float64) float64 { return a * b }},
		"div":          {graph.Value.Div, func(a, b float64) float64 { return a / b }},
		"maximum":      {graph.Value.Maximum, nanFirst(math.Max)},
		"minimum":      {graph.Value.Minimum, nanFirst(math.Min)},
		"greater":      {graph.Value.Greater, func(a, b float64) float64 { return truth(a > b) }},
		"greaterEqual": {graph.Value.GreaterEqual, func(a, b float64) float64 { return truth(a >= b) }},
		"equal":        {graph.Value.Equal, func(a, b float64) float64 { return truth(a == b) }},
		"prelu": {graph.Value.PReLU, func(a, b float64) float64 {
			if a > 0 {
				return a
			}
			return a * b
		}},
	}
	for name, c := range ops {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := filled(t, "a", wild, shapes(0, 4).Draw(t, "shape"))
				b := filled(t, "b", wild, partner(t, a.Shape))
				if rapid.Bool().Draw(t, "swap") {
					a, b = b, a
				}
				checkOp(t, name, 0,
					func(_ *graph.Scope, in []graph.Value) graph.Value { return c.op(in[0], in[1]) },
					func(in []array) array {
						return tabulate(common(in...), func(at []int) float64 { return c.want(pick(in[0], at), pick(in[1], at)) })
					}, a, b)
			})
		})
	}
}

// nanFirst gives NaN for NaN on either side, where math.Max prefers +∞.
func nanFirst(f func(a, b float64) float64) func(a, b float64) float64 {
	return func(a, b float64) float64 {
		if math.IsNaN(a) || math.IsNaN(b) {
			return math.NaN()
		}
		return f(a, b)
	}
}

func TestWhereValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := filled(t, "a", wild, shapes(0, 4).Draw(t, "shape"))
		b := filled(t, "b", wild, partner(t, a.Shape))
		full := tabulate(common(a, b), func([]int) float64 { return 0 })
		cond := filled(t, "cond", rapid.SampledFrom([]float64{0, 1, math.NaN(), -2}), partner(t, full.Shape))
		checkOp(t, "where", 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return graph.Where(in[0], in[1], in[2]) },
			func(in []array) array {
				return tabulate(common(in...), func(at []int) float64 {
					if pick(in[0], at) != 0 {
						return pick(in[1], at)
					}
					return pick(in[2], at)
				})
			}, cond, a, b)
	})
}

// The gradient of Where can be differentiated again: that of Σ (dy/dx)² where y is
// x³ on one side and x on the other is 36x³ where x³ is taken, and 0 elsewhere.
func TestWhereTwice(t *testing.T) {
	got := eval(t, tensor.Float64, func(s *graph.Scope, in []graph.Value) graph.Value {
		cond, x := in[0], in[1]
		y := graph.Where(cond, x.Times(x).Times(x), x).Sum()
		first := s.Gradients(y, x)[0]
		return s.Gradients(first.Times(first).Sum(), x)[0]
	}, array{Shape: []int{4}, Data: []float64{1, 0, 1, 0}}, array{Shape: []int{4}, Data: []float64{2, 3, -1, 5}})
	near(t, "second gradient", got, array{Shape: []int{4}, Data: []float64{288, 0, -36, 0}}, 1e-12)
}

// So can that of PReLU, where Σ (dy/dx)² of y = x²·α is 8·α²·x for x and 8·α·x² for α
// on the left, and on the right the same with α = 1, on which nothing depends.
func TestPReLUTwice(t *testing.T) {
	for i, want := range [][]float64{{16, -2, 8, -0.5}, {0, 4, 0, 2}} {
		got := eval(t, tensor.Float64, func(s *graph.Scope, in []graph.Value) graph.Value {
			x, alpha := in[0], in[1]
			y := x.PReLU(alpha).Times(x).Sum()
			first := s.Gradients(y, x)[0]
			return s.Gradients(first.Times(first).Sum(), in[i])[0]
		}, array{Shape: []int{4}, Data: []float64{2, -1, 1, -1}}, array{Shape: []int{4}, Data: []float64{7, 0.5, 3, 0.25}})
		near(t, "second gradient", got, array{Shape: []int{4}, Data: want}, 1e-12)
	}
}

func TestUnaryValues(t *testing.T) {
	ops := map[string]struct {
		op   unary
		want func(x float64) float64
	}{
		"neg":        {graph.Value.Neg, func(x float64) float64 { return -x }},
		"scale":      {func(v graph.Value) graph.Value { return v.Scale(-2.5) }, func(x float64) float64 { return -2.5 * x }},
		"addConst":   {func(v graph.Value) graph.Value { return v.AddConst(3) }, func(x float64) float64 { return x + 3 }},
		"oneMinus":   {graph.Value.OneMinus, func(x float64) float64 { return 1 - x }},
		"square":     {graph.Value.Square, func(x float64) float64 { return x * x }},
		"sqrt":       {graph.Value.Sqrt, math.Sqrt},
		"reciprocal": {graph.Value.Reciprocal, func(x float64) float64 { return 1 / x }},
		"exp":        {graph.Value.Exp, func(x float64) float64 { return math.Pow(math.E, x) }},
		"log":        {graph.Value.Log, func(x float64) float64 { return math.Log2(x) * math.Ln2 }},
		"pow":        {func(v graph.Value) graph.Value { return v.Pow(3) }, func(x float64) float64 { return x * x * x }},
		"abs":        {graph.Value.Abs, func(x float64) float64 { return math.Copysign(x, 1) }},
		"tanh":       {graph.Value.Tanh, func(x float64) float64 { return 1 - 2/(math.Exp(2*x)+1) }},
		"sigmoid":    {graph.Value.Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		"softplus": {graph.Value.Softplus, func(x float64) float64 {
			if x > 30 { // where the 1 is lost
				return x
			}
			return math.Log(1 + math.Exp(x))
		}},
		"logGamma": {graph.Value.LogGamma, func(x float64) float64 { y, _ := math.Lgamma(x); return y }},
		"relu": {graph.Value.ReLU, func(x float64) float64 {
			if x < 0 {
				return 0
			}
			return x
		}},
		"clip": {func(v graph.Value) graph.Value { return v.Clip(-1, 2) }, func(x float64) float64 {
			switch {
			case x < -1:
				return -1
			case x > 2:
				return 2
			}
			return x
		}},
	}
	for name, c := range ops {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				checkOp(t, name, 1e-11,
					func(_ *graph.Scope, in []graph.Value) graph.Value { return c.op(in[0]) },
					func(in []array) array {
						return tabulate(in[0].Shape, func(at []int) float64 { return c.want(pick(in[0], at)) })
					}, filled(t, "x", wild, shapes(0, 4).Draw(t, "shape")))
			})
		})
	}
}
