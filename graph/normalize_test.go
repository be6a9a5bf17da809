package graph_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

type normalizing = func(v graph.Value, gamma, beta *graph.Value) graph.Value

// normalizations are the operations, and the same from others.
var normalizations = map[string][2]normalizing{
	"layer": {
		func(v graph.Value, gamma, beta *graph.Value) graph.Value { return v.LayerNorm(gamma, beta, 0.01) },
		func(v graph.Value, gamma, beta *graph.Value) graph.Value {
			return writtenNorm(v.Sub(v.Mean(-1).Unsqueeze(-1)), gamma, beta)
		},
	},
	"root mean square": {
		func(v graph.Value, gamma, _ *graph.Value) graph.Value { return v.RMSNorm(gamma, 0.01) },
		func(v graph.Value, gamma, _ *graph.Value) graph.Value { return writtenNorm(v, gamma, nil) },
	},
}

func writtenNorm(v graph.Value, gamma, beta *graph.Value) graph.Value {
	y := v.Times(v.Square().Mean(-1).AddConst(0.01).Pow(-0.5).Unsqueeze(-1))
	if gamma != nil {
		y = y.Times(*gamma)
	}
	if beta != nil {
		y = y.Add(*beta)
	}
	return y
}

// withGradients is the result of f followed by the gradients of those operands of x,
// gamma and beta that are wanted; the others are nil or constant.
func withGradients(f normalizing, scale, shift bool, wanted []int) formula {
	return func(s *graph.Scope, in []graph.Value) graph.Value {
		var gamma, beta *graph.Value
		if scale {
			gamma = &in[1]
		}
		if shift {
			beta = &in[2]
		}
		y := f(in[0], gamma, beta)
		loss := y.Times(s.Values(graphtest.Input(4, y.Shape()...).Data, y.Shape())).Sum()
		var wrt []graph.Value
		for _, i := range wanted {
			wrt = append(wrt, in[i])
		}
		out := y.Reshape(y.Shape().Size())
		for _, g := range s.Gradients(loss, wrt...) {
			out = graph.Concat(0, out, g.Reshape(g.Shape().Size()))
		}
		return out
	}
}

func TestNormalize(t *testing.T) {
	for name, n := range normalizations {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				size := rapid.IntRange(1, 40).Draw(t, "size")
				x := graphtest.Input(1, append(shapes(0, 2).Draw(t, "shape"), size)...)
				scale, shift := rapid.Bool().Draw(t, "scale"), rapid.Bool().Draw(t, "shift") && name == "layer"
				wanted := slices.DeleteFunc([]int{0, 1, 2}, func(i int) bool {
					return i == 1 && !scale || i == 2 && !shift || !rapid.Bool().Draw(t, "wanted")
				})
				inputs := []array{x, graphtest.Input(2, size), graphtest.Input(3, size)}
				for _, dt := range dtypes {
					tol := 1e-12
					if dt == tensor.Float32 {
						tol = 2e-5
					}
					got := eval(t, dt, withGradients(n[0], scale, shift, wanted), inputs...)
					near(t, fmt.Sprint(dt, wanted), got, eval(t, dt, withGradients(n[1], scale, shift, wanted), inputs...), tol)
				}
			})
		})
	}
}

func TestNormalizeGradients(t *testing.T) {
	for name, n := range normalizations {
		for _, shape := range [][]int{{5}, {3, 17}, {2, 2, 1}} {
			size := shape[len(shape)-1]
			t.Run(fmt.Sprint(name, shape), func(t *testing.T) {
				graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
					return n[0](in[0], &in[1], &in[2])
				}, graphtest.Input(1, shape...), graphtest.Input(2, size), graphtest.Input(3, size))
			})
		}
	}
}

// The cores share rows and columns, and give the same bits.
func TestNormalizeOnCores(t *testing.T) {
	inputs := []array{graphtest.Input(1, 301, 103), graphtest.Input(2, 103), graphtest.Input(3, 103)}
	f := withGradients(normalizations["layer"][0], true, true, []int{0, 1, 2})
	cores := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(cores)
	one := eval(t, tensor.Float32, f, inputs...)
	runtime.GOMAXPROCS(3)
	near(t, "three cores", eval(t, tensor.Float32, f, inputs...), one, 0)
}

func TestNormalizeHasNoSecondDerivative(t *testing.T) {
	_, err := graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Values([]float64{1, 2, 4}, graph.Shape{3})
		dx := s.Gradients(x.LayerNorm(nil, nil, 1e-3).Square().Sum(), x)[0]
		s.Output("second", s.Gradients(dx.Square().Sum(), x)[0])
	})
	wantError(t, "second derivative", err, "normalize gradient has no gradient, so a second derivative through it is not available")
}

// around is ScaleAround from other operations.
func around(v, center, scale graph.Value, shift *graph.Value) graph.Value {
	y := v.Sub(center).Times(scale)
	if shift != nil {
		y = y.Add(*shift)
	}
	return y
}

// The result has the bits of three operations, −0 too; gradients are theirs.
func TestScaleAround(t *testing.T) {
	type scaling = func(v, center, scale graph.Value, shift *graph.Value) graph.Value
	for _, shape := range [][]int{{5}, {3, 17}, {2, 3, 1}, {700, 41}} {
		for _, shifted := range []bool{true, false} {
			n := shape[len(shape)-1]
			x := graphtest.Input(1, shape...)
			center := array{Shape: []int{n}, Data: x.Data[:n]} // the first row becomes 0 times the scale
			inputs := []array{x, center, graphtest.Input(2, n), graphtest.Input(3, n)}
			of := func(f scaling, in []graph.Value) graph.Value {
				if !shifted {
					return f(in[0], in[1], in[2], nil)
				}
				return f(in[0], in[1], in[2], &in[3])
			}
			for _, dt := range dtypes {
				value := func(f scaling) formula {
					return func(_ *graph.Scope, in []graph.Value) graph.Value { return of(f, in) }
				}
				got, want := eval(t, dt, value(graph.Value.ScaleAround), inputs...), eval(t, dt, value(around), inputs...)
				if checksum(got.Data) != checksum(want.Data) {
					t.Errorf("%v %v: other bits than the operations one by one", dt, shape)
				}
			}
			if len(x.Data) < 100 {
				graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
					return of(graph.Value.ScaleAround, in)
				}, inputs...)
			}
		}
	}
}
