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
	peepholes, norms                 []float64 // [gates − 1, units]; γ of kernel, recurrent kernel and c, and β of c
	mask                             []float64 // nil for none
	dropX, dropH                     gateMask  // of the current sample; nil for none
}

var oracleFunctions = map[activations.Activation]func(float64) float64{
	activations.Tanh:    math.Tanh,
	activations.Sigmoid: func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	activations.ReLU:    func(x float64) float64 { return math.Max(x, 0) },
	activations.HardSigmoid: func(x float64) float64 {
		return math.Min(math.Max(x/6+0.5, 0), 1)
	},
}

// gates are the places of the gates' columns, and their number.
func (r lstmRun) gates() (i, f, c, o, columns int) {
	if r.layer.CoupledGates {
		return 0, -1, 1, 2, 3
	}
	return 0, 1, 2, 3, 4
}

// norm is the normalised v, times gamma.
func norm(v, gamma []float64) []float64 {
	mean, square := 0.0, 0.0
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		square += (x - mean) * (x - mean) / float64(len(v))
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = gamma[i] * (x - mean) / math.Sqrt(square+0.001)
	}
	return out
}

// sums are x·W + h·U + b, each product normalised where the layer does so.
func (r lstmRun) sums(x, h []float64) []float64 {
	_, _, _, _, columns := r.gates()
	cols := columns * r.layer.Units
	product := func(v, w []float64, drop gateMask) []float64 {
		out := make([]float64, cols)
		for i := range v {
			for j := range out {
				out[j] += drop.at(j/r.layer.Units, i) * v[i] * w[i*cols+j]
			}
		}
		return out
	}
	z, hs := product(x, r.kernel, r.dropX), product(h, r.recurrent, r.dropH)
	if r.layer.LayerNorm {
		z, hs = norm(z, r.norms[:cols]), norm(hs, r.norms[cols:2*cols])
	}
	for j := range z {
		z[j] += hs[j]
		if !r.layer.NoBias {
			z[j] += r.bias[j]
		}
	}
	return z
}

// step is one step of one sample: it changes h and c.
func (r lstmRun) step(x, h, c []float64) {
	u := r.layer.Units
	act, sigma := oracleFunctions[r.layer.Activation], oracleFunctions[r.layer.RecurrentActivation]
	zi, zf, zc, zo, columns := r.gates()
	z := r.sums(x, h)
	peep := func(row, j int) float64 {
		if !r.layer.Peepholes {
			return 0
		}
		return r.peepholes[row*u+j] * c[j]
	}
	o := make([]float64, u)
	for j := range u {
		i := sigma(z[zi*u+j] + peep(0, j))
		f := 1 - i
		if !r.layer.CoupledGates {
			f = sigma(z[zf*u+j] + peep(1, j))
		}
		c[j] = f*c[j] + i*act(z[zc*u+j])
		o[j] = sigma(z[zo*u+j] + peep(columns-2, j))
	}
	seen := slices.Clone(c)
	if r.layer.LayerNorm {
		cols := columns * u
		seen = norm(c, r.norms[2*cols:2*cols+u])
		for j := range seen {
			seen[j] += r.norms[2*cols+u+j]
		}
	}
	for j := range u {
		h[j] = o[j] * act(seen[j])
	}
}

// plain computes one sample after the other, one number after the other, from
// the equations. It returns the outputs of all steps and the last states.
func (r lstmRun) plain() (ys, hs, cs []float64) {
	u, d := r.layer.Units, r.features
	for n := range r.batch {
		h, c := slices.Clone(r.h[n*u:(n+1)*u]), slices.Clone(r.c[n*u:(n+1)*u])
		y := make([]float64, u)
		for k := range r.steps {
			t := k
			if r.layer.GoBackwards {
				t = r.steps - 1 - k
			}
			switch {
			case r.mask == nil || r.mask[n*r.steps+t] != 0:
				r.step(r.x[(n*r.steps+t)*d:][:d], h, c)
				copy(y, h)
			case r.layer.ZeroOutputForMask:
				clear(y)
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
	_, _, _, _, columns := r.gates()
	s.Within("lstm", func() { // what is declared here has its values before the layer asks for it
		rest := r.norms
		declare := func(name string, n int) {
			s.Param(name, graph.Shape{n}, given(rest[:n]))
			rest = rest[n:]
		}
		if l.Peepholes {
			s.Param("peephole_kernel", graph.Shape{columns - 1, u}, given(r.peepholes))
		}
		if l.LayerNorm {
			declare("kernel_gamma", columns*u)
			declare("recurrent_gamma", columns*u)
			declare("state_gamma", u)
			declare("state_beta", u)
		}
	})
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
			Peepholes:           yes.Draw(t, "peepholes"),
			CoupledGates:        yes.Draw(t, "coupled gates"),
			LayerNorm:           yes.Draw(t, "layer norm"),
			GoBackwards:         yes.Draw(t, "backwards"),
			ZeroOutputForMask:   yes.Draw(t, "zero output for mask"),
			ReturnSequences:     yes.Draw(t, "sequences"),
			ReturnState:         yes.Draw(t, "state"),
		}
		u := r.layer.Units
		_, _, _, _, columns := r.gates()
		cols := columns * u
		seed := rapid.Uint64Max(1<<20).Draw(t, "seed")
		draw := func(i uint64, n int, scale float64) []float64 { return graphtest.Uniform(seed+i, n, scale) }
		r.x, r.kernel = draw(0, r.batch*r.steps*r.features, 2), draw(1, r.features*cols, 0.5)
		r.recurrent, r.bias = draw(2, u*cols, 0.5), draw(3, cols, 0.5)
		r.peepholes, r.norms = draw(6, cols-u, 1), draw(7, 2*cols+2*u, 2)
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
