package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// slstmRun is an sLSTM with numbers for all that it reads.
type slstmRun struct {
	recurrentRun
	heads       int
	exponential bool
}

// plain computes one number after the other from the equations of the paper
// without a stabiliser: equations 8 to 14 of Beck et al. 2024.
func (r slstmRun) plain() (ys, h, c, n []float64) {
	u, d := r.units, r.units/r.heads
	for b := range r.batch {
		hs, cs, ns := make([]float64, u), make([]float64, u), make([]float64, u)
		for t := range r.steps {
			sum := func(gate, j int) float64 {
				z := r.bias[gate*u+j]
				for i := range r.features {
					z += r.x[(b*r.steps+t)*r.features+i] * r.kernel[i*4*u+gate*u+j]
				}
				head := j / d
				for i := range d {
					z += hs[head*d+i] * r.recurrent[(head*d+i)*4*d+gate*d+j%d]
				}
				return z
			}
			next := make([]float64, u)
			for j := range u {
				i, f := math.Exp(sum(0, j)), math.Exp(sum(1, j))
				if !r.exponential {
					f = 1 / (1 + 1/f)
				}
				cs[j] = f*cs[j] + i*math.Tanh(sum(2, j))
				ns[j] = f*ns[j] + i
				next[j] = cs[j] / ns[j] / (1 + math.Exp(-sum(3, j)))
			}
			hs = next
			ys = append(ys, hs...)
		}
		h, c, n = append(h, hs...), append(c, cs...), append(n, ns...)
	}
	return ys, h, c, n
}

func (r slstmRun) layer() layers.RNN {
	return layers.RNN{
		Cell: layers.SLSTMCell{
			Units: r.units, Heads: r.heads, ExponentialForget: r.exponential, NoUnitForgetBias: true,
			KernelInitializer: given(r.kernel), RecurrentInitializer: given(r.recurrent), BiasInitializer: given(r.bias),
		},
		ReturnSequences: true, Unrolled: r.unrolled,
	}
}

// The cell computes what the equations say, which the stabiliser leaves alone,
// in float64 and float32.
func TestSLSTMEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 4)
		r := slstmRun{heads: size.Draw(t, "heads"), exponential: rapid.Bool().Draw(t, "exponential")}
		r.batch, r.steps, r.features = size.Draw(t, "batch"), rapid.IntRange(1, 12).Draw(t, "steps"), size.Draw(t, "features")
		r.units = r.heads * size.Draw(t, "units of a head")
		seed, u := rapid.Uint64Max(1<<20).Draw(t, "seed"), r.units
		draw := func(i, n int, scale float64) []float64 { return graphtest.Uniform(seed+uint64(i), n, scale) }
		r.x, r.kernel = draw(0, r.batch*r.steps*r.features, 2), draw(1, r.features*4*u, 1)
		r.recurrent, r.bias = draw(2, u*4*u/r.heads, 1), draw(3, 4*u, 2)
		r.inference = true
		r.loss = func(i, n int) []float64 { return make([]float64, n) }
		want, _, _, _ := r.plain()
		for dtype, tol := range tolerances {
			got := r.runLayer(t, dtype, r.layer())["output"]
			for i, w := range want {
				if !(math.Abs(got[i]-w) <= tol) {
					t.Fatalf("%v element %d: got %g, want %g", dtype, i, got[i], w)
				}
			}
		}
	})
}

// Gates that would overflow without the stabiliser, or all vanish, do no harm,
// neither forwards nor back.
func TestSLSTMLargeGates(t *testing.T) {
	for _, bias := range []float64{-2000, -100, 100, 2000} {
		for _, exponential := range []bool{false, true} {
			r := slstmRun{heads: 1, exponential: exponential}
			r.batch, r.steps, r.features, r.units = 2, 5, 2, 2
			r.x, r.kernel, r.recurrent = graphtest.Uniform(1, 20, 1), graphtest.Uniform(2, 16, 1), graphtest.Uniform(3, 16, 1)
			r.bias = slices.Concat([]float64{bias, bias, bias, -bias}, make([]float64, 4))
			r.mask = []float64{0, 0, 1, 1, 1, 1, 1, 0, 1, 1}
			r.loss = func(i, n int) []float64 { return graphtest.Uniform(4, n, 1) }
			for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				for name, got := range r.runLayer(t, dtype, r.layer()) {
					for i, x := range got {
						if math.IsNaN(x) || math.IsInf(x, 0) {
							t.Errorf("bias %g, %v: %s[%d] is %g", bias, dtype, name, i, x)
						}
					}
				}
			}
		}
	}
}

func TestSLSTM(t *testing.T) {
	for name, c := range map[string]layers.SLSTMCell{
		"one head":    {Units: 3},
		"two heads":   {Units: 4, Heads: 2, ExponentialForget: true},
		"no biases":   {Units: 2, NoBias: true},
		"zero biases": {Units: 2, NoUnitForgetBias: true},
	} {
		t.Run(name, func(t *testing.T) {
			layertest.Check(t, layertest.Case{
				Layer:   layers.RNN{Cell: c, ReturnSequences: true, ReturnState: true},
				Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 2)},
				Outputs: []graph.Shape{{graph.Any, 3, c.Units}, {graph.Any, c.Units}, {graph.Any, c.Units}, {graph.Any, c.Units}, {graph.Any, c.Units}},
			})
		})
	}
}
