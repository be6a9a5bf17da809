package layers

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/resolve"
)

// RNN takes any cell through time, a cell of one's own first of all.
//
//	y_t, states_t = cell(x_t, states_{t−1}, constants)
//
//	in:      [batch, steps, features]; perhaps the states before the first step,
//	         [batch, size] each; then the constants, of any shape
//	out:     y of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last states
//	weights: those of the cell, under the layer's path
//
// A cell sees the constants, such as the outputs of an encoder, at every step,
// and they get gradients. At a masked step the states stay as they were, and the
// output is that of the step before, or zeros at the first and with
// ZeroOutputForMask. The mask rides on the output only with ReturnSequences.
//
// The cell's step is compiled once and run over time, see graph.Scan: building
// costs the same for any number of steps. What a cell draws with Scope.Random,
// dropout too, is drawn once for all steps of a sequence; Scope.StepRandom draws
// for each. What it traces is there for all steps, [batch, steps, ...]. The
// number of features must be known when the model is built, that of steps may be
// open.
//
// A state is a vector for each sample. Keras' may have any shape, which the cell can
// give it with graph.Value.Reshape.
//
// Whether states go on from one piece of a sequence to the next is for whoever runs
// the model to say, with train.Config.CarryState or a models.Stepper, and for all
// layers at once; Keras has a field stateful in each. They do not go on with
// GoBackwards, here and in LSTM, GRU and SimpleRNN, nor in Bidirectional, which are
// refused then; Keras allows both.
type RNN struct {
	Cell                Cell              // required
	Constants           int               // how many of the inputs, the last ones, are constants; 0
	ActivityRegularizer graph.Regularizer // of every output, masked steps too as in Keras, divided by the size of the batch; nil: none
	ReturnSequences     bool              // gives y of every step
	ReturnState         bool              // gives the last states too
	GoBackwards         bool              // from the last step to the first; outputs stay in that order
	ZeroOutputForMask   bool              // the output of a masked step is 0, and not that of the step before
	InitialState        InitialState      // ZeroState{}
	Unrolled            bool              // writes the steps out in the graph, which takes seconds to compile a training for some hundred
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

// Cell is one step of a recurrent layer, for RNN. It is a plain value like a
// layer, and pure like one: Step is run when a graph is built, for all steps at
// once or, with RNN.Unrolled, for each.
//
// A cell that has defaults or rules for its fields also has a method
//
//	Resolve() (Cell, error)
//
// and is run only as what that returned, which must be of the cell's own type. A
// type that embeds a cell needs a Resolve of its own, see Resolver.
type Cell interface {
	// States are the sizes of the states that the cell carries from step to
	// step: a state of size n has the shape [batch, n].
	States() []int
	// Step computes one step from x [batch, features] and the states: the
	// output y [batch, units], and the states that follow. Constants are outer
	// values that every step sees, with gradients.
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

// StackedRNNCells makes one cell of several: at every step each computes from
// the output of the one before.
//
//	x:         [batch, features]
//	y:         that of the last cell
//	states:    those of all cells, in their order
//	constants: every cell sees all of them
//	weights:   those of cell i under "cell_i"
//
// It computes what as many RNN layers in a row compute, step by step, and its
// states before and after a sequence are inputs and outputs of one layer.
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
