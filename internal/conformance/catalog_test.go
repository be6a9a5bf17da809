package conformance_test

import (
	"reflect"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
)

// specimen is a good value of a type in layers.All, with inputs that it takes.
type specimen struct {
	value  any
	inputs []graph.Shape // of one sample
	// as makes the layer that shows what is wrong with the value; the value
	// itself where nil.
	as func(v any) layers.Layer
}

func (s specimen) class() string { return reflect.TypeOf(s.value).Name() }

// layer is the layer that holds v, a value of the specimen's type.
func (s specimen) layer(v any) layers.Layer {
	if s.as != nil {
		return s.as(v)
	}
	return v.(layers.Layer)
}

// around is a model of the layer, whose inputs have the given shapes.
func around(l layers.Layer, shapes ...graph.Shape) *models.Functional {
	var in models.Inputs
	if input, ok := l.(layers.Input); ok {
		in, l = append(in, models.NewInput(input)), layers.Flatten{}
	}
	for _, shape := range shapes {
		in = append(in, models.NewInput(layers.Input{Shape: shape}))
	}
	return models.NewFunctional(models.Config{Name: "m", Seed: 1}, in, models.Outputs{models.Use(l).Call(in...)})
}

var (
	sequence = graph.Shape{4, 6}
	vector   = graph.Shape{6}
)

// specimens holds one of each type, by its name.
func specimens() map[string]specimen {
	out := map[string]specimen{}
	add := func(as func(v any) layers.Layer, value any, inputs ...graph.Shape) {
		s := specimen{value, inputs, as}
		out[s.class()] = s
	}
	for _, l := range []any{
		layers.Activation{Function: activations.Tanh}, layers.Dense{Units: 2}, layers.Dropout{Rate: 0.5}, layers.Flatten{},
		layers.GaussianNoise{Stddev: 0.1}, layers.LayerNormalization{}, layers.BatchNormalization{}, layers.Masking{},
		layers.AveragePooling1D{}, layers.MaxPooling1D{}, layers.GlobalAveragePooling1D{}, layers.GlobalMaxPooling1D{},
		layers.Conv1D{Filters: 2, KernelSize: 2}, layers.LSTM{Units: 2}, layers.GRU{Units: 2}, layers.SimpleRNN{Units: 2},
		layers.RNN{Cell: layers.SLSTMCell{Units: 2}}, layers.Bidirectional{Layer: layers.GRU{Units: 2}},
		layers.TimeDistributed{Layer: layers.Dense{Units: 2}}, layers.Permute{Dims: []int{2, 1}},
		layers.Reshape{TargetShape: graph.Shape{6, 4}}, layers.SpatialDropout1D{Rate: 0.5}, layers.SinePositionEncoding{},
		layers.PositionEmbedding{SequenceLength: 8}, layers.Lambda{Function: same},
	} {
		add(nil, l, sequence)
	}
	add(nil, layers.Input{Shape: sequence})
	add(nil, layers.Embedding{InputDim: 7, OutputDim: 2}, vector)
	add(nil, layers.RepeatVector{N: 3}, vector)
	for _, l := range []any{
		layers.Add{}, layers.Subtract{}, layers.Multiply{}, layers.Average{}, layers.Maximum{}, layers.Minimum{},
		layers.Concatenate{}, layers.Dot{Axes: [2]int{2, 2}}, layers.Attention{}, layers.AdditiveAttention{},
		layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3},
	} {
		add(nil, l, sequence, sequence)
	}
	inRNN := func(v any) layers.Layer { return layers.RNN{Cell: v.(layers.Cell)} }
	for _, c := range []any{
		layers.LSTMCell{Units: 2}, layers.GRUCell{Units: 2}, layers.SimpleRNNCell{Units: 2}, layers.SLSTMCell{Units: 2},
		layers.StackedRNNCells{Cells: []layers.Cell{layers.GRUCell{Units: 2}}},
	} {
		add(inRNN, c, sequence)
	}
	inGRU := func(v any) layers.Layer { return layers.GRU{Units: 2, InitialState: v.(layers.InitialState)} }
	for _, s := range []any{layers.ZeroState{}, layers.RandomState{}, layers.FixedState{Elements: [][]float64{{1, 2}}}} {
		add(inGRU, s, sequence)
	}
	return out
}

// same is the function of a Lambda.
var same = layers.NewFunction("same", func(_ *graph.Scope, in ...graph.Value) []graph.Value { return in })

// There is a specimen of every type, and each makes a model.
func TestSpecimens(t *testing.T) {
	all := specimens()
	for _, v := range layers.All() {
		name := reflect.TypeOf(v).Name()
		s, ok := all[name]
		if !ok {
			t.Errorf("specimens has no %s", name)
			continue
		}
		if err := around(s.layer(s.value), s.inputs...).Build(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		delete(all, name)
	}
	for name := range all {
		t.Errorf("layers.All has no %s", name)
	}
}
