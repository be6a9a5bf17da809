package conformance_test

import (
	"math/rand/v2"
	"path"
	"reflect"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

var orthogonal = initializers.Orthogonal{Gain: 1}

// resolved are the specimens that have defaults, with all of them written out as
// Keras has them; Keras has no SLSTMCell.
func resolved() []any {
	gru := layers.GRU{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid,
		KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: orthogonal, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	}
	lstm := layers.LSTM{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid,
		KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: orthogonal, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	}
	simple := layers.SimpleRNN{
		Units: 2, Activation: activations.Tanh,
		KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: orthogonal, BiasInitializer: initializers.Zeros,
		InitialState: layers.ZeroState{},
	}
	slstm := layers.SLSTMCell{
		Units: 2, Heads: 1,
		KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: orthogonal, BiasInitializer: initializers.Zeros,
	}
	dense := layers.Dense{
		Units: 2, Activation: activations.Linear, KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros,
	}
	backward := gru
	backward.GoBackwards = true
	gruCell, lstmCell, simpleCell := layers.GRUCell(gru), layers.LSTMCell(lstm), layers.SimpleRNNCell(simple)
	gruCell.InitialState, lstmCell.InitialState, simpleCell.InitialState = nil, nil, nil // RNN has it
	return []any{
		gru, lstm, simple, slstm, dense, gruCell, lstmCell, simpleCell,
		layers.StackedRNNCells{Cells: []layers.Cell{gruCell}},
		layers.RNN{Cell: slstm, InitialState: layers.ZeroState{}},
		layers.Bidirectional{Layer: gru, BackwardLayer: backward, MergeMode: layers.MergeConcat},
		layers.TimeDistributed{Layer: dense},
		layers.RandomState{Stddev: 1},
		layers.Conv1D{
			Filters: 2, KernelSize: 2, Strides: 1, Padding: layers.Valid, DilationRate: 1, Groups: 1, Activation: activations.Linear,
			KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros,
		},
		layers.AveragePooling1D{PoolSize: 2, Strides: 2, Padding: layers.Valid},
		layers.MaxPooling1D{PoolSize: 2, Strides: 2, Padding: layers.Valid},
		layers.BatchNormalization{
			Axis: -1, Momentum: new(0.99), Epsilon: 1e-3, GammaInitializer: initializers.Ones, BetaInitializer: initializers.Zeros,
			MovingMeanInitializer: initializers.Zeros, MovingVarianceInitializer: initializers.Ones,
		},
		layers.LayerNormalization{Axis: []int{-1}, Epsilon: 1e-3, GammaInitializer: initializers.Ones, BetaInitializer: initializers.Zeros},
		layers.Embedding{InputDim: 7, OutputDim: 2, EmbeddingsInitializer: initializers.RandomUniform{Min: -0.05, Max: 0.05}},
		layers.PositionEmbedding{SequenceLength: 8, Initializer: initializers.GlorotUniform},
		layers.SinePositionEncoding{MaxWavelength: 10000},
		layers.Attention{ScoreMode: layers.ScoreDot},
		layers.MultiHeadAttention{
			NumHeads: 2, KeyDim: 3, ValueDim: 3, KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros,
		},
		layers.Concatenate{Axis: -1},
	}
}

// Every default is Keras', and there is no other.
func TestDefaults(t *testing.T) {
	want := map[string]any{}
	for _, v := range resolved() {
		want[reflect.TypeOf(v).Name()] = v
	}
	for name, s := range specimens() {
		got, err := s.resolve()
		if err != nil {
			t.Fatal(err)
		}
		full, ok := want[name]
		if !ok {
			full = s.value
		}
		if !reflect.DeepEqual(got, full) {
			t.Errorf("%s: got %+v, want %+v", name, got, full)
		}
	}
}

// resolve fills in the defaults of the specimen's value.
func (s specimen) resolve() (any, error) {
	switch v := s.value.(type) {
	case interface{ Resolve() (layers.Cell, error) }:
		return v.Resolve()
	case interface {
		Resolve() (layers.InitialState, error)
	}:
		return v.Resolve()
	case layers.Layer:
		return layers.Resolve(v)
	}
	return s.value, nil
}

// What a layer chooses the first values of inside is as in Keras too, for every
// weight of the layer: the first values are those that its initializer draws
// for its path.
func TestInnerInitializers(t *testing.T) {
	glorot, zeros, ones := initializers.GlorotUniform, initializers.Zeros, initializers.Ones
	forgetting := given{0, 0, 1, 1, 0, 0, 0, 0} // columns i, f, c, o, or i, f, z, o
	for _, c := range []struct {
		layer layers.Layer
		want  map[string]graph.Initializer
	}{
		{layers.Attention{UseScale: true, ScoreMode: layers.ScoreConcat}, map[string]graph.Initializer{"scale": ones, "concat_score_weight": ones}},
		{layers.AdditiveAttention{}, map[string]graph.Initializer{"scale": glorot}},
		{layers.LSTM{Units: 2, Peepholes: true, LayerNorm: true}, map[string]graph.Initializer{
			"kernel": glorot, "recurrent_kernel": orthogonal, "bias": forgetting, "peephole_kernel": glorot,
			"kernel_gamma": ones, "recurrent_gamma": ones, "state_gamma": ones, "state_beta": zeros,
		}},
		{layers.RNN{Cell: layers.SLSTMCell{Units: 2}}, map[string]graph.Initializer{
			"kernel": glorot, "recurrent_kernel": orthogonal, "bias": forgetting,
		}},
	} {
		m := around(c.layer, sequence)
		params, err := m.Params()
		if err != nil {
			t.Fatal(err)
		}
		if len(params.All()) != len(c.want) {
			t.Errorf("%s has %d weights, want %d", layers.Class(c.layer), len(params.All()), len(c.want))
		}
		for name, init := range c.want {
			p := params.Get(path.Join("m", layers.DefaultName(c.layer), name))
			if p == nil {
				t.Fatalf("%s has no %s", layers.Class(c.layer), name)
			}
			want, err := init.Init(graph.Rand(1, "init", p.Path, graph.Tick{}), p.Shape)
			if err != nil {
				t.Fatal(err)
			}
			var got []float64
			for _, x := range p.Value().Float32s() {
				got = append(got, float64(x))
			}
			graphtest.CheckOutput(t, p.Path, got, want, graphtest.Tol32)
		}
	}
}

// given are the first values of a weight.
type given []float64

func (g given) Init(*rand.Rand, graph.Shape) ([]float64, error) { return g, nil }
