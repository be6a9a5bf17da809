package layers

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/resolve"
)

// RNN runs a cell over the steps of a sequence; the cell may be a user's type.
//
//	y_t, states_t = cell(x_t, states_{t−1}, constants)
//
//	in:      [batch, steps, features]; optionally the states before the first step,
//	         [batch, size] each; then the constants, of any shape
//	out:     y of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last states
//	weights: those of the cell, under the layer's path
//
// The constants, such as the outputs of an encoder, are inputs of the cell at every
// step, and get gradients. At a masked step the states stay as they were, and the
// output is that of the step before: 0 at the first step and with ZeroOutputForMask.
// The output has the mask of the input with ReturnSequences only.
//
// The cell's step is compiled once and run over time, see graph.Scan, so the time to
// build does not depend on the number of steps. Draws of Scope.Random in a cell,
// including dropout, are made once for all steps of a sequence; those of
// Scope.StepRandom for each step. Traced values have all steps, [batch, steps, ...].
// The number of features must be known when the model is built; that of steps may be
// open.
//
// A state is a vector for each sample. In Keras it may have any shape; here a cell can
// use graph.Value.Reshape.
//
// Instead of a field stateful in each layer, as in Keras, train.Config.CarryState or a
// models.Stepper carries the states of all layers from one piece of a sequence to the
// next. This is an error with GoBackwards, here and in LSTM, GRU and SimpleRNN, and in
// Bidirectional; Keras allows both.
type RNN struct {
	Cell                Cell              // required
	Constants           int               // number of constants, which are the last inputs; 0
	ActivityRegularizer graph.Regularizer // of every output, including masked steps as in Keras, divided by the batch size; nil: none
	ReturnSequences     bool              // return y of every step
	ReturnState         bool              // also return the last states
	GoBackwards         bool              // read from the last step to the first; the outputs stay in that order
	ZeroOutputForMask   bool              // the output of a masked step is 0, instead of that of the step before
	InitialState        InitialState      // ZeroState{}
	Unrolled            bool              // write every step into the graph; compiling a training graph takes seconds for some hundred steps
	Name                string            // "rnn", numbered, where empty
}

var (
	_ Resolver  = RNN{}
	_ recurrent = RNN{}
)

// Resolve fills in the defaults, those of the cell too.
func (l RNN) Resolve() (Layer, error) {
	err := first(
		resolveCell("RNN.Cell", &l.Cell),
		notNegative("RNN.Constants", l.Constants),
		regularizer("RNN.ActivityRegularizer", &l.ActivityRegularizer),
		initialState(&l.InitialState),
	)
	return l, err
}

// Call computes the layer.
func (l RNN) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return l.describe().call(s, inputs)
}

// Stepwise carries the states of the cell from step to step.
func (l RNN) Stepwise(in []graph.Value) ([]graph.Pace, error) { return l.describe().stepwise(l, in) }

func (l RNN) describe() rnn {
	return rnn{
		class: "RNN", sizes: l.Cell.States(), step: l.Cell.Step, constants: l.Constants, initial: l.InitialState, activity: l.ActivityRegularizer,
		backwards: l.GoBackwards, zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
	}
}

func (l RNN) withDirection(backwards, zeroMask bool) Layer {
	l.GoBackwards, l.ZeroOutputForMask = backwards, zeroMask
	return l
}

// Cell is one step of a recurrent layer, for RNN. Like a layer it is a plain value and
// pure: Step runs when a graph is built, once for all steps or, with RNN.Unrolled, for
// each.
//
// A cell that has defaults or rules for its fields also has a method
//
//	Resolve() (Cell, error)
//
// which must return a value of the cell's type. A type that embeds a cell must define
// its own, see Resolver.
type Cell interface {
	// States are the sizes of the states that the cell carries from step to
	// step: a state of size n has the shape [batch, n].
	States() []int
	// Step computes one step from x [batch, features] and the states: the
	// output y [batch, units], and the next states. Constants are inputs of the layer
	// that are the same at every step; they get gradients.
	Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (y graph.Value, next []graph.Value)
}

// resolveCell fills in a field of a layer.
func resolveCell(field string, c *Cell) (err error) {
	if *c == nil {
		return graph.Error{Field: field, Rule: "must not be nil"}
	}
	if *c, err = resolve.Of("a cell", *c); err != nil {
		return errs.At(err, "", field)
	}
	for i, n := range (*c).States() {
		if err := positive(fmt.Sprintf("%s.States()[%d]", field, i), n); err != nil {
			return err
		}
	}
	return nil
}

// StackedRNNCells combines several cells into one: at every step the output of each
// cell is the input of the next.
//
//	x:         [batch, features]
//	y:         that of the last cell
//	states:    those of all cells, in their order
//	constants: those of the layer, for every cell
//	weights:   those of cell i under "cell_i"
//
// It computes what a chain of RNN layers computes, and the states of all cells are
// inputs and outputs of one layer.
type StackedRNNCells struct {
	Cells []Cell // at least one
}

// Resolve fills in the defaults of the cells.
func (c StackedRNNCells) Resolve() (Cell, error) {
	if len(c.Cells) == 0 {
		return nil, graph.Error{Field: "StackedRNNCells.Cells", Rule: "must not be empty"}
	}
	c.Cells = slices.Clone(c.Cells)
	for i := range c.Cells {
		if err := resolveCell(fmt.Sprintf("StackedRNNCells.Cells[%d]", i), &c.Cells[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// States are the sizes of the states of all cells.
func (c StackedRNNCells) States() []int {
	var sizes []int
	for _, cell := range c.Cells {
		sizes = append(sizes, cell.States()...)
	}
	return sizes
}

// Step computes a step of all cells.
func (c StackedRNNCells) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	var next []graph.Value
	for i, cell := range c.Cells {
		n := len(cell.States())
		s.Within(fmt.Sprintf("cell_%d", i), func() {
			y, after := cell.Step(s, x, states[:n], constants)
			if len(after) != n {
				s.Failf("step", fmt.Sprintf("must return %d states", n), len(after))
			}
			x, next, states = y, append(next, after...), states[n:]
		})
	}
	return x, next
}
