package graph_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// linearShapes are those of x, the kernel and the bias, and how many axes are summed.
var linearShapes = []struct {
	x, kernel, bias []int
	axes            int
	equation        string
}{
	{[]int{3}, []int{3, 2}, []int{2}, 1, "a,ab->b"},
	{[]int{5, 3}, []int{3, 1}, []int{1}, 1, "xa,ab->xb"},
	{[]int{2, 4, 3}, []int{3, 5}, []int{5}, 1, "xya,ab->xyb"},
	{[]int{2, 4, 3}, []int{3, 5, 2}, []int{5, 2}, 1, "xya,abc->xybc"},
	{[]int{2, 4, 3, 2}, []int{3, 2, 5}, []int{5}, 2, "xyab,abc->xyc"},
	{[]int{3, 2}, []int{3, 2, 2, 4}, []int{2, 4}, 2, "ab,abcd->cd"},
}

// The same as Einsum, Add and Apply, with the same gradients.
func TestLinear(t *testing.T) {
	for _, c := range linearShapes {
		x, kernel, bias := graphtest.Input(1, c.x...), graphtest.Input(2, c.kernel...), graphtest.Input(3, c.bias...)
		for _, kind := range []kernels.FunctionKind{kernels.Identity, kernels.Softplus, kernels.Tanh, kernels.GELU, kernels.Sigmoid} {
			f := kind.With()
			t.Run(fmt.Sprint(c.equation, " ", kind), func(t *testing.T) {
				fused := func(_ *graph.Scope, in []graph.Value) graph.Value {
					return graph.Linear(in[0], c.axes, in[1], &in[2], f)
				}
				got := eval(t, tensor.Float64, fused, x, kernel, bias)
				want := eval(t, tensor.Float64, func(_ *graph.Scope, in []graph.Value) graph.Value {
					return graph.EinsumAdd(c.equation, in[0], in[1], in[2]).Apply(f)
				}, x, kernel, bias)
				graphtest.CheckOutput(t, "result", got.Data, want.Data, 1e-12)
				graphtest.CheckGrad(t, fused, x, kernel, bias)
				graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
					return graph.Linear(in[0], c.axes, in[1], nil, f)
				}, x, kernel)
			})
		}
	}
}

// Only some of the operands may have gradients, and one result several backward passes.
func TestLinearGradientsWanted(t *testing.T) {
	f := kernels.GELU.With()
	x, kernel, bias := graphtest.Input(1, 4, 3), graphtest.Input(2, 3, 2), graphtest.Input(3, 2)
	for wanted := range 3 {
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			all := []graph.Value{s.Values(x.Data, x.Shape), s.Values(kernel.Data, kernel.Shape), s.Values(bias.Data, bias.Shape)}
			all[wanted] = in[0]
			return graph.Linear(all[0], 1, all[1], &all[2], f)
		}, []graphtest.Array{x, kernel, bias}[wanted])
	}
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		x, kernel := s.Input("x", graph.Shape{4, 3}), s.Input("kernel", graph.Shape{3, 2})
		y := graph.Linear(x, 1, kernel, nil, f)
		first, second := s.Gradients(y.Sum(), x, kernel), s.Gradients(y.Scale(2).Sum(), x, kernel)
		for i, name := range []string{"x", "kernel"} {
			s.Output("first "+name, first[i])
			s.Output("second "+name, second[i])
		}
	})
	run(t, p, map[string]array{"x": x, "kernel": kernel})
	for _, name := range []string{"x", "kernel"} {
		twice := output(t, p, "first "+name)
		for i := range twice {
			twice[i] *= 2
		}
		graphtest.CheckOutput(t, name, output(t, p, "second "+name), twice, 1e-12)
	}
}

// A program sees new parameters, and a scan uses them at every step.
func TestLinearReadsParameters(t *testing.T) {
	for _, scan := range []bool{false, true} {
		cfg := config(t, tensor.Float64)
		p := program(t, cfg, func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{2, 3, 2}) // [batch, steps, features]
			kernel := s.Param("kernel", graph.Shape{2, 2}, uniform{})
			if !scan {
				s.Output("y", graph.Linear(x, 1, kernel, nil, graph.Function{}))
				return
			}
			y, _ := graph.Scan{X: x, Sequence: true, Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
				return graph.Linear(x, 1, kernel, nil, graph.Function{}), states
			}}.Run()
			s.Output("y", y)
		})
		x := graphtest.Input(1, 2, 3, 2)
		for _, w := range []float64{1, 1, 5} {
			if err := cfg.Params.Update(func() error {
				for i := range 4 {
					p.Params()[0].Value().Float64s()[i] = w
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			run(t, p, map[string]array{"x": x})
			got := output(t, p, "y")
			for i := range got {
				want := w * (x.Data[i/2*2] + x.Data[i/2*2+1])
				graphtest.CheckOutput(t, "y", got[i:i+1], []float64{want}, 1e-12)
			}
		}
	}
}

func TestLinearRefuses(t *testing.T) {
	for _, c := range []struct {
		x, kernel, bias graph.Shape
		axes            int
		want            errs.Error
	}{
		{graph.Shape{2, 3}, graph.Shape{4, 5}, nil, 1, errs.Error{Field: "linear", Value: graph.Shape{4, 5}}},
		{graph.Shape{2, 3}, graph.Shape{3}, nil, 1, errs.Error{Field: "linear", Value: graph.Shape{3}}},
		{graph.Shape{2, 3}, graph.Shape{3, 2}, nil, 0, errs.Error{Field: "linear", Value: graph.Shape{3, 2}}},
		{graph.Shape{3}, graph.Shape{3, 3, 2}, nil, 2, errs.Error{Field: "linear", Value: graph.Shape{3, 3, 2}}},
		{graph.Shape{2, 3}, graph.Shape{3, 5}, graph.Shape{4}, 1, errs.Error{Field: "linear", Value: graph.Shape{4}}},
	} {
		_, err := graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
			var bias *graph.Value
			if c.bias != nil {
				bias = new(s.Input("bias", c.bias))
			}
			s.Output("y", graph.Linear(s.Input("x", c.x), c.axes, s.Input("kernel", c.kernel), bias, graph.Function{}))
		})
		errtest.Check(t, err, c.want)
	}
}
