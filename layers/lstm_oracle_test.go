package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"pgregory.net/rapid"
)

// lstmRun is an LSTM with numbers for all that it reads.
type lstmRun struct {
	layer                            layers.LSTM
	batch, steps, features           int
	x, kernel, recurrent, bias, h, c []float64
	mask                             []float64 // nil for none
}

var oracleFunctions = map[activations.Activation]func(float64) float64{
	activations.Tanh:    math.Tanh,
	activations.Sigmoid: func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	activations.ReLU:    func(x float64) float64 { return math.Max(x, 0) },
	activations.HardSigmoid: func(x float64) float64 {
		return math.Min(math.Max(x/6+0.5, 0), 1)
	},
}

// plain computes one sample after the other, one number after the other, from
// the equations. It returns the outputs of all steps and the last states.
func (r lstmRun) plain() (ys, hs, cs []float64) {
	u, d := r.layer.Units, r.features
	act, sigma := oracleFunctions[r.layer.Activation], oracleFunctions[r.layer.RecurrentActivation]
	for n := range r.batch {
		h, c := slices.Clone(r.h[n*u:(n+1)*u]), slices.Clone(r.c[n*u:(n+1)*u])
		y := make([]float64, u)
		for k := range r.steps {
			t := k
			if r.layer.GoBackwards {
				t = r.steps - 1 - k
			}
			if r.mask == nil || r.mask[n*r.steps+t] != 0 {
				z := make([]float64, 4*u)
				for j := range z {
					if !r.layer.NoBias {
						z[j] = r.bias[j]
					}
					for i := range d {
						z[j] += r.x[(n*r.steps+t)*d+i] * r.kernel[i*4*u+j]
					}
					for i := range u {
						z[j] += h[i] * r.recurrent[i*4*u+j]
					}
				}
				for j := range u {
					c[j] = sigma(z[u+j])*c[j] + sigma(z[j])*act(z[2*u+j])
					h[j] = sigma(z[3*u+j]) * act(c[j])
				}
				copy(y, h)
			}
			ys = append(ys, y...)
		}
		hs, cs = append(hs, h...), append(cs, c...)
	}
	return ys, hs, cs
}

// outputs are those of plain in the order and choice of the layer's options.
func (r lstmRun) outputs() [][]float64 {
	ys, h, c := r.plain()
	u := r.layer.Units
	if !r.layer.ReturnSequences {
		var last []float64
		for n := range r.batch {
			end := (n + 1) * r.steps * u
			last = append(last, ys[end-u:end]...)
		}
		ys = last
	}
	if r.layer.ReturnState {
		return [][]float64{ys, h, c}
	}
	return [][]float64{ys}
}

// apply puts the layer into a graph.
func (r lstmRun) apply(s *graph.Scope) []graph.Value {
	l, u := r.layer, r.layer.Units
	l.NoUnitForgetBias = true
	l.KernelInitializer, l.RecurrentInitializer, l.BiasInitializer = given(r.kernel), given(r.recurrent), given(r.bias)
	x := s.Values(r.x, graph.Shape{r.batch, r.steps, r.features})
	if r.mask != nil {
		x = x.WithMask(s.Values(r.mask, graph.Shape{r.batch, r.steps}))
	}
	state := graph.Shape{r.batch, u}
	return layers.Apply(s, "lstm", l, x, s.Values(r.h, state), s.Values(r.c, state))
}

func TestLSTMAgainstPlainLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 4)
		r := lstmRun{batch: size.Draw(t, "batch"), steps: rapid.IntRange(1, 20).Draw(t, "steps"), features: size.Draw(t, "features")}
		yes := rapid.Bool()
		r.layer = layers.LSTM{
			Units:               size.Draw(t, "units"),
			Activation:          rapid.SampledFrom([]activations.Activation{activations.Tanh, activations.ReLU}).Draw(t, "activation"),
			RecurrentActivation: rapid.SampledFrom([]activations.Activation{activations.Sigmoid, activations.HardSigmoid}).Draw(t, "recurrent activation"),
			NoBias:              yes.Draw(t, "no bias"),
			GoBackwards:         yes.Draw(t, "backwards"),
			ReturnSequences:     yes.Draw(t, "sequences"),
			ReturnState:         yes.Draw(t, "state"),
		}
		u := r.layer.Units
		seed := rapid.Uint64Max(1<<20).Draw(t, "seed")
		draw := func(i uint64, n int, scale float64) []float64 { return graphtest.Uniform(seed+i, n, scale) }
		r.x, r.kernel = draw(0, r.batch*r.steps*r.features, 2), draw(1, r.features*4*u, 0.5)
		r.recurrent, r.bias = draw(2, u*4*u, 0.5), draw(3, 4*u, 0.5)
		r.h, r.c = draw(4, r.batch*u, 1), draw(5, r.batch*u, 1)
		if yes.Draw(t, "masked") {
			r.mask = make([]float64, r.batch*r.steps)
			for i := range r.mask {
				r.mask[i] = float64(rapid.IntRange(0, 1).Draw(t, "mask"))
			}
		}
		names := []string{"y", "h", "c"}
		out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			for i, y := range r.apply(s) {
				s.Output(names[i], y)
			}
		})
		for i, want := range r.outputs() {
			got := out[names[i]]
			if len(got) != len(want) {
				t.Fatalf("%s has %d elements, want %d", names[i], len(got), len(want))
			}
			for k := range want {
				if !(math.Abs(got[k]-want[k]) <= graphtest.Tol64*math.Max(1, math.Abs(want[k]))) {
					t.Fatalf("%s[%d] is %g, want %g", names[i], k, got[k], want[k])
				}
			}
		}
	})
}
