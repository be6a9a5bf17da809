package models_test

import (
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// leaky is a cell of one's own, with a default and an activation of one's own.
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

// A model with cells of one's own, alone and among others in a stack, goes
// through a file; without their types it is neither written nor read.
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
	for _, without := range [][]any{nil, {plusOne{}}, {leaky{}}} {
		refused(t, build(without...).Save(path), "sequential/rnn", "RNN.Cell", "must")
	}
}
