package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = specimen(conformance.Layer{
	Value:   layers.SLSTMCell{Units: 2},
	In:      inRNN,
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.SLSTMCell{
		Units: 2, Heads: 1, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
	},
	Weights: []conformance.Weights{{
		Layer: layers.RNN{Cell: layers.SLSTMCell{Units: 2}},
		Init: map[string]graph.Initializer{
			"kernel": initializers.GlorotUniform, "recurrent_kernel": initializers.Orthogonal{Gain: 1},
			"bias": conformance.Elements{0, 0, 1, 1, 0, 0, 0, 0}, // columns i, f, z, o
		},
	}},
	Accepts:  "-+----",
	Compared: "TestSLSTMEquations",
	Draw: func(d *conformance.Drawing) {
		n := 2 * d.Units()
		d.Cell(conformance.Rest(d, layers.SLSTMCell{Units: n, Heads: 2}), n, []int{n, n, n, n})
	},
})

// slstmRun is an sLSTM with numbers for all that it reads; its initial states
// are h, c, n and m.
type slstmRun struct {
	recurrentRun
	heads                  int
	exponential, backwards bool
}

// stored are the h, c and n of the paper that a sample begins with: those of the
// cell are smaller by exp(m).
func (r slstmRun) stored(b int) (h, c, n []float64) {
	u := r.units
	h, c, n = make([]float64, u), make([]float64, u), make([]float64, u)
	if r.initial == nil {
		return h, c, n
	}
	copy(h, r.initial[0][b*u:])
	for j := range u {
		larger := math.Exp(r.initial[3][b*u+j])
		c[j], n[j] = r.initial[1][b*u+j]*larger, r.initial[2][b*u+j]*larger
	}
	return h, c, n
}

// plain computes one number after the other from the equations of the paper
// without a stabiliser: equations 8 to 14 of Beck et al. 2024. It returns the
// outputs of all steps and the last states.
func (r slstmRun) plain() (ys, h, c, n []float64) {
	u, d := r.units, r.units/r.heads
	for b := range r.batch {
		hs, cs, ns := r.stored(b)
		y := make([]float64, u)
		for k := range r.steps {
			t := k
			if r.backwards {
				t = r.steps - 1 - k
			}
			if r.mask != nil && r.mask[b*r.steps+t] == 0 {
				if r.zeroMask {
					y = make([]float64, u)
				}
				ys = append(ys, y...)
				continue
			}
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
			hs, y = next, next
			ys = append(ys, y...)
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
		ReturnSequences: true, Unrolled: r.unrolled, GoBackwards: r.backwards, ZeroOutputForMask: r.zeroMask,
	}
}

// states runs the layer, and gives the outputs of all steps, h, c, n and m.
func (r slstmRun) states(t tester, dtype tensor.Dtype) (y, h, c, n, m []float64) {
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	out := evaluate(t, graph.Config{Params: params}, graph.Tick{}, func(s *graph.Scope) {
		in := []graph.Value{s.Values(r.x, graph.Shape{r.batch, r.steps, r.features})}
		if r.mask != nil {
			in[0] = in[0].WithMask(s.Values(r.mask, graph.Shape{r.batch, r.steps}))
		}
		for _, v := range r.initial {
			in = append(in, s.Values(v, graph.Shape{r.batch, r.units}))
		}
		l := r.layer()
		l.ReturnState = true
		for i, v := range layers.Apply(s, "layer", l, in...) {
			s.Output([]string{"y", "h", "c", "n", "m"}[i], v)
		}
	})
	return out["y"], out["h"], out["c"], out["n"], out["m"]
}

// drawSLSTM draws an sLSTM. Where nothing is stored at the beginning, n is 0 and m
// means nothing; elsewhere it may well be 0.
func drawSLSTM(t *rapid.T) slstmRun {
	size, yes := rapid.IntRange(1, 4), rapid.Bool()
	r := slstmRun{heads: size.Draw(t, "heads"), exponential: yes.Draw(t, "exponential"), backwards: yes.Draw(t, "backwards")}
	r.batch, r.steps, r.features = size.Draw(t, "batch"), rapid.IntRange(1, 12).Draw(t, "steps"), size.Draw(t, "features")
	r.units, r.zeroMask = r.heads*size.Draw(t, "units of a head"), yes.Draw(t, "zero output for mask")
	seed, u := rapid.Uint64Max(1<<20).Draw(t, "seed"), r.units
	draw := func(i, n int, scale float64) []float64 { return graphtest.Uniform(seed+uint64(i), n, scale) }
	r.x, r.kernel = draw(0, r.batch*r.steps*r.features, 2), draw(1, r.features*4*u, 1)
	r.recurrent, r.bias = draw(2, u*4*u/r.heads, 1), draw(3, 4*u, 2)
	if yes.Draw(t, "masked") {
		r.mask = make([]float64, r.batch*r.steps)
		for i, x := range draw(4, len(r.mask), 1) {
			if x > 0 {
				r.mask[i] = 1
			}
		}
	}
	if yes.Draw(t, "initial") {
		h, c, n, m := draw(5, r.batch*u, 1), draw(6, r.batch*u, 1), draw(7, r.batch*u, 1), draw(8, r.batch*u, 2)
		for i, x := range n {
			n[i] = math.Abs(x)
			c[i] *= n[i] // which it never exceeds
			switch rapid.IntRange(0, 3).Draw(t, "start") {
			case 0:
				c[i], n[i] = 0, 0
			case 1:
				m[i] = 0
			}
		}
		r.initial = [][]float64{h, c, n, m}
	}
	return r
}

// The cell computes what the equations say, which the stabiliser leaves alone, in
// float64 and float32: y and h, and c and n times exp(m), of which c/n and the
// logarithm of n are compared, as they may be huge.
func TestSLSTMEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawSLSTM(t)
		wantY, wantH, wantC, wantN := r.plain()
		for dtype, tol := range tolerances {
			close := func(name string, i int, got, want float64) {
				if !(math.Abs(got-want) <= tol*math.Max(1, math.Abs(want))) {
					t.Fatalf("%v %s, element %d: got %g, want %g", dtype, name, i, got, want)
				}
			}
			y, h, c, n, m := r.states(t, dtype)
			if len(y) != len(wantY) || len(h) != len(wantH) || len(m) != len(wantN) {
				t.Fatalf("got %d outputs, %d and %d states", len(y), len(h), len(m))
			}
			for i, w := range wantY {
				close("y", i, y[i], w)
			}
			for i, w := range wantN {
				close("h", i, h[i], wantH[i])
				if w == 0 {
					close("n", i, n[i], 0)
					continue
				}
				close("c/n", i, c[i]/n[i], wantC[i]/w)
				close("log n", i, math.Log(n[i])+m[i], math.Log(w))
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
