package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

var _ = specimen(conformance.Layer{
	Value:   layers.Bidirectional{Layer: layers.GRU{Units: 2}},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{4}},
	Defaults: layers.Bidirectional{
		Layer: layers.GRU{
			Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
			InitialState: layers.ZeroState{},
		},
		BackwardLayer: layers.GRU{
			Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
			InitialState: layers.ZeroState{}, GoBackwards: true,
		},
		MergeMode: layers.MergeConcat,
	},
	Accepts:  "-+----",
	Compared: "TestBidirectionalAgainstPyTorch",
	Cases: map[string]layertest.Case{
		"concat": {
			Layer:   layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
			Outputs: []graph.Shape{{graph.Any, 4, 4}},
		},
		"sum": {
			Layer:   layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}, MergeMode: layers.MergeSum},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
			Outputs: []graph.Shape{{graph.Any, 4, 2}},
		},
		"mul": {
			Layer:   layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}, MergeMode: layers.MergeMul},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
			Outputs: []graph.Shape{{graph.Any, 4, 2}},
		},
		"ave": {
			Layer:   layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}, MergeMode: layers.MergeAve},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
			Outputs: []graph.Shape{{graph.Any, 4, 2}},
		},
		"none": {
			Layer:   layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}, MergeMode: layers.MergeNone},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
			Outputs: []graph.Shape{{graph.Any, 4, 2}, {graph.Any, 4, 2}},
		},
	},
	Steps: []conformance.Step{
		{Layer: layers.Bidirectional{Layer: layers.LSTM{Units: 2}}, Refused: true},
	},
	Draw: drawBidirectional,
})

// drawBidirectional adds two recurrent layers, perhaps of different types.
func drawBidirectional(d *conformance.Drawing) {
	x, n, sequences, states := d.Series(), d.Units(), d.Yes("sequences"), d.Yes("states")
	inner := func(n int, backwards bool) (layers.Layer, []int) {
		switch d.Number("type", 0, 2) {
		case 0:
			l := conformance.Rest(d, layers.LSTM{Units: n, ReturnSequences: sequences, ReturnState: states})
			l.GoBackwards = backwards
			return l, []int{n, n}
		case 1:
			l := conformance.Rest(d, layers.GRU{Units: n, ReturnSequences: sequences, ReturnState: states})
			l.GoBackwards = backwards
			return l, []int{n}
		}
		return layers.RNN{Cell: layers.SLSTMCell{Units: n}, ReturnSequences: sequences, ReturnState: states, GoBackwards: backwards}, []int{n, n, n, n}
	}
	mode := conformance.OneOf(d, "mode", layers.MergeConcat, layers.MergeNone, layers.MergeSum, layers.MergeMul, layers.MergeAve)
	apart := mode == layers.MergeConcat || mode == layers.MergeNone // the outputs may differ in size
	l := layers.Bidirectional{MergeMode: mode}
	var ahead, back []int
	l.Layer, ahead = inner(n, false)
	m := n
	if back = ahead; d.Yes("backward layer") {
		if apart {
			m = d.Units()
		}
		l.BackwardLayer, back = inner(m, true)
	}
	sizes := slices.Concat(ahead, back)
	y := d.Call(l, d.Starting(x.Tensor, sizes...)...)
	if !states {
		sizes = nil
	}
	units := []int{n}
	switch mode {
	case layers.MergeConcat:
		units = []int{n + m}
	case layers.MergeNone:
		units = []int{n, m}
	}
	d.Outputs(y, x.Shape[0], sequences, units, sizes...)
}

// The merge modes make of the outputs of the two layers, run alone under the
// same paths, what they say; the states follow.
func TestBidirectionalMerges(t *testing.T) {
	x := graphtest.Uniform(1, 2*3*4, 1)
	for _, sequences := range []bool{false, true} {
		forward := layers.GRU{Units: 2, ReturnSequences: sequences, ReturnState: true}
		backward := forward
		backward.GoBackwards = true
		out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			v := s.Values(x, graph.Shape{2, 3, 4})
			give := func(name string, values []graph.Value) {
				for i, y := range values {
					s.Output(fmt.Sprint(name, i), y)
				}
			}
			for _, mode := range []layers.MergeMode{"", layers.MergeConcat, layers.MergeSum, layers.MergeMul, layers.MergeAve, layers.MergeNone} {
				give(string(mode), layers.Apply(s, "layer", layers.Bidirectional{Layer: forward, MergeMode: mode}, v))
			}
			s.Within("layer", func() {
				give("forward", layers.Apply(s, "forward_gru", forward, v))
				back := layers.Apply(s, "backward_gru", backward, v)
				if sequences {
					back[0] = back[0].Reverse(1)
				}
				give("backward", back)
			})
		})
		a, b := out["forward0"], out["backward0"]
		merged := map[string][]float64{}
		for i := range a {
			merged["sum"] = append(merged["sum"], a[i]+b[i])
			merged["mul"] = append(merged["mul"], a[i]*b[i])
			merged["ave"] = append(merged["ave"], (a[i]+b[i])/2)
			if i%2 == 0 {
				merged["concat"] = append(merged["concat"], a[i], a[i+1], b[i], b[i+1])
			}
		}
		merged[""] = merged["concat"]
		for mode, want := range merged {
			graphtest.CheckOutput(t, mode, out[mode+"0"], want, 1e-15)
			graphtest.CheckOutput(t, mode+" states", slices.Concat(out[mode+"1"], out[mode+"2"]), slices.Concat(out["forward1"], out["backward1"]), 0)
		}
		graphtest.CheckOutput(t, "none", slices.Concat(out["none0"], out["none1"], out["none2"], out["none3"]),
			slices.Concat(a, b, out["forward1"], out["backward1"]), 0)
	}
}

func TestBidirectional(t *testing.T) {
	last, all := graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3, 2}
	twice, allTwice := graph.Shape{graph.Any, 4}, graph.Shape{graph.Any, 3, 4}
	for name, c := range map[string]struct {
		layer  layers.Bidirectional
		states int // given, of 2 units each
		want   []graph.Shape
	}{
		"defaults":  {layers.Bidirectional{Layer: layers.LSTM{Units: 2}}, 0, []graph.Shape{twice}},
		"sequences": {layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}, Name: "both"}, 0, []graph.Shape{allTwice}},
		"states":    {layers.Bidirectional{Layer: layers.LSTM{Units: 2, ReturnState: true}}, 4, []graph.Shape{twice, last, last, last, last}},
		"sum":       {layers.Bidirectional{Layer: layers.SimpleRNN{Units: 2, ReturnSequences: true}, MergeMode: layers.MergeSum}, 2, []graph.Shape{all}},
		"mul":       {layers.Bidirectional{Layer: layers.SimpleRNN{Units: 2}, MergeMode: layers.MergeMul}, 0, []graph.Shape{last}},
		"ave":       {layers.Bidirectional{Layer: layers.GRU{Units: 2}, MergeMode: layers.MergeAve}, 0, []graph.Shape{last}},
		"none":      {layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}, MergeMode: layers.MergeNone}, 0, []graph.Shape{all, all}},
		"rnn":       {layers.Bidirectional{Layer: layers.RNN{Cell: layers.SLSTMCell{Units: 2}, ReturnSequences: true}, MergeMode: layers.MergeAve}, 0, []graph.Shape{all}},
		"backwards": {layers.Bidirectional{Layer: layers.GRU{Units: 2, GoBackwards: true, ReturnSequences: true}}, 0, []graph.Shape{allTwice}},
		"two layers": {layers.Bidirectional{
			Layer: layers.GRU{Units: 1, Name: "gru"}, BackwardLayer: layers.LSTM{Units: 3, GoBackwards: true, Name: "lstm"},
		}, 0, []graph.Shape{twice}},
	} {
		t.Run(name, func(t *testing.T) {
			in := []graphtest.Array{graphtest.Input(1, 2, 3, 4)}
			for i := range c.states {
				in = append(in, graphtest.Input(2+i, 2, 2))
			}
			layertest.Check(t, layertest.Case{Layer: c.layer, Inputs: in, Outputs: c.want})
		})
	}
}

// A masked step gives zeros, and is as if it were not there; what follows a
// single output is none of the mask's business.
func TestBidirectionalMasked(t *testing.T) {
	for _, inner := range []layers.Layer{
		layers.LSTM{Units: 2, ReturnSequences: true}, layers.LSTM{Units: 2, ReturnSequences: true, Unrolled: true},
	} {
		for _, mode := range []layers.MergeMode{layers.MergeConcat, layers.MergeNone} {
			out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
				both := layers.Bidirectional{Layer: inner, MergeMode: mode}
				x := s.Values(graphtest.Uniform(1, 4*3, 1), graph.Shape{1, 4, 3})
				for i, y := range layers.Apply(s, "both", both, x.WithMask(s.Values([]float64{0, 1, 1, 0}, graph.Shape{1, 4}))) {
					s.Output(fmt.Sprint("y", i), y)
					mask, ok := y.Mask()
					if !ok {
						t.Fatal("the mask is lost")
					}
					s.Output(fmt.Sprint("mask", i), mask)
				}
				for i, y := range layers.Apply(s, "both", both, x.Slice(1, 1, 3)) {
					s.Output(fmt.Sprint("alone", i), y)
				}
			})
			for i := range 2 {
				y, ok := out[fmt.Sprint("y", i)]
				if !ok {
					continue
				}
				n := len(y) / 4
				want := slices.Concat(make([]float64, n), out[fmt.Sprint("alone", i)], make([]float64, n))
				graphtest.CheckOutput(t, "y", y, want, 1e-15)
				graphtest.CheckOutput(t, "mask", out[fmt.Sprint("mask", i)], []float64{0, 1, 1, 0}, 0)
			}
		}
	}
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 4*3, 1), graph.Shape{1, 4, 3}).WithMask(s.Values([]float64{1, 1, 1, 0}, graph.Shape{1, 4}))
		y := layers.Apply(s, "both", layers.Bidirectional{Layer: layers.GRU{Units: 2, ZeroOutputForMask: true}}, x)[0]
		if _, ok := y.Mask(); ok {
			t.Error("a single output must have no mask")
		}
		s.Output("y", y)
	})
	if slices.Contains(out["y"], 0) {
		t.Errorf("the last output is %v: it must be that of the last step that counts", out["y"])
	}
}

// shifted is a cell whose output is x and a constant of one feature.
type shifted struct{}

func (shifted) States() []int { return []int{1} }

func (shifted) Step(_ *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	next := states[0].Add(constants[0])
	return x.Add(next), []graph.Value{next}
}

// The constants of a cell reach both directions, and the initial states one each.
func TestBidirectionalConstants(t *testing.T) {
	both := layers.Bidirectional{Layer: layers.RNN{Cell: shifted{}, Constants: 1, ReturnSequences: true, ReturnState: true}}
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		column := graph.Shape{1, 1}
		y := layers.Apply(s, "both", both, s.Values([]float64{10, 20}, graph.Shape{1, 2, 1}),
			s.Const(100, column), s.Const(200, column), s.Const(1, column))
		for i, v := range y {
			s.Output(fmt.Sprint(i), v)
		}
	})
	graphtest.CheckOutput(t, "y", out["0"], []float64{111, 212, 122, 221}, 0)
	graphtest.CheckOutput(t, "states", slices.Concat(out["1"], out["2"]), []float64{102, 202}, 0)
}

func TestBidirectionalRefuses(t *testing.T) {
	in, h := graph.Shape{graph.Any, 3, 4}, graph.Shape{graph.Any, 2}
	for _, c := range []struct {
		field string
		layer layers.Bidirectional
	}{
		{"Bidirectional.Layer", layers.Bidirectional{}},
		{"Bidirectional.Layer", layers.Bidirectional{Layer: layers.Dense{Units: 2}}},
		{"Bidirectional.Layer.Units", layers.Bidirectional{Layer: layers.LSTM{Units: -1}}},
		{"Bidirectional.Layer.Dropout", layers.Bidirectional{Layer: layers.GRU{Units: 1, Dropout: math.NaN()}}},
		{"Bidirectional.MergeMode", layers.Bidirectional{Layer: layers.LSTM{Units: 2}, MergeMode: "add"}},
		{"Bidirectional.BackwardLayer", layers.Bidirectional{Layer: layers.LSTM{Units: 2}, BackwardLayer: layers.Flatten{}}},
		{"Bidirectional.BackwardLayer.Units", layers.Bidirectional{Layer: layers.LSTM{Units: 2}, BackwardLayer: layers.LSTM{}}},
		{"Bidirectional.BackwardLayer", layers.Bidirectional{Layer: layers.LSTM{Units: 2}, BackwardLayer: layers.LSTM{Units: 2}}},
		{"Bidirectional.BackwardLayer", layers.Bidirectional{Layer: layers.LSTM{Units: 2}, BackwardLayer: layers.LSTM{Units: 2, GoBackwards: true, ReturnSequences: true}}},
		{"Bidirectional.BackwardLayer", layers.Bidirectional{Layer: layers.LSTM{Units: 2}, BackwardLayer: layers.LSTM{Units: 2, GoBackwards: true, ReturnState: true}}},
		{"Bidirectional.BackwardLayer", layers.Bidirectional{Layer: layers.LSTM{Units: 2}, BackwardLayer: layers.GRU{Units: 1, GoBackwards: true}, MergeMode: layers.MergeSum}},
	} {
		layertest.Invalid(t, c.layer, c.field, in)
	}
	l := layers.Bidirectional{Layer: layers.LSTM{Units: 2}}
	layertest.Invalid(t, l, "Bidirectional")
	layertest.Invalid(t, l, "Bidirectional", in, h)
	layertest.Invalid(t, l, "Bidirectional", in, h, h)
	layertest.Invalid(t, l, "LSTM", graph.Shape{graph.Any, 4})
	layertest.Invalid(t, l, "LSTM initial state 1", in, h, h, h, in)
}

// Layers with different numbers of states get each their own.
func TestBidirectionalStates(t *testing.T) {
	gru, lstm := layers.GRU{Units: 2}, layers.LSTM{Units: 3, GoBackwards: true}
	both := layers.Bidirectional{Layer: gru, BackwardLayer: lstm}
	in, h, c := graph.Shape{graph.Any, 3, 4}, graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3}
	layertest.Check(t, layertest.Case{
		Layer:   both,
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 4), graphtest.Input(2, 2, 2), graphtest.Input(3, 2, 3), graphtest.Input(4, 2, 3)},
		Outputs: []graph.Shape{{graph.Any, 5}},
	})
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*3*4, 1), graph.Shape{2, 3, 4})
		state := func(seed uint64, n int) graph.Value {
			return s.Values(graphtest.Uniform(seed, 2*n, 1), graph.Shape{2, n})
		}
		h, hb, cb := state(2, 2), state(3, 3), state(4, 3)
		s.Output("got", layers.Apply(s, "both", both, x, h, hb, cb)[0])
		s.Within("both", func() {
			ahead := layers.Apply(s, "forward_gru", gru, x, h)[0]
			s.Output("want", graph.Concat(-1, ahead, layers.Apply(s, "backward_lstm", lstm, x, hb, cb)[0]))
		})
	})
	graphtest.CheckOutput(t, "y", out["got"], out["want"], 0)
	for n, states := range [][]graph.Shape{{h}, {h, c}, {h, c, c, c}} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			layertest.Invalid(t, both, "Bidirectional", append([]graph.Shape{in}, states...)...)
		})
	}
	layertest.Invalid(t, both, "GRU initial state 0", in, c, c, h)
}
