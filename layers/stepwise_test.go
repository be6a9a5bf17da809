package layers_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/layertest"
)

// stepwise says for every layer whether it runs one step at a time.
var stepwise = []struct {
	layer   layers.Layer
	inputs  [][]int // shapes
	whole   bool    // inputs are numbers from 0 to 4
	refused string  // why not; empty where it does
}{
	{layer: layers.Activation{Function: activations.Softmax{}}},
	{layer: layers.Activation{Function: activations.Softmax{Axis: 1}}, refused: "axis is that of the steps"},
	{layer: layers.Activation{Function: activations.GLU{Axis: -2}}, refused: "axis is that of the steps"},
	{layer: layers.Activation{Function: private{}}, refused: "no method Along"},
	{layer: layers.Add{}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}, {2, 3}, {2, 1, 3}}},
	{layer: layers.Add{}, inputs: [][]int{{2, 4, 3}, {2, 4, 2, 3}}, refused: "more axes"},
	{layer: layers.AdditiveAttention{UseCausalMask: true}},
	{layer: layers.AdditiveAttention{ReturnAttentionScores: true}, inputs: [][]int{{2, 4, 3}, {2, 5, 3}}},
	{layer: layers.AdditiveAttention{}, refused: "later steps"},
	{layer: layers.Attention{UseCausalMask: true, UseScale: true}},
	{layer: layers.Attention{UseCausalMask: true, ScoreMode: layers.ScoreConcat}, inputs: [][]int{{2, 4, 3}, {2, 4, 2}, {2, 4, 3}}},
	{layer: layers.Attention{}, inputs: [][]int{{2, 4, 3}, {2, 5, 2}, {2, 5, 3}}},
	{layer: layers.Attention{}, refused: "later steps"},
	{layer: layers.Attention{UseCausalMask: true, ReturnAttentionScores: true}, refused: "scores"},
	{layer: layers.Attention{UseCausalMask: true}, inputs: [][]int{{2, 4, 3}, {2, 5, 3}}, refused: "there as a whole"},
	{layer: layers.Average{}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}},
	{layer: layers.AveragePooling1D{PoolSize: 2}, refused: "several steps"},
	{layer: layers.BatchNormalization{}},
	{layer: layers.BatchNormalization{Axis: 1}, refused: "axis is that of the steps"},
	{layer: layers.Bidirectional{Layer: layers.LSTM{Units: 2}}, refused: "both ends"},
	{layer: layers.Concatenate{}, inputs: [][]int{{2, 4, 3}, {2, 4, 2}}},
	{layer: layers.Concatenate{Axis: 1}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}, refused: "axis is that of the steps"},
	{layer: layers.Concatenate{}, inputs: [][]int{{2, 1, 3}, {2, 2, 3}}, refused: "another is not"},
	{layer: layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Causal}},
	{layer: layers.Conv1D{Filters: 2, KernelSize: 2, DilationRate: 3, Padding: layers.Causal, Activation: activations.ReLU}},
	{layer: layers.Conv1D{Filters: 2, KernelSize: 1, Padding: layers.Same}},
	{layer: layers.Conv1D{Filters: 2, KernelSize: 2}, refused: "not causal"},
	{layer: layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Same}, refused: "not causal"},
	{layer: layers.Conv1D{Filters: 2, KernelSize: 2, Strides: 2, Padding: layers.Causal}, refused: "strides"},
	{layer: layers.Dense{Units: 2, Activation: activations.Softmax{}}},
	{layer: layers.Dense{Units: 2}, inputs: [][]int{{2, 4}}, refused: "axis is that of the steps"},
	{layer: layers.Dense{Units: 2, Activation: activations.Softmax{Axis: -2}}, refused: "axis is that of the steps"},
	{layer: layers.Dot{Axes: [2]int{2, 2}}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}, refused: "sums over steps"},
	{layer: layers.Dropout{Rate: 0.5}},
	{layer: layers.Embedding{InputDim: 5, OutputDim: 2}, inputs: [][]int{{2, 4}}, whole: true},
	{layer: layers.Flatten{}, refused: "all steps"},
	{layer: layers.GaussianNoise{Stddev: 0.5}},
	{layer: layers.GlobalAveragePooling1D{}, refused: "all steps"},
	{layer: layers.GlobalMaxPooling1D{}, refused: "all steps"},
	{layer: layers.GRU{Units: 2}, inputs: [][]int{{2, 4, 3}, {2, 2}}},
	{layer: layers.GRU{Units: 2, ReturnState: true, ReturnSequences: true, Activation: activations.ReLU}},
	{layer: layers.GRU{Units: 2, GoBackwards: true}, refused: "from its end"},
	{layer: layers.Input{Shape: graph.Shape{graph.Any, 3}}},
	{layer: layers.Lambda{Function: layers.NewFunction("same", sameValues)}, refused: "TimeDistributed"},
	{layer: layers.LayerNormalization{}},
	{layer: layers.LayerNormalization{Axis: []int{2, 1}}, refused: "axis is that of the steps"},
	{layer: layers.LSTM{Units: 2}, inputs: [][]int{{2, 4, 3}, {2, 2}, {2, 2}}},
	{layer: layers.LSTM{Units: 2, ReturnState: true, CoupledGates: true}},
	{layer: layers.LSTM{Units: 2, GoBackwards: true}, refused: "from its end"},
	{layer: layers.Masking{}},
	{layer: layers.Maximum{}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}},
	{layer: layers.MaxPooling1D{PoolSize: 2}, refused: "several steps"},
	{layer: layers.Minimum{}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}},
	{layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, ValueDim: 2, UseCausalMask: true}},
	{layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true}, inputs: [][]int{{2, 4, 3}, {2, 4, 2}, {2, 4, 3}}},
	{layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, AttentionMask: true}, inputs: [][]int{{2, 4, 3}, {2, 5, 2}, {2, 4, 5}}},
	{layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, AttentionMask: true, UseCausalMask: true}, inputs: [][]int{{2, 4, 3}, {2, 4, 4}}, refused: "AttentionMask"},
	{layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3}, refused: "later steps"},
	{layer: layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true, ReturnAttentionScores: true}, refused: "scores"},
	{layer: layers.Multiply{}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}},
	{layer: layers.Permute{Dims: []int{2, 1}}, refused: "moves the steps"},
	{layer: layers.PositionEmbedding{SequenceLength: 4}},
	{layer: layers.RepeatVector{N: 2}, inputs: [][]int{{2, 4}}, refused: "no steps"},
	{layer: layers.Reshape{TargetShape: graph.Shape{2, 6}}, refused: "moves the steps"},
	{layer: layers.RNN{Cell: layers.LSTMCell{Units: 2}, ReturnState: true}},
	{layer: layers.RNN{Cell: layers.GRUCell{Units: 2}, GoBackwards: true}, refused: "from its end"},
	{layer: layers.RNN{Cell: layers.GRUCell{Units: 2}, Constants: 1}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}, refused: "must not change"},
	{layer: layers.SimpleRNN{Units: 2, ReturnSequences: true}, inputs: [][]int{{2, 4, 3}, {2, 2}}},
	{layer: layers.SinePositionEncoding{}},
	{layer: layers.SpatialDropout1D{Rate: 0.5}},
	{layer: layers.Subtract{}, inputs: [][]int{{2, 4, 3}, {2, 4, 3}}},
	{layer: layers.TimeDistributed{Layer: layers.LSTM{Units: 2}}, inputs: [][]int{{2, 3, 4, 2}}},
	{layer: plainLayer{}, refused: "does not say"},
}

// private is an activation that nothing is known of.
type private struct{}

func (private) Apply(x graph.Value) graph.Value { return x }

// plainLayer is a layer that nothing is known of.
type plainLayer struct{}

func (plainLayer) Call(_ *graph.Scope, in ...graph.Value) []graph.Value { return in }

func sameValues(_ *graph.Scope, in ...graph.Value) []graph.Value { return in }

// Every layer runs one step at a time, and gives what it gives of all of them,
// or says why it does not.
func TestStepwise(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range stepwise {
		class := layers.Class(c.layer)
		seen[class] = true
		t.Run(class, func(t *testing.T) {
			if c.inputs == nil {
				c.inputs = [][]int{{2, 4, 3}}
			}
			var in []graphtest.Array
			for i, shape := range c.inputs {
				a := graphtest.Input(i, shape...)
				for k := range a.Data {
					if c.whole {
						a.Data[k] = float64(k % 5)
					}
				}
				in = append(in, a)
			}
			err := layertest.Steps(t, layertest.Case{Layer: c.layer, Inputs: in})
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("%+v: %v", c.layer, err)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), class) || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("%+v must be refused for %q, got: %v", c.layer, c.refused, err)
			}
		})
	}
	for _, v := range layers.All() {
		l, ok := v.(layers.Layer)
		if !ok {
			continue
		}
		if _, ok := l.(layers.Stepwise); !ok || !seen[layers.Class(l)] {
			t.Errorf("%s must have a method Stepwise and a place in the table", layers.Class(l))
		}
	}
}

// Of the activations, too, it is known whether they look at other steps.
func TestAlong(t *testing.T) {
	for _, v := range activations.All() {
		if _, ok := activations.Along(v.(activations.Activation)); !ok {
			t.Errorf("nothing is known of %v", v)
		}
	}
}
