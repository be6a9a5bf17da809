package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
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

var _ Resolver = RNN{}

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
	n := len(inputs) - l.Constants
	if n < 1 {
		s.Failf("RNN.Constants", fmt.Sprintf("must leave an input of the %d that there are", len(inputs)), l.Constants)
		return inputs
	}
	r := rnn{
		class: "RNN", cell: l.Cell, constants: inputs[n:], initial: l.InitialState, backwards: l.GoBackwards,
		zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
		activity: l.ActivityRegularizer,
	}
	return r.call(s, inputs[:n])
}
