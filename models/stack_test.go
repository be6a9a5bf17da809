package models_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// A stack gives the bits that its layers give one by one, each as a model of its
// own with the same weights.
func TestStackEqualsItsLayers(t *testing.T) {
	for _, dtype := range dtypes {
		stack := models.NewSequential(models.Config{Seed: 3, Dtype: dtype}, layers.Input{Shape: graph.Shape{5, 2}},
			layers.LSTM{Units: 4, ReturnSequences: true},
			layers.Bidirectional{Layer: layers.GRU{Units: 3, ReturnSequences: true}},
			layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3},
			layers.RNN{Cell: layers.SLSTMCell{Units: 3}, ReturnSequences: true},
			layers.LayerNormalization{},
			layers.SimpleRNN{Units: 2},
			layers.Dense{Units: 1},
		)
		x := inputs(dtype, 3, 5, 2)
		want := predict(t, stack, x)
		weights := 0
		for _, name := range []string{"lstm", "bidirectional", "multi_head_attention", "rnn", "layer_normalization", "simple_rnn", "dense"} {
			handle, err := stack.Handle(name)
			if err != nil {
				t.Fatal(err)
			}
			in := models.NewInput(layers.Input{Shape: graph.Shape(x.Shape()[1:])})
			alone := models.NewFunctional(models.Config{Dtype: dtype}, models.Inputs{in}, models.Outputs{handle.Call(in)})
			x = predict(t, alone, x)
			own, err := alone.Weights()
			if err != nil {
				t.Fatal(err)
			}
			weights += len(own)
		}
		same(t, "prediction", x, want)
		if all, err := stack.Weights(); err != nil || len(all) != weights {
			t.Errorf("the layers have %d weights, the stack %d, %v", weights, len(all), err)
		}
	}
}
