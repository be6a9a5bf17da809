package activations_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers/activations"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// parametrised are the structs with fields that differ from the defaults.
var parametrised = map[string]activations.Activation{
	"leaky_relu": activations.LeakyReLU{NegativeSlope: 0.7},
	"elu":        activations.ELU{Alpha: 1.7},
	"celu":       activations.CELU{Alpha: 0.4},
	"squareplus": activations.Squareplus{B: 0.3},
	"threshold":  activations.Threshold{Threshold: -10, DefaultValue: 3},
	"hardShrink": activations.HardShrink{Threshold: 1e-9},
	"softShrink": activations.SoftShrink{Threshold: 1e-9},
}

// check compares the gradients with finite differences, away from corners.
func check(t *testing.T, a activations.Activation, shapes ...[]int) {
	t.Helper()
	for i, shape := range shapes {
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
			v := in[0].Scale(0.4)
			return a.Apply(v.Add(away(in[0])))
		}, graphtest.Input(i+1, shape...))
	}
}

// away is −0.05 or 0.05, away from 0 on the side of x. With 0.4 x the sum stays
// away from 0 and from the shrinks' 0.5.
func away(x graph.Value) graph.Value {
	return x.Map("away", func(x float64) float64 { return math.Copysign(0.05, x) }, func(_, _ float64) float64 { return 0 })
}

func TestGradients(t *testing.T) {
	shapes := [][]int{{4}, {1}, {1, 1}, {1, 1, 1}, {2, 3}, {2, 1, 3}, {2, 3, 4}}
	for name, a := range elementwise {
		t.Run(name, func(t *testing.T) { check(t, a, shapes...) })
	}
	for name, a := range parametrised {
		t.Run(name+" with parameters", func(t *testing.T) { check(t, a, shapes...) })
	}
	for name, c := range alongAxis {
		shapes := shapes
		if name == "glu" {
			shapes = [][]int{{4}, {2}, {1, 2}, {1, 1, 2}, {2, 6}, {2, 3, 4}}
		}
		t.Run(name, func(t *testing.T) { check(t, c.activation, shapes...) })
	}
}

func TestAxis(t *testing.T) {
	for name, a := range map[string]activations.Activation{
		"softmax": activations.Softmax{Axis: 1}, "log_softmax": activations.LogSoftmax{Axis: -2},
		"sparsemax": activations.Sparsemax{Axis: 1}, "glu": activations.GLU{Axis: -2},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, a, []int{2, 4, 3}, []int{1, 2, 1})
			// The same as along the last axis of the transposed value.
			x := graphtest.Input(7, 2, 4, 3)
			got, _ := at(t, tensor.Float64, a, x, nil)
			want, _ := at(t, tensor.Float64, turned{alongAxis[name].activation}, x, nil)
			graphtest.CheckOutput(t, name, got, want, 1e-15)
		})
	}
}

type turned struct{ activations.Activation }

func (a turned) Apply(x graph.Value) graph.Value {
	return a.Activation.Apply(x.Transpose(0, 2, 1)).Transpose(0, 2, 1)
}

// Far from 0 every activation is one of a few simple things, and so is its
// derivative, however large x is.
func TestFarFromZero(t *testing.T) {
	zero := [2]float64{0, 0} // a and b of a·x + b
	one := [2]float64{0, 1}
	same := [2]float64{1, 0}
	for name, want := range map[string]struct{ left, right [2]float64 }{
		"linear":          {same, same},
		"relu":            {zero, same},
		"relu6":           {zero, [2]float64{0, 6}},
		"leaky_relu":      {[2]float64{0.2, 0}, same},
		"elu":             {[2]float64{0, -1}, same},
		"selu":            {[2]float64{0, -1.7580993408473766}, [2]float64{1.0507009873554804, 0}},
		"celu":            {[2]float64{0, -1}, same},
		"softplus":        {zero, same},
		"softsign":        {[2]float64{0, -1}, one},
		"silu":            {zero, same},
		"gelu":            {zero, same},
		"gelu_tanh":       {zero, same},
		"tanh":            {[2]float64{0, -1}, one},
		"sigmoid":         {zero, one},
		"hard_sigmoid":    {zero, one},
		"hard_sigmoid_v1": {zero, one},
		"hard_silu":       {zero, same},
		"hard_tanh":       {[2]float64{0, -1}, one},
		"hard_shrink":     {same, same},
		"soft_shrink":     {same, same}, // to within 0.5
		"tanh_shrink":     {same, same}, // to within 1
		"threshold":       {[2]float64{0, -0.25}, same},
		"exponential":     {zero, [2]float64{math.Inf(1), math.Inf(1)}},
		"mish":            {zero, same},
		"log_sigmoid":     {same, zero},
		"squareplus":      {zero, same},
		"sparse_plus":     {zero, same},
		"sparse_sigmoid":  {zero, one},
	} {
		for _, c := range []struct {
			dtype tensor.Dtype
			x     []float64
			tol   float64
		}{
			{tensor.Float32, []float64{1 << 27, 1 << 40, 1 << 100, 1 << 127}, 1e-7},
			{tensor.Float64, []float64{1 << 27, 1 << 40, 1e100, 1e160, 1e300, 1.5e308}, 1e-8},
		} {
			for _, x := range c.x {
				y, dx := at(t, c.dtype, elementwise[name], graphtest.Array{Shape: []int{2}, Data: []float64{-x, x}}, nil)
				for i, line := range [][2]float64{want.left, want.right} {
					at := []float64{-x, x}[i]
					value := line[1]
					if line[0] != 0 {
						value += line[0] * at
					}
					if math.IsInf(value, 0) {
						if y[i] != value || c.dtype == tensor.Float64 && dx[i] != value {
							t.Errorf("%s(%v) = %v with derivative %v, want %v", name, at, y[i], dx[i], value)
						}
						continue
					}
					if !(math.Abs(y[i]-value) <= 2*c.tol*max(1, math.Abs(value))) {
						t.Errorf("%s(%v) = %v, want %v", name, at, y[i], value)
					}
					if !(math.Abs(dx[i]-line[0]) <= c.tol) {
						t.Errorf("%s'(%v) = %v, want %v", name, at, dx[i], line[0])
					}
				}
			}
		}
	}
}

// What is small stays exact: a sum of 1 and something near −1 would lose it.
func TestSmallTails(t *testing.T) {
	for name, c := range map[string]struct{ x, want float64 }{
		"gelu":       {-10, -7.619853024160526e-23},
		"sigmoid":    {-40, 4.248354255291589e-18},
		"silu":       {-40, -1.6993417021166356e-16},
		"softplus":   {-40, 4.248354255291589e-18},
		"mish":       {-40, -1.6993417021166356e-16},
		"squareplus": {-1e6, 9.99999999999e-07},
		"elu":        {-1e-20, -1e-20},
	} {
		y, _ := at(t, tensor.Float64, elementwise[name], graphtest.Array{Shape: []int{1}, Data: []float64{c.x}}, nil)
		if !(math.Abs(y[0]/c.want-1) < 1e-12) {
			t.Errorf("%s(%v) = %v, want %v", name, c.x, y[0], c.want)
		}
	}
}

func TestNaNPassesThrough(t *testing.T) {
	nan := math.NaN()
	for name, a := range elementwise {
		if y, _ := at(t, tensor.Float64, a, graphtest.Array{Shape: []int{3}, Data: []float64{0.2, nan, -0.2}}, nil); !math.IsNaN(y[1]) ||
			math.IsNaN(y[0]) || math.IsNaN(y[2]) {
			t.Errorf("%s of NaN in the middle: %v", name, y)
		}
	}
	for name, c := range alongAxis {
		for _, bad := range []float64{nan, math.Inf(1)} {
			y, _ := at(t, tensor.Float64, c.activation, graphtest.Array{Shape: []int{1, 2}, Data: []float64{bad, bad}}, nil)
			if name == "glu" && math.IsInf(bad, 1) {
				continue // ∞ · 1 is right
			}
			for _, v := range y {
				if !math.IsNaN(v) {
					t.Errorf("%s of %v: %v", name, bad, y)
				}
			}
		}
	}
}

func TestSparsemaxIsOnTheSimplex(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 12).Draw(r, "x")
		if rapid.Bool().Draw(r, "near") {
			for i := range x {
				x[i] /= 1e6
			}
		}
		shape := []int{1, len(x)}
		y, _ := at(t, tensor.Float64, activations.Sparsemax{}, graphtest.Array{Shape: shape, Data: x}, nil)
		sum, tau := 0.0, math.NaN()
		for i, v := range y {
			sum += v
			if v > 0 {
				tau = x[i] - v
			}
		}
		if math.Abs(sum-1) > 1e-9 {
			r.Fatalf("sum of %v is %v", y, sum)
		}
		for i, v := range y {
			if math.Abs(v-max(x[i]-tau, 0)) > 1e-8 {
				r.Fatalf("%v of %v is not x − τ or 0", y, x)
			}
		}
	})
}
