package models_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// stepsOf are some of the steps of a tensor, copied.
func stepsOf(x *tensor.Dense, from, to int) *tensor.Dense {
	shape := slices.Clone([]int(x.Shape()))
	size := graph.Shape(shape[2:]).Size()
	var parts []*tensor.Dense
	for i := range shape[0] {
		row := rows(x, i, i+1)
		if err := row.Reshape(shape[1], size); err != nil {
			panic(err)
		}
		parts = append(parts, rows(row, from, to))
	}
	shape[1] = to - from
	out := tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(shape...))
	for i, p := range parts {
		n := p.Shape().TotalSize()
		if x.Dtype() == tensor.Float64 {
			copy(out.Float64s()[i*n:], p.Float64s())
		} else {
			copy(out.Float32s()[i*n:], p.Float32s())
		}
	}
	return out
}

// float64s are the elements of a tensor.
func float64s(x *tensor.Dense) []float64 {
	if x.Dtype() == tensor.Float64 {
		return x.Float64s()
	}
	out := make([]float64, x.DataSize())
	for i, e := range x.Float32s() {
		out[i] = float64(e)
	}
	return out
}

// stepped is a model with what it is run on: the inputs for all steps.
type stepped struct {
	models.StepperConfig
	model interface {
		model
		Stepper(models.StepperConfig) (*models.Stepper, error)
	}
	inputs []*tensor.Dense
	still  []bool // of the inputs; none where nil
}

// at are the inputs from one step to another.
func (c stepped) at(from, to int) []*tensor.Dense {
	out := slices.Clone(c.inputs)
	for i, x := range out {
		if c.still == nil || !c.still[i] {
			out[i] = stepsOf(x, from, to)
		}
	}
	return out
}

// check holds every step of a stepper to Predict on the steps so far. Sequences
// are told by their shapes: of n steps their outputs have n.
func (c stepped) check(t *testing.T, steps int) {
	t.Helper()
	c.Batch = c.inputs[0].Shape()[0]
	st := newStepper(t, c)
	tol := map[tensor.Dtype]float64{tensor.Float64: graphtest.Tol64, tensor.Float32: graphtest.Tol32}[c.model.Dtype()]
	for i := range steps {
		got, err := st.StepAll(ctx, c.at(i, i+1)...)
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		want, err := c.model.PredictAll(ctx, c.at(0, i+1)...)
		if err != nil {
			t.Fatalf("%d steps: %v", i+1, err)
		}
		for k, w := range want {
			if g := got[k].Shape(); !slices.Equal(g, w.Shape()) {
				w = stepsOf(w, i, i+1)
			}
			if !slices.Equal(got[k].Shape(), w.Shape()) {
				t.Fatalf("step %d: output %d has the shape %v, want %v", i, k, got[k].Shape(), w.Shape())
			}
			graphtest.CheckOutput(t, fmt.Sprintf("output %d of step %d", k, i), float64s(got[k]), float64s(w), tol)
		}
	}
}

func newStepper(t testing.TB, c stepped) *models.Stepper {
	t.Helper()
	st, err := c.model.Stepper(c.StepperConfig)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// sequential is a model for sequences of any length with two features.
func sequential(dtype tensor.Dtype, ls ...layers.Layer) *models.Sequential {
	m := models.NewSequential(models.Config{Seed: 3, Dtype: dtype}, layers.Input{Shape: graph.Shape{graph.Any, 2}})
	for _, l := range ls {
		m.Add(l)
	}
	return m
}

func TestStepperRecurrent(t *testing.T) {
	fixed := layers.FixedState{Elements: [][]float64{{0.5, -0.5, 0.25}}}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, ls := range [][]layers.Layer{
			{layers.LSTM{Units: 3}, layers.Dense{Units: 2}},
			{layers.LSTM{Units: 3, ReturnSequences: true, Peepholes: true}, layers.Dense{Units: 2, Activation: activations.Softmax{}}},
			{layers.GRU{Units: 3, ReturnSequences: true, InitialState: fixed}, layers.GRU{Units: 2, ReturnState: true, ResetBefore: true}},
			{layers.SimpleRNN{Units: 3, ReturnSequences: true, Unrolled: true, InitialState: layers.RandomState{}}},
			{layers.RNN{Cell: layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: 3}, layers.LSTMCell{Units: 2}}}, ReturnSequences: true, ReturnState: true}},
		} {
			stepped{model: sequential(dtype, ls...), inputs: []*tensor.Dense{inputs(dtype, 2, 6, 2)}}.check(t, 6)
		}
	}
}

// Embedding and Masking leave steps out: states stay, and the output is that of
// the step before, or zeros.
func TestStepperMasked(t *testing.T) {
	tokens := tensor.New(tensor.WithShape(3, 6), tensor.WithBacking([]float64{
		0, 3, 0, 0, 2, 0,
		1, 0, 4, 0, 0, 1,
		2, 2, 2, 0, 1, 0,
	}))
	for _, ls := range [][]layers.Layer{
		{layers.LSTM{Units: 3, ReturnSequences: true}, layers.GRU{Units: 2}, layers.Dense{Units: 2}},
		{layers.GRU{Units: 3, ReturnSequences: true, ZeroOutputForMask: true}, layers.SimpleRNN{Units: 2, ReturnSequences: true, Activation: activations.ReLU}},
		{layers.LSTM{Units: 3, InitialState: layers.FixedState{Elements: [][]float64{{1, 2, 3}, {1, 1, 1}}}, ReturnState: true}},
		{layers.RNN{Cell: layers.SLSTMCell{Units: 3}, ReturnSequences: true}, layers.TimeDistributed{Layer: layers.Dense{Units: 2}}, layers.GRU{Units: 2}},
		{layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true}, layers.Attention{UseCausalMask: true}, layers.LSTM{Units: 2, ReturnSequences: true}},
		{layers.SinePositionEncoding{}, layers.Dropout{Rate: 0.5}, layers.LayerNormalization{}, layers.BatchNormalization{}, layers.GRU{Units: 2, ReturnSequences: true}},
	} {
		m := models.NewSequential(models.Config{Seed: 4, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any}},
			layers.Embedding{InputDim: 5, OutputDim: 2, MaskZero: true})
		for _, l := range ls {
			m.Add(l)
		}
		stepped{model: m, inputs: []*tensor.Dense{tokens}, StepperConfig: models.StepperConfig{Memory: 6}}.check(t, 6)
	}
	x := inputs(tensor.Float64, 2, 5, 2)
	copy(x.Float64s()[4:8], []float64{0, 0, 0, 0})
	stepped{model: sequential(tensor.Float64, layers.Masking{}, layers.GRU{Units: 3}), inputs: []*tensor.Dense{x}}.check(t, 5)
}

// handles makes layers part of a functional model.
func use(l layers.Layer, in ...models.Tensor) models.Tensor { return models.Use(l).Call(in...) }

// A causal transformer, with convolutions and positions, over a series, a text
// and what is known of the whole.
func TestStepperFunctional(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		series := models.NewInput(layers.Input{Shape: graph.Shape{6, 2}})
		text := models.NewInput(layers.Input{Shape: graph.Shape{6}})
		still := models.NewInput(layers.Input{Shape: graph.Shape{3}})
		x := use(layers.Conv1D{Filters: 4, KernelSize: 2, DilationRate: 2, Padding: layers.Causal}, series)
		words := use(layers.Embedding{InputDim: 9, OutputDim: 4}, text)
		x = use(layers.Add{}, x, words, use(layers.Dense{Units: 4}, still), use(layers.PositionEmbedding{SequenceLength: 6}, x), use(layers.SinePositionEncoding{}, x))
		seen := use(layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true}, x)
		x = use(layers.LayerNormalization{}, use(layers.Add{}, x, seen))
		x = use(layers.Concatenate{}, x, use(layers.Attention{UseCausalMask: true}, x, words), use(layers.AdditiveAttention{UseCausalMask: true}, x))
		last := use(layers.LSTM{Units: 3}, x)
		m := models.NewFunctional(models.Config{Seed: 5, Dtype: dtype}, models.Inputs{series, text, still},
			models.Outputs{use(layers.Dense{Units: 2}, x), use(layers.Concatenate{}, last, still)})
		tokens := tensor.New(tensor.Of(dtype), tensor.WithShape(2, 6))
		for i := range 12 {
			if dtype == tensor.Float64 {
				tokens.Float64s()[i] = float64(i * 5 % 9)
			} else {
				tokens.Float32s()[i] = float32(i * 5 % 9)
			}
		}
		c := stepped{model: m, inputs: []*tensor.Dense{inputs(dtype, 2, 6, 2), tokens, inputs(dtype, 2, 3)}, still: []bool{false, false, true}}
		c.checkWhole(t, 6)
		c.Batch = 2
		st := newStepper(t, c)
		for i := range 6 {
			if _, err := st.StepAll(ctx, c.at(i, i+1)...); err != nil {
				t.Fatal(err)
			}
		}
		_, err := st.StepAll(ctx, c.at(0, 1)...) // one more than there is room for
		errtest.Check(t, err, graph.Error{Field: "steps", Value: 7})
		if err := st.Reset(); err != nil {
			t.Fatal(err)
		}
		if _, err = st.StepAll(ctx, c.at(0, 1)...); err != nil {
			t.Error(err)
		}
	}
}

// checkWhole is check for a model with a fixed number of steps, whose first
// output is a sequence and whose other is the last step's.
func (c stepped) checkWhole(t *testing.T, steps int) {
	t.Helper()
	c.Batch = c.inputs[0].Shape()[0]
	st := newStepper(t, c)
	want, err := c.model.PredictAll(ctx, c.inputs...)
	if err != nil {
		t.Fatal(err)
	}
	tol := map[tensor.Dtype]float64{tensor.Float64: graphtest.Tol64, tensor.Float32: graphtest.Tol32}[c.model.Dtype()]
	for i := range steps {
		got, err := st.StepAll(ctx, c.at(i, i+1)...)
		if err != nil {
			t.Fatal(err)
		}
		graphtest.CheckOutput(t, fmt.Sprint("step ", i), float64s(got[0]), float64s(stepsOf(want[0], i, i+1)), tol)
		if i == steps-1 {
			graphtest.CheckOutput(t, "the last", float64s(got[1]), float64s(want[1]), tol)
		}
	}
}

// A decoder goes step by step, from the states of an encoder that sees all of
// its own sequence, and attends to it.
func TestStepperDecoder(t *testing.T) {
	source := models.NewInput(layers.Input{Shape: graph.Shape{5, 2}, Name: "source"})
	target := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "target"})
	both := use(layers.Bidirectional{Layer: layers.LSTM{Units: 2, ReturnSequences: true}}, source)
	encoder := use(layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true}, both)
	decoder := use(layers.LSTM{Units: 3, ReturnSequences: true}, target, encoder.Output(1), encoder.Output(2))
	context := use(layers.Attention{}, decoder, encoder)
	cell := use(layers.RNN{Cell: averaging{layers.GRUCell{Units: 2}}, Constants: 1, ReturnSequences: true}, decoder, encoder)
	m := models.NewFunctional(models.Config{Seed: 6, Dtype: tensor.Float64, Custom: []any{averaging{}}}, models.Inputs{source, target},
		models.Outputs{use(layers.Concatenate{}, decoder, context, cell)})
	stepped{
		model: m, inputs: []*tensor.Dense{inputs(tensor.Float64, 2, 5, 2), inputs(tensor.Float64, 2, 4, 2)}, still: []bool{true, false},
		StepperConfig: models.StepperConfig{Sequences: []string{"target"}},
	}.check(t, 4)
	_, err := m.Stepper(models.StepperConfig{})
	errtest.Check(t, err, graph.Error{Path: "functional/bidirectional", Field: "Bidirectional"})
}

// averaging is a cell that adds the mean of a constant to its input.
type averaging struct{ Cell layers.Cell }

func (c averaging) Resolve() (layers.Cell, error) {
	inner, err := c.Cell.(layers.GRUCell).Resolve()
	return averaging{inner}, err
}

func (c averaging) States() []int { return c.Cell.States() }

func (c averaging) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	return c.Cell.Step(s, x.Add(constants[0].Mean(1)), states, nil)
}

// Any layer may follow the last output of a recurrent layer: it is computed at every
// step from the result of the steps so far. Models can be layers, and be used twice.
func TestStepperAnyLayerAfterLastOutput(t *testing.T) {
	x := inputs(tensor.Float64, 2, 5, 2)
	stepped{model: sequential(tensor.Float64,
		layers.GRU{Units: 4}, layers.Reshape{TargetShape: graph.Shape{2, 2}}, layers.Bidirectional{Layer: layers.LSTM{Units: 2, ReturnSequences: true}},
		layers.GlobalMaxPooling1D{}, layers.RepeatVector{N: 3}, layers.GRU{Units: 2, ReturnSequences: true, GoBackwards: true},
	), inputs: []*tensor.Dense{x}}.check(t, 5)

	inner := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.LSTM{Units: 2, ReturnSequences: true})
	in := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	shared := models.Use(inner)
	a := shared.Call(in)
	out := use(layers.Add{}, a, shared.Call(a), shared.Call(in))
	stepped{model: models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{in}, models.Outputs{out}), inputs: []*tensor.Dense{x}}.check(t, 5)
}
