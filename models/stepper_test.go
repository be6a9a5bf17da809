package models_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
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
