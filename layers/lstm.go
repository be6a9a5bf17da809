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

// LSTMCell is one step of an LSTM, for RNN and StackedRNNCells. Its fields are those
// of LSTM, but for those that concern a whole sequence, which are for RNN to have:
// ActivityRegularizer and those from ReturnSequences on must be zero. An RNN with
// it computes what LSTM does, not as one operation but as a scan.
//
//	states: h and c, [batch, units] each
type LSTMCell LSTM

// Resolve fills in the defaults.
func (c LSTMCell) Resolve() (Cell, error) {
	if err := leftToRNN(c); err != nil {
		return nil, err
	}
	l, err := LSTM(c).Resolve()
	if err != nil {
		return nil, err
	}
	c = LSTMCell(l.(LSTM))
	c.InitialState = nil
	return c, nil
}

// States are the sizes of the states.
func (c LSTMCell) States() []int { return lstmCell{LSTM(c)}.States() }

// Step computes the equations of LSTM.
func (c LSTMCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	l := LSTM(c)
	return stepAlone(s, lstmCell{l}, l.dropouts(), x, states)
}

func (l LSTM) weights(s *graph.Scope, features int) recurrentWeights {
	u, cols := l.Units, l.columns()*l.Units
	w := recurrentWeights{
		kernel:    weight(s, "kernel", graph.Shape{features, cols}, l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint),             // [features, 4·units]
		recurrent: weight(s, "recurrent_kernel", graph.Shape{u, cols}, l.RecurrentInitializer, l.RecurrentRegularizer, l.RecurrentConstraint), // [units, 4·units]
	}
	if !l.NoBias {
		bias := weight(s, "bias", graph.Shape{cols}, l.bias(), l.BiasRegularizer, l.BiasConstraint) // [4·units]
		w.bias = &bias
	}
	return w
}

// bias is the initializer of all gates' biases.
func (l LSTM) bias() graph.Initializer {
	if l.CoupledGates {
		return gateBias{initializer: l.BiasInitializer, units: l.Units, input: 0, forget: none}
	}
	return gateBias{initializer: l.BiasInitializer, units: l.Units, input: 0, forget: 1, one: !l.NoUnitForgetBias}
}

// columns is the number of gates that have weights.
func (l LSTM) columns() int {
	if l.CoupledGates {
		return 3
	}
	return 4
}

// lstmCell is one step of an LSTM.
type lstmCell struct{ LSTM }

// States are the sizes of h and c.
func (l lstmCell) States() []int { return []int{l.Units, l.Units} }

// Step computes the equations of LSTM.
func (l lstmCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	u, w := l.Units, l.weights(s, x.Dim(1))
	h, c := states[0], states[1] // [batch, units]
	mx, mh := l.dropouts().gates(s, l.columns(), x.Dim(0), x.Dim(1), u)
	z, hs := mx.product(x, w.kernel, u), mh.product(h, w.recurrent, u) // [batch, 4·units], 3 for CoupledGates
	if l.LayerNorm {
		z, hs = l.norm(s, "kernel", z), l.norm(s, "recurrent", hs) // [batch, 4·units]
	}
	z = z.Add(hs) // [batch, 4·units]
	if w.bias != nil {
		z = z.Add(*w.bias) // [batch, 4·units]
	}
	zi, zf, zc, zo := l.gates(z) // [batch, units] each
	peep, last := l.peepholes(s), l.columns()-2

	i := gate("LSTM.RecurrentActivation", l.RecurrentActivation, peep(zi, 0, c)) // [batch, units]
	f := i.OneMinus()                                                            // [batch, units]
	if !l.CoupledGates {
		f = gate("LSTM.RecurrentActivation", l.RecurrentActivation, peep(zf, 1, c)) // [batch, units]
	}
	g := gate("LSTM.Activation", l.Activation, zc)                                  // [batch, units]
	c = f.Times(c).Add(i.Times(g))                                                  // [batch, units]
	o := gate("LSTM.RecurrentActivation", l.RecurrentActivation, peep(zo, last, c)) // [batch, units]
	out := c                                                                        // [batch, units]
	if l.LayerNorm {
		beta := s.Param("state_beta", graph.Shape{l.Units}, initializers.Zeros) // [units]
		out = l.norm(s, "state", c).Add(beta)                                   // [batch, units]
	}
	h = o.Times(gate("LSTM.Activation", l.Activation, out)) // [batch, units]

	s.Trace("i", i)
	s.Trace("f", f)
	s.Trace("g", g)
	s.Trace("o", o)
	s.Trace("c", c)
	return h, []graph.Value{h, c}
}

// gates cuts the sums of the gates apart; coupled to i, f has none.
func (l lstmCell) gates(z graph.Value) (i, f, c, o graph.Value) {
	u := l.Units
	part := func(k int) graph.Value { return z.Slice(1, k*u, (k+1)*u) } // [batch, units]
	if l.CoupledGates {
		return part(0), graph.Value{}, part(1), part(2)
	}
	return part(0), part(1), part(2), part(3)
}

// peepholes gives what adds the state c, as the gate in a row of the weights
// sees it, to the sum of that gate.
func (l lstmCell) peepholes(s *graph.Scope) func(z graph.Value, row int, c graph.Value) graph.Value {
	if !l.Peepholes {
		return func(z graph.Value, _ int, _ graph.Value) graph.Value { return z }
	}
	w := s.Param("peephole_kernel", graph.Shape{l.columns() - 1, l.Units}, l.KernelInitializer) // [3, units]
	return func(z graph.Value, row int, c graph.Value) graph.Value {
		return z.Add(c.Times(w.At(0, row))) // [batch, units]
	}
}

// norm normalises a value over its last axis, and scales it with weights.
func (l lstmCell) norm(s *graph.Scope, name string, v graph.Value) graph.Value {
	gamma := s.Param(name+"_gamma", graph.Shape{v.Dim(1)}, initializers.Ones) // [units]
	return normalized(v, 1e-3).Times(gamma)                                   // [batch, units]
}
