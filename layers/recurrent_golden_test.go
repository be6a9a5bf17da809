package layers_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
)

// goldenRun reads the run of a golden file, and what is expected of it. The
// scripts in testdata say how inputs and weights are drawn.
func goldenRun(t *testing.T, file string, gates, states int) (r recurrentRun, want map[string][]float64) {
	t.Helper()
	golden := graphtest.Golden(t, file)
	sizes := golden["sizes"].Data
	T, B, D, U := int(sizes[0]), int(sizes[1]), int(sizes[2]), int(sizes[3])
	draw := func(i, n int, scale float64) []float64 {
		return graphtest.Uniform(uint64(golden["seed"].Data[0])+uint64(i), n, scale)
	}
	r = recurrentRun{
		batch: B, steps: T, features: D, units: U,
		x: draw(0, B*T*D, 2), kernel: draw(1, D*gates*U, 0.5), recurrent: draw(2, U*gates*U, golden["recurrent_scale"].Data[0]),
		mask:     golden["mask"].Data,
		zeroMask: strings.HasSuffix(file, "_mask_zero.npz"),
		loss:     func(i, n int) []float64 { return draw(6+i, n, 1) },
	}
	if n := len(golden["grad_bias"].Data); n > 0 {
		r.bias = draw(3, n, 0.5)
	}
	for i := range states {
		r.initial = append(r.initial, draw(4+i, B*U, golden["initial"].Data[0]))
	}
	want = map[string][]float64{}
	for name, a := range golden {
		if slices.Contains([]string{"output", "h", "c"}, name) || strings.HasPrefix(name, "grad_") {
			want[name] = a.Data
		}
	}
	if len(want) < 3+2*states {
		t.Fatalf("%s has only %d arrays", file, len(want))
	}
	return r, want
}

// checkGolden holds a layer to a golden file, in float64 and float32: as it runs,
// as a scan over its cell, and with its steps written out.
//
// The gradients of 300 written-out steps of a layer with gates are not compared: Gorgonia
// takes half a minute to compile them, because it looks for the last use of every value
// after every instruction. It does not do so for inference, so their outputs are.
func checkGolden(t *testing.T, file string, gates, states int, layer func(r recurrentRun) layers.Layer) {
	t.Helper()
	r, want := goldenRun(t, file, gates, states)
	for dtype, tol := range tolerances {
		r.unrolled, r.inference = false, false
		checkRun(t, r.runLayer(t, dtype, layer(r)), want, tol)
		checkRun(t, r.runLayer(t, dtype, scanned(layer(r))), want, tol)
		r.unrolled, r.inference = true, r.steps == 300 && gates > 1
		asked := maps.Clone(want)
		if r.inference {
			maps.DeleteFunc(asked, func(name string, _ []float64) bool { return strings.HasPrefix(name, "grad_") })
		}
		checkRun(t, r.runLayer(t, dtype, layer(r)), asked, tol)
	}
}

// checkGoldens does so for all files that a script makes of the layer as it is.
func checkGoldens(t *testing.T, class string, gates, states int, layer func(r recurrentRun) layers.Layer) {
	t.Helper()
	files, err := filepath.Glob("testdata/" + class + "_[0-9]*.npz")
	if err != nil || len(files) < 8 {
		t.Fatalf("got %d golden files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".npz"), func(t *testing.T) {
			checkGolden(t, file, gates, states, layer)
		})
	}
}

// The golden files hold what PyTorch computes; testdata/lstm.py and
// testdata/lstm_options.py made them.
func TestLSTMAgainstPyTorch(t *testing.T) {
	checkGoldens(t, "lstm", 4, 2, func(r recurrentRun) layers.Layer {
		return r.lstm(layers.LSTM{ReturnSequences: true, ReturnState: true})
	})
}

func TestLSTMOptionsAgainstPyTorch(t *testing.T) {
	for name, l := range map[string]layers.LSTM{
		"relu":            {Activation: activations.ReLU},
		"hard_sigmoid":    {RecurrentActivation: activations.HardSigmoid},
		"hard_sigmoid_v1": {RecurrentActivation: activations.HardSigmoidV1},
		"no_bias":         {NoBias: true},
		"go_backwards":    {GoBackwards: true},
		"all": {
			Activation: activations.ReLU, RecurrentActivation: activations.HardSigmoidV1, NoBias: true, GoBackwards: true,
		},
		"mask":           {},
		"mask_zero":      {},
		"mask_backwards": {GoBackwards: true},
	} {
		t.Run(name, func(t *testing.T) {
			l.ReturnSequences, l.ReturnState = true, true
			checkGolden(t, "testdata/lstm_options_"+name+".npz", 4, 2, func(r recurrentRun) layers.Layer { return r.lstm(l) })
		})
	}
}

// The golden files hold what PyTorch computes; testdata/gru.py made them.
func TestGRUAgainstPyTorch(t *testing.T) {
	checkGoldens(t, "gru", 3, 1, func(r recurrentRun) layers.Layer {
		return r.gru(layers.GRU{ReturnSequences: true, ReturnState: true})
	})
}

func TestGRUOptionsAgainstPyTorch(t *testing.T) {
	all := layers.GRU{
		Activation: activations.ReLU, RecurrentActivation: activations.HardSigmoidV1, NoBias: true, GoBackwards: true,
	}
	allBefore := all
	allBefore.ResetBefore = true
	for name, l := range map[string]layers.GRU{
		"relu":                 {Activation: activations.ReLU},
		"hard_sigmoid_v1":      {RecurrentActivation: activations.HardSigmoidV1},
		"no_bias":              {NoBias: true},
		"go_backwards":         {GoBackwards: true},
		"all":                  all,
		"reset_before":         {ResetBefore: true},
		"reset_before_all":     allBefore,
		"reset_before_no_bias": {ResetBefore: true, NoBias: true},
		"reset_before_mask":    {ResetBefore: true},
		"mask":                 {},
		"mask_zero":            {},
		"mask_backwards":       {GoBackwards: true},
	} {
		t.Run(name, func(t *testing.T) {
			l.ReturnSequences, l.ReturnState = true, true
			checkGolden(t, "testdata/gru_options_"+name+".npz", 3, 1, func(r recurrentRun) layers.Layer { return r.gru(l) })
		})
	}
}

// The golden files hold what PyTorch computes; testdata/simple_rnn.py made them.
func TestSimpleRNNAgainstPyTorch(t *testing.T) {
	checkGoldens(t, "simple_rnn", 1, 1, func(r recurrentRun) layers.Layer {
		return r.simpleRNN(layers.SimpleRNN{ReturnSequences: true, ReturnState: true})
	})
}

func TestSimpleRNNOptionsAgainstPyTorch(t *testing.T) {
	for name, l := range map[string]layers.SimpleRNN{
		"relu":           {Activation: activations.ReLU},
		"no_bias":        {NoBias: true},
		"go_backwards":   {GoBackwards: true},
		"all":            {Activation: activations.ReLU, NoBias: true, GoBackwards: true},
		"mask":           {},
		"mask_zero":      {},
		"mask_backwards": {GoBackwards: true},
	} {
		t.Run(name, func(t *testing.T) {
			l.ReturnSequences, l.ReturnState = true, true
			checkGolden(t, "testdata/simple_rnn_options_"+name+".npz", 1, 1, func(r recurrentRun) layers.Layer { return r.simpleRNN(l) })
		})
	}
}

// The golden files hold the equations as PyTorch computes and differentiates them;
// testdata/lstm_gates.py made them.
func TestLSTMGatesAgainstPyTorch(t *testing.T) {
	all := layers.LSTM{Peepholes: true, CoupledGates: true, LayerNorm: true, NoBias: true}
	backwards, relu := all, all
	backwards.GoBackwards, relu.Activation = true, activations.ReLU
	for name, l := range map[string]layers.LSTM{
		"peepholes":  {Peepholes: true},
		"coupled":    {CoupledGates: true},
		"layer_norm": {LayerNorm: true},
		"all":        all,
		"mask":       backwards,
		"relu":       relu,
	} {
		l.ReturnSequences, l.ReturnState = true, true
		t.Run(name, func(t *testing.T) { checkGates(t, "testdata/lstm_gates_"+name+".npz", l) })
	}
}

// checkGates holds an LSTM to a golden file: as it runs, as a scan over its cell,
// and with its steps written out.
func checkGates(t *testing.T, file string, l layers.LSTM) {
	t.Helper()
	gates := 4
	if l.CoupledGates {
		gates = 3
	}
	r, want := goldenRun(t, file, gates, 2)
	golden := graphtest.Golden(t, file)
	extra := func(s *graph.Scope, name string, k uint64, scale float64) {
		if g, ok := golden["grad_"+name]; ok {
			s.Param(name, g.Shape, given(graphtest.Uniform(uint64(golden["seed"].Data[0])+k, len(g.Data), scale)))
		}
	}
	written := r
	written.unrolled = true
	for way, layer := range map[string]layers.Layer{"as it is": r.lstm(l), "scanned": scanned(r.lstm(l)), "unrolled": written.lstm(l)} {
		for dtype, tol := range tolerances {
			got := r.run(t, dtype, func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value {
				s.Within("layer", func() { // what is declared here has its values before the layer asks for it
					extra(s, "peephole_kernel", 9, 1)
					extra(s, "kernel_gamma", 10, 2)
					extra(s, "recurrent_gamma", 11, 2)
					extra(s, "state_gamma", 12, 2)
					extra(s, "state_beta", 13, 2)
				})
				return layers.Apply(s, "layer", layer, append([]graph.Value{x}, initial...)...)
			})
			t.Run(way+" "+dtype.String(), func(t *testing.T) {
				for name := range got {
					if _, ok := want[name]; !ok && !strings.HasPrefix(name, "layer/") {
						t.Errorf("the file has no %s", name)
					}
				}
				checkRun(t, got, want, tol)
			})
		}
	}
}
