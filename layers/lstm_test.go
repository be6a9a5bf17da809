package layers_test

import (
	"testing"

	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
)

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
