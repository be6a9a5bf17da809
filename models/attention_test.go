package models_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// A decoder that looks at an encoder of another length, with a mask of pairs as
// an input of its own, gives its weights and comes back from a file.
func TestSaveAttentionMask(t *testing.T) {
	encoder := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	decoder := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	pairs := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, graph.Any}})
	values := models.Use(layers.LSTM{Units: 4, ReturnSequences: true}).Call(encoder)
	queries := models.Use(layers.GRU{Units: 3, ReturnSequences: true}).Call(decoder)
	y := models.Use(layers.MultiHeadAttention{
		NumHeads: 2, KeyDim: 2, AttentionMask: true, ReturnAttentionScores: true,
	}).Call(queries, values, pairs)
	m := models.NewFunctional(models.Config{Seed: 1}, models.Inputs{decoder, encoder, pairs}, models.Outputs{y, y.Output(1)})
	back := roundTrip(t, m)
	allowed := tensor.New(tensor.WithShape(2, 3, 5), tensor.Of(tensor.Float32))
	for i := range allowed.Float32s() {
		allowed.Float32s()[i] = float32(i % 2)
	}
	in := []*tensor.Dense{inputs(tensor.Float32, 2, 3, 2), inputs(tensor.Float32, 2, 5, 2), allowed}
	want, err := m.PredictAll(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.PredictAll(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, shape := range []tensor.Shape{{2, 3, 3}, {2, 2, 3, 5}} {
		if !want[i].Shape().Eq(shape) {
			t.Errorf("output %d has the shape %v, want %v", i, want[i].Shape(), shape)
		}
		same(t, fmt.Sprint("output ", i), got[i], want[i])
	}
	for i, w := range want[1].Float32s() {
		if pair := i%15 + i/30*15; (w != 0) != (pair%2 == 1) {
			t.Fatalf("weight %d is %v, and its pair is %v", i, w, pair%2)
		}
	}
}
