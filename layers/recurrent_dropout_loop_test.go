package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
)

// gateMask is the dropout mask of a value for a gate, by element.
type gateMask func(gate, i int) float64

func (m gateMask) at(gate, i int) float64 {
	if m == nil {
		return 1
	}
	return m(gate, i)
}

// The sizes of what the plain loops run over.
const dropBatch, dropSteps, dropFeatures, dropUnits = 2, 4, 3, 5

// looped is a recurrent layer and a plain loop over one sample, in which x
// and h are seen through masks.
type looped struct {
	gates int
	apply func(s *graph.Scope) graph.Value // its output of all steps, in training
	plain func(n int, x, h gateMask) []float64
}

// dropRates are parts of x and of h.
type dropRates struct{ input, state float64 }

// dropSeed is the seed of the layers' masks, for any path.
var dropSeed uint64 = 7

// With all masks known, a layer is what a plain loop computes.
func TestRecurrentDropoutAgainstPlainLoop(t *testing.T) {
	for name, of := range map[string]func(r dropRates) looped{
		"lstm":           func(r dropRates) looped { return loopedLSTM(layers.LSTM{}, r) },
		"lstm peepholes": func(r dropRates) looped { return loopedLSTM(layers.LSTM{Peepholes: true}, r) },
		"lstm coupled":   func(r dropRates) looped { return loopedLSTM(layers.LSTM{CoupledGates: true}, r) },
		"lstm norm":      func(r dropRates) looped { return loopedLSTM(layers.LSTM{LayerNorm: true}, r) },
		"lstm all": func(r dropRates) looped {
			return loopedLSTM(layers.LSTM{Peepholes: true, CoupledGates: true, LayerNorm: true}, r)
		},
		"gru":              func(r dropRates) looped { return loopedGRU(false, r) },
		"gru reset before": func(r dropRates) looped { return loopedGRU(true, r) },
		"simple":           loopedSimpleRNN,
	} {
		t.Run(name, func(t *testing.T) {
			for _, rates := range []dropRates{{0, 0.5}, {0.25, 0.5}} {
				d := of(rates)
				out := evaluate(t, training(t), graph.Tick{Epoch: 3, Step: 1}, func(s *graph.Scope) {
					s.Output("y", d.apply(s))
					s.Within("again", func() { // draws what the layer drew, since the layer has a seed
						s.Seeded(dropSeed, func() {
							s.Output("x", dropMasks(s, "dropout", d.gates, dropFeatures, rates.input))
							s.Output("h", dropMasks(s, "recurrent_dropout", d.gates, dropUnits, rates.state))
						})
					})
				})
				if !slices.Contains(out["h"], 0) {
					t.Fatal("nothing is dropped")
				}
				var want []float64
				for n := range dropBatch {
					of := func(masks []float64, size int) gateMask {
						return func(gate, i int) float64 { return masks[(gate*dropBatch+n)*size+i] }
					}
					want = append(want, d.plain(n, of(out["x"], dropFeatures), of(out["h"], dropUnits))...)
				}
				graphtest.CheckOutput(t, "y", out["y"], want, graphtest.Tol64)
			}
		})
	}
}

// dropMasks draws masks as a layer does, [gates, batch, size].
func dropMasks(s *graph.Scope, name string, gates, size int, rate float64) graph.Value {
	return s.DropoutMask(name, graph.Shape{gates, dropBatch, size}, rate)
}

// loopedLSTM is an LSTM with more than the default gates, or with those.
func loopedLSTM(l layers.LSTM, rates dropRates) looped {
	l.Units, l.Activation, l.RecurrentActivation = dropUnits, activations.Tanh, activations.Sigmoid
	l.Dropout, l.RecurrentDropout, l.Seed, l.ReturnSequences = rates.input, rates.state, &dropSeed, true
	r := lstmRun{layer: l, batch: dropBatch, steps: dropSteps, features: dropFeatures}
	_, _, _, _, gates := r.gates()
	cols := gates * dropUnits
	r.x, r.kernel, r.recurrent = graphtest.Uniform(4, dropBatch*dropSteps*dropFeatures, 2), graphtest.Uniform(1, dropFeatures*cols, 0.5), graphtest.Uniform(2, dropUnits*cols, 0.5)
	r.bias, r.peepholes, r.norms = graphtest.Uniform(3, cols, 0.5), graphtest.Uniform(5, cols-dropUnits, 1), graphtest.Uniform(6, 2*cols+2*dropUnits, 2)
	r.h, r.c = graphtest.Uniform(7, dropBatch*dropUnits, 1), graphtest.Uniform(8, dropBatch*dropUnits, 1)
	return looped{
		gates: gates,
		apply: func(s *graph.Scope) graph.Value { return r.apply(s)[0] },
		plain: func(n int, x, h gateMask) []float64 {
			one := r
			one.dropX, one.dropH, one.batch = x, h, 1
			one.x = r.x[n*dropSteps*dropFeatures:][:dropSteps*dropFeatures]
			one.h, one.c = r.h[n*dropUnits:][:dropUnits], r.c[n*dropUnits:][:dropUnits]
			ys, _, _ := one.plain()
			return ys
		},
	}
}

// simpleRun is what a GRU or a SimpleRNN reads.
type simpleRun struct {
	gates                         int
	x, kernel, recurrent, bias, h []float64
	rates                         dropRates
}

func newSimpleRun(gates, biases int, rates dropRates) simpleRun {
	cols := gates * dropUnits
	return simpleRun{
		gates: gates, rates: rates, x: graphtest.Uniform(4, dropBatch*dropSteps*dropFeatures, 2), h: graphtest.Uniform(7, dropBatch*dropUnits, 1),
		kernel: graphtest.Uniform(1, dropFeatures*cols, 0.5), recurrent: graphtest.Uniform(2, dropUnits*cols, 0.5), bias: graphtest.Uniform(3, biases*cols, 0.5),
	}
}

// sum is v, as gate sees it through its mask, times the gate's column j of w.
func (r simpleRun) sum(v, w []float64, mask gateMask, gate, j int) float64 {
	out := 0.0
	for i := range v {
		out += mask(gate, i) * v[i] * w[(i*r.gates+gate)*dropUnits+j]
	}
	return out
}

// through takes a step through time, which gives element j of the new h.
func (r simpleRun) through(n int, step func(x, h []float64, j int) float64) []float64 {
	var ys []float64
	h := r.h[n*dropUnits:][:dropUnits]
	for k := range dropSteps {
		next := make([]float64, dropUnits)
		for j := range next {
			next[j] = step(r.x[(n*dropSteps+k)*dropFeatures:][:dropFeatures], h, j)
		}
		h = next
		ys = append(ys, h...)
	}
	return ys
}

// layer applies a layer to x and h.
func (r simpleRun) layer(l layers.Layer) func(s *graph.Scope) graph.Value {
	return func(s *graph.Scope) graph.Value {
		x, h := s.Values(r.x, graph.Shape{dropBatch, dropSteps, dropFeatures}), s.Values(r.h, graph.Shape{dropBatch, dropUnits})
		return layers.Apply(s, "layer", l, x, h)[0]
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func loopedGRU(before bool, rates dropRates) looped {
	r := newSimpleRun(3, 2, rates)
	bias, bx, bh := given(r.bias), r.bias[:3*dropUnits], r.bias[3*dropUnits:] // all, added to x·W, and added to h·U
	if before {
		bias = bias[:3*dropUnits]
		clear(bh)
	}
	return looped{
		gates: 3,
		apply: r.layer(layers.GRU{
			Units: dropUnits, ResetBefore: before, ReturnSequences: true, Dropout: rates.input, RecurrentDropout: rates.state, Seed: &dropSeed,
			KernelInitializer: given(r.kernel), RecurrentInitializer: given(r.recurrent), BiasInitializer: bias,
		}),
		plain: func(n int, mx, mh gateMask) []float64 {
			return r.through(n, func(x, h []float64, j int) float64 {
				at := func(gate, j int) int { return gate*dropUnits + j }
				σ := func(gate, j int) float64 {
					return sigmoid(r.sum(x, r.kernel, mx, gate, j) + bx[at(gate, j)] + r.sum(h, r.recurrent, mh, gate, j) + bh[at(gate, j)])
				}
				past := σ(1, j) * (r.sum(h, r.recurrent, mh, 2, j) + bh[at(2, j)])
				if before {
					reset := slices.Clone(h)
					for i := range reset {
						reset[i] *= σ(1, i)
					}
					past = r.sum(reset, r.recurrent, mh, 2, j)
				}
				z := σ(0, j)
				return z*h[j] + (1-z)*math.Tanh(r.sum(x, r.kernel, mx, 2, j)+bx[at(2, j)]+past)
			})
		},
	}
}

func loopedSimpleRNN(rates dropRates) looped {
	r := newSimpleRun(1, 1, rates)
	return looped{
		gates: 1,
		apply: r.layer(layers.SimpleRNN{
			Units: dropUnits, ReturnSequences: true, Dropout: rates.input, RecurrentDropout: rates.state, Seed: &dropSeed,
			KernelInitializer: given(r.kernel), RecurrentInitializer: given(r.recurrent), BiasInitializer: given(r.bias),
		}),
		plain: func(n int, mx, mh gateMask) []float64 {
			return r.through(n, func(x, h []float64, j int) float64 {
				return math.Tanh(r.sum(x, r.kernel, mx, 0, j) + r.sum(h, r.recurrent, mh, 0, j) + r.bias[j])
			})
		},
	}
}
