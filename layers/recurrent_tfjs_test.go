package layers_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
)

// tfjsCase is what TensorFlow.js computes in float32, in a case of a file that a
// script of its name, or tfjs_recurrent.js, made.
type tfjsCase struct {
	Name, Cell, Mode string
	Sequences        bool
	Output, H, C     []float64
}

// tfjsCases reads the cases of a file in testdata.
func tfjsCases(t *testing.T, name string, n int) []tfjsCase {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var out []tfjsCase
	if err := json.Unmarshal(text, &out); err != nil || len(out) != n {
		t.Fatalf("got %d cases, want %d, %v", len(out), n, err)
	}
	return out
}

// checkTFJS compares with numbers that are only as good as float32.
func checkTFJS(t *testing.T, name string, got, want []float64) {
	t.Helper()
	graphtest.CheckGradient(t, name, got, want, graphtest.Tol32) // as a part of the largest entry
}

// tfjsOptions are those of the cases of testdata/tfjs_recurrent.js.
type tfjsOptions struct {
	activation, recurrent           activations.Activation
	noBias, backwards, last, masked bool
	initial                         bool
}

var tfjsRecurrent = map[string]tfjsOptions{
	"plain":          {},
	"relu":           {activation: activations.ReLU},
	"elu":            {activation: activations.ELU{}},
	"hard_sigmoid":   {recurrent: activations.HardSigmoidV1},
	"no_bias":        {noBias: true},
	"go_backwards":   {backwards: true},
	"last":           {last: true},
	"last_backwards": {last: true, backwards: true},
	"mask":           {masked: true},
	"mask_backwards": {masked: true, backwards: true},
	"mask_last":      {masked: true, last: true},
	"initial":        {initial: true},
	"all":            {activation: activations.ReLU, recurrent: activations.HardSigmoidV1, noBias: true, backwards: true, masked: true},
}

// run is what a case reads, with the weights of a cell.
func (o tfjsOptions) run(gates int) recurrentRun {
	const B, T, D, U = 2, 4, 3, 3
	r := recurrentRun{
		batch: B, steps: T, features: D, units: U, inference: true,
		x: graphtest.Uniform(1, B*T*D, 2), kernel: graphtest.Uniform(2, D*gates*U, 1),
		recurrent: graphtest.Uniform(3, U*gates*U, 1), bias: graphtest.Uniform(4, gates*U, 1),
		loss: func(_, n int) []float64 { return make([]float64, n) },
	}
	if o.masked {
		r.mask = []float64{0, 1, 0, 1, 1, 0, 1, 0}
	}
	if o.initial {
		r.initial = [][]float64{graphtest.Uniform(5, B*U, 1), graphtest.Uniform(6, B*U, 1)}
		if gates != 4 {
			r.initial = r.initial[:1]
		}
	}
	return r
}

// The recurrent layers with their options, compared with another implementation of Keras'
// semantics, as one operation, as a scan and unrolled.
func TestRecurrentAgainstTensorFlow(t *testing.T) {
	for name, c := range map[string]struct {
		gates, cases int
		layer        func(r recurrentRun, o tfjsOptions) layers.Layer
	}{
		"tfjs_lstm": {4, 13, func(r recurrentRun, o tfjsOptions) layers.Layer {
			return r.lstm(layers.LSTM{
				Activation: o.activation, RecurrentActivation: o.recurrent, NoBias: o.noBias,
				GoBackwards: o.backwards, ReturnSequences: !o.last, ReturnState: true,
			})
		}},
		"tfjs_gru": {3, 13, func(r recurrentRun, o tfjsOptions) layers.Layer {
			return r.gru(layers.GRU{
				ResetBefore: true, Activation: o.activation, RecurrentActivation: o.recurrent, NoBias: o.noBias,
				GoBackwards: o.backwards, ReturnSequences: !o.last, ReturnState: true,
			})
		}},
		"tfjs_simple_rnn": {1, 12, func(r recurrentRun, o tfjsOptions) layers.Layer {
			return r.simpleRNN(layers.SimpleRNN{
				Activation: o.activation, NoBias: o.noBias,
				GoBackwards: o.backwards, ReturnSequences: !o.last, ReturnState: true,
			})
		}},
	} {
		for _, want := range tfjsCases(t, name, c.cases) {
			t.Run(name+" "+want.Name, func(t *testing.T) {
				o, ok := tfjsRecurrent[want.Name]
				if !ok {
					t.Fatal("is not known")
				}
				r := o.run(c.gates)
				written := r
				written.unrolled = true
				ways := map[string]layers.Layer{"as it is": c.layer(r, o), "unrolled": c.layer(written, o)}
				if !o.last {
					ways["scanned"] = scanned(c.layer(r, o))
				}
				for way, l := range ways {
					for dtype := range tolerances {
						got := r.runLayer(t, dtype, l)
						asked := map[string][]float64{"output": want.Output, "h": want.H}
						if c.gates == 4 {
							asked["c"] = want.C
						}
						for key, w := range asked {
							checkTFJS(t, way+" "+dtype.String()+" "+key, got[key], w)
						}
					}
				}
			})
		}
	}
}
