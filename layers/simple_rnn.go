package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// SimpleRNN is the simple recurrent network (Elman 1990, "Finding Structure in
// Time"): its output is its state. At each step, with tanh the activation,
//
//	h' = tanh(x·W + h·U + b)
//
//	in:      [batch, steps, features]; perhaps h, [batch, units]
//	out:     h of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last h
//	weights: kernel [features, units], recurrent_kernel [units, units],
//	         bias [units]
//
// At a masked step h stays as it was, and the output is that of the step
// before, or zeros at the first and with ZeroOutputForMask. The mask rides on
// the output only with ReturnSequences.
//
// It forgets within a few dozen steps: for longer memories take LSTM or GRU.
//
// The number of units and features must be known when the model is built, that
// of steps may be open. With the default activation the layer runs as one
// operation for all steps. Otherwise its step is compiled once and run over
// time, see graph.Scan. With Unrolled the steps are written out in the graph, and
// the time to compile a training grows faster than their number, to some seconds
// for 300.
// The masks of Dropout and RecurrentDropout are drawn once a batch and kept for
// all its steps.
type SimpleRNN struct {
	Units                int                    // size of h; required
	Activation           activations.Activation // activations.Tanh
	NoBias               bool                   // leaves the bias out
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform
	RecurrentInitializer graph.Initializer      // initializers.Orthogonal{}
	BiasInitializer      graph.Initializer      // initializers.Zeros
	KernelRegularizer    graph.Regularizer      // nil: none
	RecurrentRegularizer graph.Regularizer      // of the recurrent kernel; nil: none
	BiasRegularizer      graph.Regularizer      // nil: none
	ActivityRegularizer  graph.Regularizer      // of every output, divided by the size of the batch; nil: none
	KernelConstraint     graph.Constraint       // nil: none
	RecurrentConstraint  graph.Constraint       // of the recurrent kernel; nil: none
	BiasConstraint       graph.Constraint       // nil: none
	Dropout              float64                // part of the features of x dropped in training, 0 ≤ Dropout < 1
	RecurrentDropout     float64                // part of h dropped on its way to the gates, 0 ≤ RecurrentDropout < 1
	Seed                 *uint64                // of the dropped parts, whatever the model's seed and the layer's place; the model's where nil
	ReturnSequences      bool                   // gives h of every step
	ReturnState          bool                   // gives the last h too
	GoBackwards          bool                   // from the last step to the first; outputs stay in that order
	ZeroOutputForMask    bool                   // the output of a masked step is 0, and not that of the step before
	InitialState         InitialState           // ZeroState{}
	Unrolled             bool                   // writes the steps out in the graph, and never runs as one operation
	Name                 string                 // "simple_rnn", numbered, where empty
}

var _ Resolver = SimpleRNN{}

// Resolve fills in the defaults.
func (l SimpleRNN) Resolve() (Layer, error) {
	err := first(
		units("SimpleRNN.Units", l.Units, 1),
		activation("SimpleRNN.Activation", &l.Activation, activations.Tanh),
		initializer("SimpleRNN.KernelInitializer", &l.KernelInitializer, initializers.GlorotUniform),
		initializer("SimpleRNN.RecurrentInitializer", &l.RecurrentInitializer, initializers.Orthogonal{}),
		initializer("SimpleRNN.BiasInitializer", &l.BiasInitializer, initializers.Zeros),
		regularizer("SimpleRNN.KernelRegularizer", &l.KernelRegularizer),
		regularizer("SimpleRNN.RecurrentRegularizer", &l.RecurrentRegularizer),
		regularizer("SimpleRNN.BiasRegularizer", &l.BiasRegularizer),
		regularizer("SimpleRNN.ActivityRegularizer", &l.ActivityRegularizer),
		constraint("SimpleRNN.KernelConstraint", &l.KernelConstraint),
		constraint("SimpleRNN.RecurrentConstraint", &l.RecurrentConstraint),
		constraint("SimpleRNN.BiasConstraint", &l.BiasConstraint),
		rate("SimpleRNN.Dropout", l.Dropout),
		rate("SimpleRNN.RecurrentDropout", l.RecurrentDropout),
		initialState(&l.InitialState),
	)
	return l, err
}

// Call computes the layer.
func (l SimpleRNN) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	r := rnn{
		class: "SimpleRNN", cell: simpleCell{l}, dropout: l.dropouts(), initial: l.InitialState,
		backwards: l.GoBackwards, zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
		activity: l.ActivityRegularizer,
	}
	if usual(l.Activation, activations.Sigmoid) {
		r.whole = &whole{graph.SimpleRNNCell, l.weights}
	}
	return r.call(s, inputs)
}

func (l SimpleRNN) dropouts() dropouts { return dropouts{l.Dropout, l.RecurrentDropout, l.Seed} }

func (l SimpleRNN) weights(s *graph.Scope, features int) recurrentWeights {
	u := l.Units
	w := recurrentWeights{
		kernel:    weight(s, "kernel", graph.Shape{features, u}, l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint),             // [features, units]
		recurrent: weight(s, "recurrent_kernel", graph.Shape{u, u}, l.RecurrentInitializer, l.RecurrentRegularizer, l.RecurrentConstraint), // [units, units]
	}
	if !l.NoBias {
		bias := weight(s, "bias", graph.Shape{u}, l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint) // [units]
		w.bias = &bias
	}
	return w
}

// simpleCell is one step of a SimpleRNN.
type simpleCell struct{ SimpleRNN }

// States is the size of h.
func (l simpleCell) States() []int { return []int{l.Units} }

// Step computes the equation of SimpleRNN.
func (l simpleCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h, w := states[0], l.weights(s, x.Dim(1)) // [batch, units]
	mx, mh := l.dropouts().gates(s, 1, x.Dim(0), x.Dim(1), l.Units)
	z := mx.product(x, w.kernel, l.Units).Add(mh.product(h, w.recurrent, l.Units)) // [batch, units]
	if w.bias != nil {
		z = z.Add(*w.bias) // [batch, units]
	}
	h = gate("SimpleRNN.Activation", l.Activation, z) // [batch, units]
	return h, []graph.Value{h}
}

// SimpleRNNCell is one step of a SimpleRNN, for RNN and StackedRNNCells. Its fields are those
// of SimpleRNN, but for those that concern a whole sequence, which are for RNN to have:
// ActivityRegularizer and those from ReturnSequences on must be zero. An RNN with
// it computes what SimpleRNN does, not as one operation but as a scan.
//
//	states: h, [batch, units]
type SimpleRNNCell SimpleRNN

// Resolve fills in the defaults.
func (c SimpleRNNCell) Resolve() (Cell, error) {
	if err := leftToRNN(c); err != nil {
		return nil, err
	}
	l, err := SimpleRNN(c).Resolve()
	if err != nil {
		return nil, err
	}
	c = SimpleRNNCell(l.(SimpleRNN))
	c.InitialState = nil
	return c, nil
}

// States are the sizes of the states.
func (c SimpleRNNCell) States() []int { return simpleCell{SimpleRNN(c)}.States() }

// Step computes the equations of SimpleRNN.
func (c SimpleRNNCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	l := SimpleRNN(c)
	return stepAlone(s, simpleCell{l}, l.dropouts(), x, states)
}
