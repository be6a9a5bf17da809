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
//	in:      [batch, steps, features]; optionally h, [batch, units]
//	out:     h of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last h
//	weights: kernel [features, units], recurrent_kernel [units, units],
//	         bias [units]
//
// At a masked step the states stay as they were, and the output is that of the step
// before: 0 at the first step and with ZeroOutputForMask. The output has the mask of
// the input with ReturnSequences only.
//
// Its gradients vanish within a few dozen steps: for longer dependencies use LSTM or GRU.
//
// The number of units and features must be known when the model is built; that of
// steps may be open. With the default activation the layer runs as one operation for
// all steps. Otherwise its step is compiled once and run over time, see graph.Scan.
// With Unrolled the steps are written into the graph, and the time to compile a
// training graph grows faster than their number, to some seconds for 300.
//
// The masks of Dropout and RecurrentDropout are drawn once a batch and kept for all
// its steps.
type SimpleRNN struct {
	Units                int                    // size of h; required
	Activation           activations.Activation // activations.Tanh
	NoBias               bool                   // leave the bias out
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform
	RecurrentInitializer graph.Initializer      // initializers.Orthogonal{}
	BiasInitializer      graph.Initializer      // initializers.Zeros
	KernelRegularizer    graph.Regularizer      // nil: none
	RecurrentRegularizer graph.Regularizer      // of the recurrent kernel; nil: none
	BiasRegularizer      graph.Regularizer      // nil: none
	ActivityRegularizer  graph.Regularizer      // of every output, divided by the batch size; nil: none
	KernelConstraint     graph.Constraint       // nil: none
	RecurrentConstraint  graph.Constraint       // of the recurrent kernel; nil: none
	BiasConstraint       graph.Constraint       // nil: none
	Dropout              float64                // fraction of the features of x dropped in training, 0 ≤ Dropout < 1; 0
	RecurrentDropout     float64                // fraction of h dropped before the gates in training, 0 ≤ RecurrentDropout < 1; 0
	Seed                 *uint64                // seed of the dropout; nil derives it from the model's seed and the layer's path
	ReturnSequences      bool                   // return h of every step
	ReturnState          bool                   // also return the last h
	GoBackwards          bool                   // read from the last step to the first; the outputs stay in that order
	ZeroOutputForMask    bool                   // the output of a masked step is 0, instead of that of the step before
	InitialState         InitialState           // ZeroState{}
	Unrolled             bool                   // write every step into the graph, and never run as one operation
	Name                 string                 // "simple_rnn", numbered, where empty
}

var (
	_ Resolver  = SimpleRNN{}
	_ recurrent = SimpleRNN{}
)

// Resolve fills in the defaults.
func (l SimpleRNN) Resolve() (Layer, error) {
	c, err := l.cell().resolve("SimpleRNN")
	l.Activation = c.Activation
	l.KernelInitializer, l.RecurrentInitializer, l.BiasInitializer = c.KernelInitializer, c.RecurrentInitializer, c.BiasInitializer
	l.KernelRegularizer, l.RecurrentRegularizer, l.BiasRegularizer = c.KernelRegularizer, c.RecurrentRegularizer, c.BiasRegularizer
	l.KernelConstraint, l.RecurrentConstraint, l.BiasConstraint = c.KernelConstraint, c.RecurrentConstraint, c.BiasConstraint
	err = first(err, regularizer("SimpleRNN.ActivityRegularizer", &l.ActivityRegularizer), initialState(&l.InitialState))
	return l, err
}

// Call computes the layer.
func (l SimpleRNN) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return l.describe().call(s, inputs)
}

// Stepwise carries the state from step to step.
func (l SimpleRNN) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.describe().stepwise(l, in)
}

// cell is the step of the layer.
func (l SimpleRNN) cell() SimpleRNNCell {
	return SimpleRNNCell{
		Units: l.Units, Activation: l.Activation, NoBias: l.NoBias,
		KernelInitializer: l.KernelInitializer, RecurrentInitializer: l.RecurrentInitializer, BiasInitializer: l.BiasInitializer,
		KernelRegularizer: l.KernelRegularizer, RecurrentRegularizer: l.RecurrentRegularizer, BiasRegularizer: l.BiasRegularizer,
		KernelConstraint: l.KernelConstraint, RecurrentConstraint: l.RecurrentConstraint, BiasConstraint: l.BiasConstraint,
		Dropout: l.Dropout, RecurrentDropout: l.RecurrentDropout, Seed: l.Seed,
	}
}

func (l SimpleRNN) describe() rnn {
	c := l.cell()
	r := rnn{
		class: "SimpleRNN", sizes: c.States(), step: c.step, dropout: c.dropouts(), initial: l.InitialState, activity: l.ActivityRegularizer,
		backwards: l.GoBackwards, zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
	}
	if fusedActivations(l.Activation, activations.Sigmoid) {
		r.whole = &whole{graph.SimpleRNNCell, c.weights}
	}
	return r
}

func (l SimpleRNN) withDirection(backwards, zeroMask bool) Layer {
	l.GoBackwards, l.ZeroOutputForMask = backwards, zeroMask
	return l
}

// SimpleRNNCell is one step of a SimpleRNN, for RNN and StackedRNNCells, with the
// equation, weights and fields of SimpleRNN; RNN has the fields for whole sequences. An
// RNN with it computes what SimpleRNN does, as a scan instead of one operation.
//
//	states: h, [batch, units]
type SimpleRNNCell struct {
	Units                int                    // size of h; required
	Activation           activations.Activation // activations.Tanh
	NoBias               bool                   // leave the bias out
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform
	RecurrentInitializer graph.Initializer      // initializers.Orthogonal{}
	BiasInitializer      graph.Initializer      // initializers.Zeros
	KernelRegularizer    graph.Regularizer      // nil: none
	RecurrentRegularizer graph.Regularizer      // of the recurrent kernel; nil: none
	BiasRegularizer      graph.Regularizer      // nil: none
	KernelConstraint     graph.Constraint       // nil: none
	RecurrentConstraint  graph.Constraint       // of the recurrent kernel; nil: none
	BiasConstraint       graph.Constraint       // nil: none
	Dropout              float64                // fraction of the features of x dropped in training, 0 ≤ Dropout < 1; 0
	RecurrentDropout     float64                // fraction of h dropped before the gates in training, 0 ≤ RecurrentDropout < 1; 0
	Seed                 *uint64                // seed of the dropout; nil derives it from the model's seed and the layer's path
}

// Resolve fills in the defaults.
func (l SimpleRNNCell) Resolve() (Cell, error) {
	return l.resolve("SimpleRNNCell")
}

// resolve fills in the defaults; errors name the fields of a class.
func (l SimpleRNNCell) resolve(class string) (SimpleRNNCell, error) {
	err := first(
		units(class+".Units", l.Units, 1),
		activation(class+".Activation", &l.Activation, activations.Tanh),
		weightFields(class, "Kernel", &l.KernelInitializer, initializers.GlorotUniform, &l.KernelRegularizer, &l.KernelConstraint),
		weightFields(class, "Recurrent", &l.RecurrentInitializer, initializers.Orthogonal{}, &l.RecurrentRegularizer, &l.RecurrentConstraint),
		weightFields(class, "Bias", &l.BiasInitializer, initializers.Zeros, &l.BiasRegularizer, &l.BiasConstraint),
		rate(class+".Dropout", l.Dropout),
		rate(class+".RecurrentDropout", l.RecurrentDropout),
	)
	return l, err
}

// States are the sizes of h.
func (l SimpleRNNCell) States() []int { return []int{l.Units} }

// Step computes the equations of SimpleRNN.
func (l SimpleRNNCell) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	return l.step(s, l.dropouts().step(s, x), states, constants)
}

func (l SimpleRNNCell) dropouts() dropouts { return dropouts{l.Dropout, l.RecurrentDropout, l.Seed} }

func (l SimpleRNNCell) weights(s *graph.Scope, features int) recurrentWeights {
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

// step computes the equation of SimpleRNN.
func (l SimpleRNNCell) step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h, w := states[0], l.weights(s, x.Dim(1)) // [batch, units]
	mx, mh := l.dropouts().gates(s, 1, x.Dim(0), x.Dim(1), l.Units)
	z := mx.product(x, w.kernel, l.Units).Add(mh.product(h, w.recurrent, l.Units)) // [batch, units]
	if w.bias != nil {
		z = z.Add(*w.bias) // [batch, units]
	}
	h = gate("SimpleRNN.Activation", l.Activation, z) // [batch, units]
	return h, []graph.Value{h}
}
