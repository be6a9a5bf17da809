package layers_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
)

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
