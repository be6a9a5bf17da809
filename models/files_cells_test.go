package models_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// leaky is a custom cell with a default and a custom activation.
type leaky struct {
	Units      int
	Leak       float64
	Activation activations.Activation
}

func (c leaky) Resolve() (layers.Cell, error) {
	if c.Leak == 0 {
		c.Leak = 0.25
	}
	var err error
	c.Activation, err = activations.Resolve(c.Activation, plusOne{})
	return c, err
}

func (c leaky) States() []int { return []int{c.Units} }

func (c leaky) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	kernel := s.Param("kernel", graph.Shape{x.Dim(1), c.Units}, initializers.GlorotUniform)
	h := states[0].Scale(1 - c.Leak).Add(c.Activation.Apply(x.MatMul(kernel)).Scale(c.Leak)) // [batch, units]
	return h, []graph.Value{h}
}

// A model with custom cells, alone and in a stack, can be saved and loaded; without
// their types in Custom it can be neither.
func TestCustomCells(t *testing.T) {
	custom := []any{leaky{}, plusOne{}}
	build := func(custom ...any) *models.Sequential {
		stack := layers.StackedRNNCells{Cells: []layers.Cell{leaky{Units: 2}, layers.SLSTMCell{Units: 3}}}
		return models.NewSequential(models.Config{Custom: custom}, layers.Input{Shape: graph.Shape{graph.Any, 2}},
			layers.RNN{Cell: leaky{Units: 4}, ReturnSequences: true},
			layers.RNN{Cell: stack, GoBackwards: true, ZeroOutputForMask: true, InitialState: layers.RandomState{}, Name: "stack"})
	}
	m := build(custom...)
	back := roundTrip(t, m, custom...)
	x := inputs(tensor.Float32, 3, 5, 2)
	same(t, "prediction", predict(t, back, x), predict(t, m, x))

	path := filepath.Join(t.TempDir(), "model")
	for _, c := range []struct {
		custom       []any
		field, value string
	}{
		{nil, "RNN.Cell", "leaky"},
		{[]any{plusOne{}}, "RNN.Cell", "leaky"},
		{[]any{leaky{}}, "RNN.Cell.Activation", "plusOne"},
	} {
		errtest.Check(t, build(c.custom...).Save(path), graph.Error{Path: "sequential/rnn", Field: c.field, Value: c.value})
	}
}

// attending is a decoder cell whose step is made of layers: it attends to the
// outputs of an encoder from its state.
type attending struct{ Units int }

func (c attending) States() []int { return []int{c.Units} }

func (c attending) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	query := states[0].Unsqueeze(1)                                                                              // [batch, 1, units]
	seen := layers.Apply(s, "attention", layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2}, query, constants[0]) // [batch, 1, units]
	in := graph.Concat(1, x, seen[0].Reshape(x.Dim(0), c.Units))
	h := layers.Apply(s, "dense", layers.Dense{Units: c.Units, Activation: activations.Tanh}, in)[0] // [batch, units]
	return h, []graph.Value{h}
}

// A model with a decoder that attends to its encoder, but not to the padding, can
// predict in several goroutines, be saved and be loaded.
func TestDecoderInModel(t *testing.T) {
	text := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any}})
	series := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	encoded := models.Use(layers.Embedding{InputDim: 9, OutputDim: 3, MaskZero: true}).Call(text)
	encoded = models.Use(layers.GRU{Units: 3, ReturnSequences: true}).Call(encoded)
	decoded := models.Use(layers.RNN{Cell: attending{3}, Constants: 1, ReturnSequences: true}).Call(series, encoded)
	m := models.NewFunctional(models.Config{Custom: []any{attending{}}}, models.Inputs{text, series}, models.Outputs{decoded})

	long := tensor.New(tensor.WithShape(2, 4), tensor.WithBacking([]float32{1, 2, 0, 0, 3, 4, 0, 0}))
	short := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{1, 2, 3, 4}))
	x := inputs(tensor.Float32, 2, 5, 2)
	want, err := m.Predict(ctx, short, x)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			got, err := m.Predict(ctx, long, x)
			if err != nil {
				t.Error(err)
				return
			}
			for i, w := range want.Float32s() {
				if d := got.Float32s()[i] - w; d > 1e-6 || d < -1e-6 {
					t.Errorf("padded, element %d is %g, without padding %g", i, got.Float32s()[i], w)
				}
			}
		})
	}
	all.Wait()
	roundTrip(t, m, attending{})
}
