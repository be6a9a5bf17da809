package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// LSTM is long short-term memory (Hochreiter & Schmidhuber 1997, "Long
// Short-Term Memory") with a forget gate (Gers et al. 2000, "Learning to
// Forget"). At each step, with σ the recurrent activation and tanh the
// activation,
//
//	i = σ(x·W_i + h·U_i + b_i)        f = σ(x·W_f + h·U_f + b_f)
//	g = tanh(x·W_c + h·U_c + b_c)     o = σ(x·W_o + h·U_o + b_o)
//	c' = f ⊙ c + i ⊙ g                h' = o ⊙ tanh(c')
//
// With Peepholes (Gers & Schmidhuber 2000, "Recurrent Nets that Time and
// Count") the gates see c, each of its elements alone: the sums of i and f get
// w_i ⊙ c and w_f ⊙ c, and that of o gets w_o ⊙ c'. With CoupledGates (Greff et
// al. 2017, "LSTM: A Search Space Odyssey") f = 1 − i, which has no weights of
// its own. With LayerNorm (Ba et al. 2016, "Layer Normalization", as in its
// supplement) x·W and h·U are normalised, each over all gates together, and
// h' = o ⊙ tanh(norm(c')), while c' is carried on as it is. There
//
//	norm(v) = γ ⊙ (v − mean v) / √(var v + 0.001) + β
//
// has β at c' only: elsewhere b is enough.
//
//	in:      [batch, steps, features]; perhaps h and c, [batch, units] each
//	out:     h of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last h and c
//	weights: kernel [features, 4·units], recurrent_kernel [units, 4·units],
//	         bias [4·units]; the columns of i, f, c and o, in that order; with
//	         Peepholes peephole_kernel [3, units], the rows of i, f and o; with
//	         LayerNorm kernel_gamma and recurrent_gamma [4·units], state_gamma
//	         and state_beta [units]; CoupledGates has no f anywhere
//
// Those of Peepholes and LayerNorm take no regularizer and no constraint.
//
// At a masked step h and c stay as they were, and the output is that of the
// step before, or zeros at the first and with ZeroOutputForMask. The mask rides
// on the output only with ReturnSequences.
//
// The values i, f, g, o and c' can be read from a graph.Program as "i", "f", "g",
// "o" and "c" under the layer's path, [batch, steps, units] each, as they are
// before a mask holds them. With Unrolled, "i" is that of the first step that is
// computed, "i_1" that of the next and so on.
//
// The number of units and features must be known when the model is built, that
// of steps may be open. With the default activations, and without Peepholes,
// CoupledGates and LayerNorm, the layer runs as one operation for all steps, whose
// inner values cannot be read. Otherwise its step is compiled once and run over
// time, see graph.Scan. With Unrolled the steps are written out in the graph, and
// the time to compile a training grows faster than their number, to some seconds
// for 300.
//
// BiasInitializer is called once for the whole bias, [4·units], and then the part
// of the forget gate is set to 1 unless NoUnitForgetBias says otherwise; an
// initializer that sets that part itself needs NoUnitForgetBias. The initializers of
// Keras draw what they draw there: the parts before and after the forget gate by
// themselves. initializers.Chrono sets the parts of the forget and input gates.
//
// With RecurrentDropout every gate sees its own part of h and, with Dropout, of
// x, as in Keras: their masks are drawn once a batch and kept for all its steps.
// Without it one mask of x serves all gates.
type LSTM struct {
	Units                int                    // size of h and c; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	Peepholes            bool                   // the gates see c
	CoupledGates         bool                   // f = 1 − i, without weights of its own
	LayerNorm            bool                   // the sums of the gates, and c on its way to h, are normalised
	NoBias               bool                   // leaves the bias out
	NoUnitForgetBias     bool                   // otherwise the forget gate's bias starts at 1
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform; of the peepholes too
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
	ReturnState          bool                   // gives the last h and c too
	GoBackwards          bool                   // from the last step to the first; outputs stay in that order
	ZeroOutputForMask    bool                   // the output of a masked step is 0, and not that of the step before
	InitialState         InitialState           // ZeroState{}
	Unrolled             bool                   // writes the steps out in the graph, and never runs as one operation
	Name                 string                 // "lstm", numbered, where empty
}

var _ Resolver = LSTM{}

// Resolve fills in the defaults.
func (l LSTM) Resolve() (Layer, error) {
	err := first(
		units("LSTM.Units", l.Units, l.columns()),
		activation("LSTM.Activation", &l.Activation, activations.Tanh),
		activation("LSTM.RecurrentActivation", &l.RecurrentActivation, activations.Sigmoid),
		initializer("LSTM.KernelInitializer", &l.KernelInitializer, initializers.GlorotUniform),
		initializer("LSTM.RecurrentInitializer", &l.RecurrentInitializer, initializers.Orthogonal{}),
		initializer("LSTM.BiasInitializer", &l.BiasInitializer, initializers.Zeros),
		regularizer("LSTM.KernelRegularizer", &l.KernelRegularizer),
		regularizer("LSTM.RecurrentRegularizer", &l.RecurrentRegularizer),
		regularizer("LSTM.BiasRegularizer", &l.BiasRegularizer),
		regularizer("LSTM.ActivityRegularizer", &l.ActivityRegularizer),
		constraint("LSTM.KernelConstraint", &l.KernelConstraint),
		constraint("LSTM.RecurrentConstraint", &l.RecurrentConstraint),
		constraint("LSTM.BiasConstraint", &l.BiasConstraint),
		rate("LSTM.Dropout", l.Dropout),
		rate("LSTM.RecurrentDropout", l.RecurrentDropout),
		initialState(&l.InitialState),
	)
	return l, err
}

// Call computes the layer.
func (l LSTM) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	r := rnn{
		class: "LSTM", cell: lstmCell{l}, dropout: l.dropouts(), initial: l.InitialState,
		backwards: l.GoBackwards, zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
		activity: l.ActivityRegularizer,
	}
	plain := !l.Peepholes && !l.CoupledGates && !l.LayerNorm
	if plain && usual(l.Activation, l.RecurrentActivation) {
		r.whole = &whole{graph.LSTMCell, l.weights}
	}
	return r.call(s, inputs)
}

func (l LSTM) dropouts() dropouts { return dropouts{l.Dropout, l.RecurrentDropout, l.Seed} }
