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

// batchNorm is y, mean, variance and the gradients of those operands that are wanted, one
// after the other. The operands are x, gamma, beta and a mask, or nil.
func batchNorm(op func(x graph.Value, gamma, beta, mask *graph.Value) (y, mean, variance graph.Value), has [4]bool, wanted []int) formula {
	return func(s *graph.Scope, in []graph.Value) graph.Value {
		var w [4]*graph.Value
		for i, has := range has {
			if has {
				w[i] = &in[i]
			}
		}
		y, mean, variance := op(in[0], w[1], w[2], w[3])
		loss := y.Times(s.Values(graphtest.Input(4, y.Shape()...).Data, y.Shape())).Sum()
		out := graph.Concat(0, y.Reshape(y.Shape().Size()), mean, variance)
		var wrt []graph.Value
		for _, i := range wanted {
			wrt = append(wrt, in[i])
		}
		for _, g := range s.Gradients(loss, wrt...) {
			out = graph.Concat(0, out, g.Reshape(g.Shape().Size()))
		}
		return out
	}
}

const batchEpsilon = 0.01

func oneBatchNorm(x graph.Value, gamma, beta, mask *graph.Value) (y, mean, variance graph.Value) {
	return x.BatchNorm(gamma, beta, mask, batchEpsilon)
}

// writtenBatchNorm is the same from other operations.
func writtenBatchNorm(x graph.Value, gamma, beta, mask *graph.Value) (y, mean, variance graph.Value) {
	n := x.Dim(-1)
	rows := x.Reshape(x.Shape().Size()/n, n)
	weights, count := x.Scope().Const(1, graph.Shape{rows.Dim(0), 1}), 0.0
	part := x.Scope().Const(1/float64(rows.Dim(0)), graph.Shape{})
	if mask != nil {
		weights, count = mask.BroadcastTo(x.Shape().With(x.Rank()-1, 1)...).Reshape(rows.Dim(0), 1), 1e-7
		part = weights.Sum().AddConst(count).Reciprocal()
	}
	mean = rows.Times(weights).Sum(0).Times(part)
	centred := rows.Sub(mean)
	variance = centred.Square().Times(weights).Sum(0).Times(part)
	y = centred.Times(variance.AddConst(batchEpsilon).Pow(-0.5))
	if gamma != nil {
		y = y.Times(*gamma)
	}
	if beta != nil {
		y = y.Add(*beta)
	}
	return y.Reshape(x.Shape()...), mean, variance
}

func TestBatchNorm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		shape := append(shapes(1, 3).Draw(t, "shape"), n)
		has := [4]bool{true, rapid.Bool().Draw(t, "scale"), rapid.Bool().Draw(t, "shift"), rapid.Bool().Draw(t, "masked")}
		var wanted []int
		for i := range 3 {
			if has[i] && rapid.Bool().Draw(t, "wanted") {
				wanted = append(wanted, i)
			}
		}
		x := graphtest.Input(1, shape...)
		offset := rapid.SampledFrom([]float64{0, 3}).Draw(t, "offset")
		for i := range x.Data {
			x.Data[i] += offset
		}
		masked := append(shape[:len(shape)-1:len(shape)-1], 1)
		for i := rapid.IntRange(1, len(masked)-1).Draw(t, "axes"); i < len(masked); i++ {
			masked[i] = 1
		}
		mask := filled(t, "mask", rapid.SampledFrom([]float64{0, 1}), masked)
		in := []array{x, graphtest.Input(2, n), graphtest.Input(3, n), mask}
		for _, dt := range dtypes {
			tol := 1e-10
			if dt == tensor.Float32 {
				tol = 1e-4
			}
			got := eval(t, dt, batchNorm(oneBatchNorm, has, wanted), in...)
			near(t, fmt.Sprint(dt, has, wanted), got, eval(t, tensor.Float64, batchNorm(writtenBatchNorm, has, wanted), rounded(dt, in[0]), rounded(dt, in[1]), rounded(dt, in[2]), mask), tol)
		}
	})
}

// The moments of numbers far from 0 keep their digits, and those of rows that do not count
// do not matter, whatever they are.
func TestBatchNormExtremes(t *testing.T) {
	inf, nan, r := math.Inf(1), math.NaN(), 1/math.Sqrt(2./3+batchEpsilon)
	one := array{Shape: []int{1}, Data: []float64{1}}
	for _, c := range []struct {
		x, mask, want []float64
		tol           float64
	}{
		{[]float64{1e6 + 1, 1e6 + 3, 1e6 + 2}, []float64{1, 1, 1}, []float64{-r, r, 0, 1e6 + 2, 2. / 3}, 1e-6},
		{[]float64{1e3 + 1, inf, 1e3 + 3, nan, 1e3 + 2}, []float64{1, 0, 1, 0, 1}, []float64{-r, inf, r, nan, 0, 1e3 + 2, 2. / 3}, 1e-3},
	} {
		x, mask := array{Shape: []int{len(c.x), 1}, Data: c.x}, array{Shape: []int{len(c.x), 1}, Data: c.mask}
		for _, dt := range dtypes {
			has := [4]bool{0: true, 3: len(c.x) > 3}
			got := eval(t, dt, batchNorm(oneBatchNorm, has, nil), x, one, one, mask)
			near(t, dt.String(), got, array{Shape: []int{len(c.want)}, Data: c.want}, c.tol)
		}
	}
}

// The cores share rows and columns, and give the same bits.
func TestBatchNormOnCores(t *testing.T) {
	const rows, n = 2301, 103
	mask := array{Shape: []int{rows, 1}, Data: make([]float64, rows)}
	for i := range mask.Data {
		mask.Data[i] = float64(i % 5 % 2)
	}
	in := []array{graphtest.Input(1, rows, n), graphtest.Input(2, n), graphtest.Input(3, n), mask}
	cores := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(cores)
	for _, masked := range []bool{true, false} {
		f := batchNorm(oneBatchNorm, [4]bool{true, true, true, masked}, []int{0, 1, 2})
		runtime.GOMAXPROCS(1)
		one := eval(t, tensor.Float32, f, in...)
		near(t, "one core", one, eval(t, tensor.Float64, batchNorm(writtenBatchNorm, [4]bool{true, true, true, masked}, []int{0, 1, 2}), in...), 1e-4)
		runtime.GOMAXPROCS(3)
		near(t, "three cores", eval(t, tensor.Float32, f, in...), one, 0)
	}
}

func TestBatchNormRefuses(t *testing.T) {
	_, err := graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Values([]float64{1, 2, 4}, graph.Shape{3, 1})
		y, _, _ := x.BatchNorm(nil, nil, nil, 1e-3)
		s.Output("second", s.Gradients(s.Gradients(y.Square().Sum(), x)[0].Square().Sum(), x)[0])
	})
	wantError(t, "second derivative", err, "batch normalize gradient has no gradient, so a second derivative through it is not available")
	_, err = graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Values([]float64{1, 2, 4}, graph.Shape{3, 1})
		_, _, variance := x.BatchNorm(nil, nil, nil, 1e-3)
		s.Output("gradient", s.Gradients(variance.Sum(), x)[0])
	})
	wantError(t, "gradient of a moment", err, "batch normalize moments has no gradient")
}
