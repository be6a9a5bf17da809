package models_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// attentive is a translator of words, whose decoder attends to its encoder; both
// take sequences of any length, with padding.
func attentive() *models.Functional {
	source := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any}, Name: "source"})
	target := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any}, Name: "target"})
	read := use(layers.Embedding{InputDim: 9, OutputDim: 3, MaskZero: true}, source)
	encoder := use(layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}}, read)
	last := use(layers.GRU{Units: 3, InitialState: layers.ZeroState{}}, encoder)
	decoder := use(layers.GRU{Units: 3, ReturnSequences: true}, use(layers.Embedding{InputDim: 9, OutputDim: 2}, target), last)
	context := use(layers.Attention{}, decoder, use(layers.Dense{Units: 3}, encoder))
	out := use(layers.Dense{Units: 2}, use(layers.Concatenate{}, decoder, context))
	return models.NewFunctional(models.Config{Seed: 3, Dtype: tensor.Float64}, models.Inputs{source, target}, models.Outputs{out})
}

func words(of ...[]float64) *tensor.Dense {
	out := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(len(of), len(of[0])))
	for i, row := range of {
		copy(out.Float64s()[i*len(row):], row)
	}
	return out
}

// A translator steps with sources of any length, one after the other, and with a
// longer one in a batch whose other samples are not reset.
func TestStepperOpenSource(t *testing.T) {
	m := attentive()
	cfg := models.StepperConfig{Batch: 2, Sequences: []string{"target"}}
	st, err := m.Stepper(cfg)
	if err != nil {
		t.Fatal(err)
	}
	target := words([]float64{1, 5, 2, 7, 3, 8}, []float64{4, 4, 1, 6, 2, 5})
	// check does steps, and holds a row to Predict from where it began.
	check := func(st *models.Stepper, source *tensor.Dense, from, to int, begun ...int) {
		t.Helper()
		for i := from; i < to; i++ {
			got, err := st.Step(ctx, source, stepsOf(target, i, i+1))
			if err != nil {
				t.Fatal(err)
			}
			for row, first := range begun {
				want, err := m.Predict(ctx, rows(source, row, row+1), rows(stepsOf(target, first, i+1), row, row+1))
				if err != nil {
					t.Fatal(err)
				}
				graphtest.CheckOutput(t, fmt.Sprintf("row %d of step %d", row, i), rows(got, row, row+1).Float64s(), stepsOf(want, i-first, i-first+1).Float64s(), graphtest.Tol64)
			}
		}
	}
	three := words([]float64{1, 2, 3}, []float64{4, 5, 0})
	five := words([]float64{5, 1, 8, 2, 2}, []float64{3, 3, 7, 0, 0})
	check(st, three, 0, 4, 0, 0)
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	check(st, five, 0, 4, 0, 0)
	if err := st.Reset(1); err != nil { // row 0 continues, and row 1 has a longer source
		t.Fatal(err)
	}
	seven := words([]float64{5, 1, 8, 2, 2, 0, 0}, []float64{6, 1, 4, 8, 2, 5, 1})
	check(st, seven, 4, 6, 0, 4)

	// The states of a stepper that has not stepped can be set.
	other, err := m.Stepper(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	check(st, three, 0, 2, 0, 0)
	if err := other.SetStates(st.States()); err != nil {
		t.Fatal(err)
	}
	check(other, three, 2, 6, 0, 0)
}

// A layer that cannot run one step at a time is refused by its path before the
// first step, also with open shapes; bad inputs are an error of their step.
func TestStepperOpenSourceRefused(t *testing.T) {
	source := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "source"})
	target := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "target"})
	out := use(layers.Attention{}, use(layers.Bidirectional{Layer: layers.GRU{Units: 1, ReturnSequences: true}}, target), source)
	m := models.NewFunctional(models.Config{}, models.Inputs{source, target}, models.Outputs{out})
	_, err := m.Stepper(models.StepperConfig{Sequences: []string{"target"}})
	errtest.Check(t, err, graph.Error{Path: "functional/bidirectional", Field: "Bidirectional"})

	pooled := use(layers.Attention{}, target, use(layers.MaxPooling1D{PoolSize: 2}, source))
	m = models.NewFunctional(models.Config{}, models.Inputs{source, target}, models.Outputs{pooled})
	st, err := m.Stepper(models.StepperConfig{Sequences: []string{"target"}})
	if err != nil {
		t.Fatal(err)
	}
	one := inputs(tensor.Float32, 1, 1, 2)
	_, err = st.Step(ctx, one, one)
	errtest.Check(t, err, graph.Error{Path: "functional/max_pooling1d", Field: "MaxPooling1D", Value: "[1, 1, 2]"})
	_, err = st.Step(ctx, inputs(tensor.Float32, 1, 3, 1), one)
	errtest.Check(t, err, graph.Error{Path: "functional: input 0 of a step", Field: "shape", Value: "[1, 3, 1]"})
	if _, err = st.Step(ctx, inputs(tensor.Float32, 1, 3, 2), one); err != nil {
		t.Error(err)
	}
}
