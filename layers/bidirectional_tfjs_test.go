package layers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
)

// Bidirectional's ways to merge, by another implementation of Keras' semantics;
// testdata/tfjs_bidirectional.js made the file.
func TestBidirectionalAgainstTensorFlow(t *testing.T) {
	const B, T, D, U = 2, 4, 3, 3
	cells := map[string]struct {
		gates int
		layer func(r recurrentRun, sequences, backwards bool) layers.Layer
	}{
		"lstm": {4, func(r recurrentRun, sequences, backwards bool) layers.Layer {
			return r.lstm(layers.LSTM{ReturnSequences: sequences, GoBackwards: backwards})
		}},
		"gru": {3, func(r recurrentRun, sequences, backwards bool) layers.Layer {
			return r.gru(layers.GRU{ResetBefore: true, ReturnSequences: sequences, GoBackwards: backwards})
		}},
		"simple_rnn": {1, func(r recurrentRun, sequences, backwards bool) layers.Layer {
			return r.simpleRNN(layers.SimpleRNN{ReturnSequences: sequences, GoBackwards: backwards})
		}},
	}
	for _, want := range tfjsCases(t, "tfjs_bidirectional", 24) {
		t.Run(fmt.Sprint(want.Cell, " ", want.Mode, " ", want.Sequences), func(t *testing.T) {
			cell := cells[want.Cell]
			direction := func(d int) layers.Layer {
				draw := func(k, n int) []float64 { return graphtest.Uniform(uint64(k+10*d), n, 1) }
				r := recurrentRun{units: U, kernel: draw(2, D*cell.gates*U), recurrent: draw(3, U*cell.gates*U), bias: draw(4, cell.gates*U)}
				return cell.layer(r, want.Sequences, d == 1)
			}
			both := applied{
				layer:  layers.Bidirectional{Layer: direction(0), BackwardLayer: direction(1), MergeMode: layers.MergeMode(want.Mode)},
				inputs: []graphtest.Array{drawn(1, 2, B, T, D)},
			}
			for dtype := range tolerances {
				checkTFJS(t, dtype.String(), both.run(t, dtype)["output"], want.Output)
			}
		})
	}
}
