package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:   layers.LSTM{Units: 2},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.LSTM{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	},
	Weights: []conformance.Weights{{
		Layer: layers.LSTM{Units: 2, Peepholes: true, LayerNorm: true},
		Init: map[string]graph.Initializer{
			"kernel": initializers.GlorotUniform, "recurrent_kernel": initializers.Orthogonal{Gain: 1},
			"bias":            conformance.Elements{0, 0, 1, 1, 0, 0, 0, 0}, // columns i, f, c, o
			"peephole_kernel": initializers.GlorotUniform,
			"kernel_gamma":    initializers.Ones, "recurrent_gamma": initializers.Ones, "state_gamma": initializers.Ones, "state_beta": initializers.Zeros,
		},
	}},
	Accepts:  "-+----",
	Compared: "TestLSTMAgainstPyTorch",
	Cases: map[string]layertest.Case{
		"peepholes":       {Layer: layers.LSTM{Units: 2, Peepholes: true, ReturnSequences: true}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 3, 2}}},
		"coupled gates":   {Layer: layers.LSTM{Units: 2, CoupledGates: true, ReturnState: true}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 2}, {graph.Any, 2}, {graph.Any, 2}}},
		"layer norm":      {Layer: layers.LSTM{Units: 2, LayerNorm: true, ReturnSequences: true}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 3, 2}}},
		"all gates":       {Layer: layers.LSTM{Units: 2, Peepholes: true, CoupledGates: true, LayerNorm: true, NoBias: true}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 2}}},
		"other functions": {Layer: layers.LSTM{Units: 2, Activation: activations.Softsign, RecurrentActivation: activations.HardSigmoid}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 2}}},
		"no forget bias":  {Layer: layers.LSTM{Units: 2, NoUnitForgetBias: true, BiasInitializer: initializers.RandomUniform{}}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 2}}},
	},
	Steps: []conformance.Step{
		{Layer: layers.LSTM{Units: 2}, Inputs: []graph.Shape{{2, 4, 3}, {2, 2}, {2, 2}}},
		{Layer: layers.LSTM{Units: 2, ReturnState: true, CoupledGates: true}},
		{Layer: layers.LSTM{Units: 2, GoBackwards: true}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Recurrent(func(sequences, states bool) layers.Layer {
			return conformance.Rest(d, layers.LSTM{Units: n, ReturnSequences: sequences, ReturnState: states, InitialState: d.Initial(n, n)})
		}, n, n, n)
	},
})

var _ = specimen(conformance.Layer{
	Value:   layers.LSTMCell{Units: 2},
	In:      inRNN,
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.LSTMCell{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
	},
	Accepts:  "-+----",
	Compared: "TestCellsEqualTheirLayers",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(conformance.Rest(d, layers.LSTMCell{Units: n}), n, []int{n, n})
	},
})

// start gives the first weights of a recurrent layer over 3 features.
func start(t *testing.T, l layers.Layer) *graph.Params {
	t.Helper()
	cfg := config(t)
	follow(t, cfg, func(s *graph.Scope) {
		layers.Apply(s, layername.Default(l), l, s.Input("x", graph.Shape{graph.Any, graph.Any, 3}))
	})
	return cfg.Params
}

func TestLSTMWeights(t *testing.T) {
	want := []weight{
		{"lstm/kernel", graph.Shape{3, 20}}, {"lstm/recurrent_kernel", graph.Shape{5, 20}}, {"lstm/bias", graph.Shape{20}},
	}
	params := start(t, layers.LSTM{Units: 5})
	checkWeights(t, params, want)
	checkWeights(t, start(t, layers.LSTM{Units: 5, NoBias: true}), want[:2])

	limit := math.Sqrt(6.0 / (3 + 20))
	kernel := params.Get("lstm/kernel").Value().Float64s()
	if slices.Max(kernel) > limit || slices.Min(kernel) < -limit || slices.Max(kernel) < limit/2 {
		t.Errorf("the kernel %v is not uniform within ±%g", kernel, limit)
	}
	u := params.Get("lstm/recurrent_kernel").Value().Float64s()
	for i := range 5 {
		for j := range 5 {
			dot, want := 0.0, 0.0
			for k := range 20 {
				dot += u[i*20+k] * u[j*20+k]
			}
			if i == j {
				want = 1
			}
			if math.Abs(dot-want) > 1e-12 {
				t.Errorf("rows %d and %d of the recurrent kernel have the product %g, want %g", i, j, dot, want)
			}
		}
	}
}

func TestLSTMGateWeights(t *testing.T) {
	kernels := func(cols int) []weight {
		return []weight{{"lstm/kernel", graph.Shape{3, cols}}, {"lstm/recurrent_kernel", graph.Shape{5, cols}}, {"lstm/bias", graph.Shape{cols}}}
	}
	norms := func(cols int) []weight {
		return []weight{
			{"lstm/kernel_gamma", graph.Shape{cols}}, {"lstm/recurrent_gamma", graph.Shape{cols}},
			{"lstm/state_beta", graph.Shape{5}}, {"lstm/state_gamma", graph.Shape{5}},
		}
	}
	checkWeights(t, start(t, layers.LSTM{Units: 5, CoupledGates: true}), kernels(15))
	checkWeights(t, start(t, layers.LSTM{Units: 5, Peepholes: true}), append(kernels(20), weight{"lstm/peephole_kernel", graph.Shape{3, 5}}))
	checkWeights(t, start(t, layers.LSTM{Units: 5, LayerNorm: true}), append(kernels(20), norms(20)...))
	params := start(t, layers.LSTM{Units: 5, CoupledGates: true, Peepholes: true, LayerNorm: true})
	want := append(append(kernels(15), norms(15)[:2]...), weight{"lstm/peephole_kernel", graph.Shape{2, 5}})
	checkWeights(t, params, append(want, norms(15)[2:]...))
	if bias := params.Get("lstm/bias").Value().Float64s(); !slices.Equal(bias, make([]float64, 15)) {
		t.Errorf("the bias starts with %v, but there is no forget gate", bias)
	}
}

// The gates of every step can be read by name, and fulfil the equations.
func TestLSTMTrace(t *testing.T) {
	const steps = 3
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*steps*3, 1), graph.Shape{2, steps, 3})
		s.Output("y", layers.Apply(s, "lstm", layers.LSTM{Units: 1, ReturnSequences: true, Unrolled: true}, x)[0])
	})
	if len(out) != 1+5*steps {
		t.Errorf("got %d outputs", len(out))
	}
	c := make([]float64, 2)
	for step, suffix := range []string{"", "_1", "_2"} {
		i, f, g, o := out["lstm/i"+suffix], out["lstm/f"+suffix], out["lstm/g"+suffix], out["lstm/o"+suffix]
		if len(i) != 2 || len(f) != 2 || len(g) != 2 || len(o) != 2 {
			t.Fatalf("step %d: got the gates %v %v %v %v", step, i, f, g, o)
		}
		y := make([]float64, 2)
		for n := range c {
			c[n] = f[n]*c[n] + i[n]*g[n]
			y[n] = o[n] * math.Tanh(c[n])
			graphtest.CheckOutput(t, "y", out["y"][n*steps+step:][:1], y[n:n+1], 1e-15)
		}
		graphtest.CheckOutput(t, "c", out["lstm/c"+suffix], c, 1e-15)
	}
}

// maskedRun gives the outputs of an LSTM with 2 units, and the gradients of
// their weighted sum to the input and the weights. A mask of nil is none.
func maskedRun(t *testing.T, l layers.LSTM, x, mask []float64, batch, steps int) map[string][]float64 {
	t.Helper()
	l.Units = 2
	l.ReturnState = true
	return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		v := s.Values(x, graph.Shape{batch, steps, 3})
		wrt := []graph.Value{v}
		if mask != nil {
			v = v.WithMask(s.Values(mask, graph.Shape{batch, steps}))
		}
		loss := s.Const(0, graph.Shape{})
		for i, y := range layers.Apply(s, "lstm", l, v) {
			s.Output([]string{"y", "h", "c"}[i], y)
			if m, ok := y.Mask(); ok {
				s.Output("mask", m)
			}
			if y.Rank() == 2 {
				loss = loss.Add(y.Times(s.Values([]float64{1, -2}, graph.Shape{1, 2})).Sum())
			}
		}
		for _, b := range s.Bound() {
			wrt = append(wrt, b.Value)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(fmt.Sprint("gradient ", i), g)
		}
	})
}

// A sample that is filled up with steps that do not count, in front or at the
// end, gives what it gives alone, and so do all gradients.
func TestLSTMPadding(t *testing.T) {
	const steps = 5
	lengths := []int{5, 2, 1}
	for i := range 8 {
		backwards, front := i&1 != 0, i&2 != 0
		for _, l := range []layers.LSTM{{}, {Peepholes: true, CoupledGates: true, LayerNorm: true}} {
			l.GoBackwards, l.ZeroOutputForMask = backwards, i&4 != 0 && front != backwards // then the last step to be computed counts
			junk := graphtest.Uniform(9, len(lengths)*steps*3, 64)
			x, mask := slices.Clone(junk), make([]float64, len(lengths)*steps)
			want := map[string][]float64{"gradient 0": make([]float64, len(x))}
			for n, length := range lengths {
				at := n * steps
				if front {
					at += steps - length
				}
				sample := graphtest.Uniform(uint64(n), length*3, 1)
				copy(x[at*3:], sample)
				for k := range length {
					mask[at+k] = 1
				}
				alone := maskedRun(t, l, sample, nil, 1, length)
				for _, name := range []string{"y", "h", "c"} {
					want[name] = append(want[name], alone[name]...)
				}
				copy(want["gradient 0"][at*3:], alone["gradient 0"])
				for i := 1; i <= 3; i++ { // of the weights, which the samples share
					name := fmt.Sprint("gradient ", i)
					if want[name] == nil {
						want[name] = make([]float64, len(alone[name]))
					}
					for k, g := range alone[name] {
						want[name][k] += g
					}
				}
			}
			got := maskedRun(t, l, x, mask, len(lengths), steps)
			for name := range want {
				graphtest.CheckOutput(t, fmt.Sprintf("backwards %v, front %v, %s", backwards, front, name), got[name], want[name], 1e-12)
			}
		}
	}
}

// A masked step repeats the output of the one before, in the order of
// computing; before the first the output is zero, for any states.
func TestLSTMMaskedSteps(t *testing.T) {
	x := graphtest.Uniform(3, 5*3, 1)
	initial := layers.FixedState{Elements: [][]float64{{0.5, -0.5}, {1, 2}}}
	l := layers.LSTM{ReturnSequences: true, InitialState: initial}
	out := maskedRun(t, l, x, []float64{0, 1, 0, 1, 0}, 1, 5)
	y := func(t int) []float64 { return out["y"][2*t : 2*t+2] }
	if !slices.Equal(y(0), []float64{0, 0}) || !slices.Equal(y(1), y(2)) || !slices.Equal(y(3), y(4)) || slices.Equal(y(1), y(3)) {
		t.Errorf("got %v", out["y"])
	}
	if !slices.Equal(out["h"], y(4)) {
		t.Errorf("h is %v, the last output %v", out["h"], y(4))
	}
	graphtest.CheckOutput(t, "mask", out["mask"], []float64{0, 1, 0, 1, 0}, 0)

	l.GoBackwards = true
	out = maskedRun(t, l, x, []float64{1, 1, 0, 0, 0}, 1, 5)
	graphtest.CheckOutput(t, "mask backwards", out["mask"], []float64{0, 0, 0, 1, 1}, 0)
	if !slices.Equal(out["y"][:6], make([]float64, 6)) || slices.Equal(y(3), y(4)) {
		t.Errorf("backwards: got %v", out["y"])
	}

	out = maskedRun(t, l, x, make([]float64, 5), 1, 5)
	if !slices.Equal(out["y"], make([]float64, 10)) || !slices.Equal(out["h"], []float64{0.5, -0.5}) || !slices.Equal(out["c"], []float64{1, 2}) {
		t.Errorf("no step counts: got %v", out)
	}

	l.ReturnSequences = false
	if _, ok := maskedRun(t, l, x, make([]float64, 5), 1, 5)["mask"]; ok {
		t.Error("a single output must have no mask")
	}
}

// A model may leave the number of steps open: its weights are known without it,
// and programs of any length share them.
func TestLSTMOpenSteps(t *testing.T) {
	cfg := config(t)
	l := layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true}
	for _, backwards := range []bool{false, true} {
		l.GoBackwards = backwards
		follow(t, cfg, func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{graph.Any, graph.Any, 2})
			mask := s.Input("mask", graph.Shape{graph.Any, graph.Any})
			out := layers.Apply(s, "lstm", l, x.WithMask(mask))
			state := graph.Shape{graph.Any, 3}
			for i, want := range []graph.Shape{{graph.Any, graph.Any, 3}, state, state} {
				if !out[i].Shape().Equal(want) {
					t.Errorf("output %d has the shape %v, want %v", i, out[i].Shape(), want)
				}
			}
			if m, ok := out[0].Mask(); !ok || !m.Shape().Equal(graph.Shape{graph.Any, graph.Any}) {
				t.Error("the sequence must have the mask of the input")
			}
		})
	}
	l.GoBackwards = false
	before := cfg.Params.All()

	const longest = 6
	x := graphtest.Uniform(1, longest*2, 1)
	run := func(steps int) map[string][]float64 {
		return evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
			out := layers.Apply(s, "lstm", l, s.Values(x[:steps*2], graph.Shape{1, steps, 2}))
			s.Output("y", out[0])
			s.Output("h", out[1])
		})
	}
	whole := run(longest)["y"]
	for _, steps := range []int{1, 2, 5} {
		part := run(steps)
		graphtest.CheckOutput(t, "y", part["y"], whole[:steps*3], 0)
		graphtest.CheckOutput(t, "h", part["h"], whole[(steps-1)*3:steps*3], 0)
	}
	if after := cfg.Params.All(); !slices.Equal(before, after) || len(after) != 3 {
		t.Errorf("the programs have separate parameters: %v, then %v", before, after)
	}
}
