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
// With Peepholes (Gers & Schmidhuber 2000, "Recurrent Nets that Time and Count")
// each element of a gate also reads the same element of c: w_i ⊙ c and w_f ⊙ c are
// added to the sums of i and f, and w_o ⊙ c' to that of o. With CoupledGates (Greff
// et al. 2017, "LSTM: A Search Space Odyssey") f = 1 − i. With LayerNorm (Ba et al.
// 2016, "Layer Normalization", as in its supplement) x·W and h·U are normalised,
// each over all gates together, and h' = o ⊙ tanh(norm(c')), while c' itself is the
// next state. Here
//
//	norm(v) = γ ⊙ (v − mean v) / √(var v + 0.001) + β
//
// has β for c' only: the other sums have b.
//
//	in:      [batch, steps, features]; optionally h and c, [batch, units] each
//	out:     h of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last h and c
//	weights: kernel [features, 4·units], recurrent_kernel [units, 4·units],
//	         bias [4·units]; the columns of i, f, c and o, in that order; with
//	         Peepholes peephole_kernel [3, units], the rows of i, f and o; with
//	         LayerNorm kernel_gamma and recurrent_gamma [4·units], state_gamma
//	         and state_beta [units]; with CoupledGates without the part of f
//
// Regularizers and constraints do not apply to the weights of Peepholes and
// LayerNorm.
//
// At a masked step the states stay as they were, and the output is that of the step
// before: 0 at the first step and with ZeroOutputForMask. The output has the mask of
// the input with ReturnSequences only.
//
// The values i, f, g, o and c' can be read from a graph.Program as "i", "f", "g",
// "o" and "c" under the layer's path, [batch, steps, units] each, before a mask is
// applied. With Unrolled, "i" is that of the first step that is computed, "i_1" that
// of the next and so on.
//
// The number of units and features must be known when the model is built; that of
// steps may be open. With the default activations, and without Peepholes,
// CoupledGates and LayerNorm, the layer runs as one operation for all steps, whose
// inner values cannot be read. Otherwise its step is compiled once and run over time,
// see graph.Scan. With Unrolled the steps are written into the graph, and the time to
// compile a training graph grows faster than their number, to some seconds for 300.
//
// BiasInitializer is called once for the whole bias, [4·units], and then the part
// of the forget gate is set to 1 unless NoUnitForgetBias is set; an initializer that
// sets that part itself needs NoUnitForgetBias. The initializers of Keras draw what
// they draw there: the parts before and after the forget gate separately.
// initializers.Chrono sets the parts of the forget and input gates.
//
// With RecurrentDropout every gate has its own dropout mask for h and, with Dropout,
// for x, as in Keras; all masks are drawn once a batch and kept for all its steps.
// Without it all gates share one mask for x.
type LSTM struct {
	Units                int                    // size of h and c; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	Peepholes            bool                   // the gates also read c
	CoupledGates         bool                   // f = 1 − i, without weights for f
	LayerNorm            bool                   // normalise the sums of the gates, and c before h is computed
	NoBias               bool                   // leave the bias out
	NoUnitForgetBias     bool                   // otherwise the bias of the forget gate starts at 1
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform; of the peepholes too
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
	ReturnState          bool                   // also return the last h and c
	GoBackwards          bool                   // read from the last step to the first; the outputs stay in that order
	ZeroOutputForMask    bool                   // the output of a masked step is 0, instead of that of the step before
	InitialState         InitialState           // ZeroState{}
	Unrolled             bool                   // write every step into the graph, and never run as one operation
	Name                 string                 // "lstm", numbered, where empty
}

var (
	_ Resolver  = LSTM{}
	_ recurrent = LSTM{}
)

// Resolve fills in the defaults.
func (l LSTM) Resolve() (Layer, error) {
	c, err := l.cell().resolve("LSTM")
	l.Activation, l.RecurrentActivation = c.Activation, c.RecurrentActivation
	l.KernelInitializer, l.RecurrentInitializer, l.BiasInitializer = c.KernelInitializer, c.RecurrentInitializer, c.BiasInitializer
	l.KernelRegularizer, l.RecurrentRegularizer, l.BiasRegularizer = c.KernelRegularizer, c.RecurrentRegularizer, c.BiasRegularizer
	l.KernelConstraint, l.RecurrentConstraint, l.BiasConstraint = c.KernelConstraint, c.RecurrentConstraint, c.BiasConstraint
	err = first(err, regularizer("LSTM.ActivityRegularizer", &l.ActivityRegularizer), initialState(&l.InitialState))
	return l, err
}

// Call computes the layer.
func (l LSTM) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return l.describe().call(s, inputs)
}

// Stepwise carries the states from step to step.
func (l LSTM) Stepwise(in []graph.Value) ([]graph.Pace, error) { return l.describe().stepwise(l, in) }

// cell is the step of the layer.
func (l LSTM) cell() LSTMCell {
	return LSTMCell{
		Units: l.Units, Activation: l.Activation, RecurrentActivation: l.RecurrentActivation, Peepholes: l.Peepholes, CoupledGates: l.CoupledGates,
		LayerNorm: l.LayerNorm, NoBias: l.NoBias, NoUnitForgetBias: l.NoUnitForgetBias,
		KernelInitializer: l.KernelInitializer, RecurrentInitializer: l.RecurrentInitializer, BiasInitializer: l.BiasInitializer,
		KernelRegularizer: l.KernelRegularizer, RecurrentRegularizer: l.RecurrentRegularizer, BiasRegularizer: l.BiasRegularizer,
		KernelConstraint: l.KernelConstraint, RecurrentConstraint: l.RecurrentConstraint, BiasConstraint: l.BiasConstraint,
		Dropout: l.Dropout, RecurrentDropout: l.RecurrentDropout, Seed: l.Seed,
	}
}

func (l LSTM) describe() rnn {
	c := l.cell()
	r := rnn{
		class: "LSTM", sizes: c.States(), step: c.step, dropout: c.dropouts(), initial: l.InitialState, activity: l.ActivityRegularizer,
		backwards: l.GoBackwards, zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
	}
	if !l.Peepholes && !l.CoupledGates && !l.LayerNorm && fusedActivations(l.Activation, l.RecurrentActivation) {
		r.whole = &whole{graph.LSTMCell, c.weights}
	}
	return r
}

func (l LSTM) withDirection(backwards, zeroMask bool) Layer {
	l.GoBackwards, l.ZeroOutputForMask = backwards, zeroMask
	return l
}

// LSTMCell is one step of an LSTM, for RNN and StackedRNNCells, with the equations,
// weights and fields of LSTM; RNN has the fields for whole sequences. An RNN with it
// computes what LSTM does, as a scan instead of one operation.
//
//	states: h and c, [batch, units] each
type LSTMCell struct {
	Units                int                    // size of h and c; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	Peepholes            bool                   // the gates also read c
	CoupledGates         bool                   // f = 1 − i, without weights for f
	LayerNorm            bool                   // normalise the sums of the gates, and c before h is computed
	NoBias               bool                   // leave the bias out
	NoUnitForgetBias     bool                   // otherwise the bias of the forget gate starts at 1
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform; of the peepholes too
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
func (l LSTMCell) Resolve() (Cell, error) {
	return l.resolve("LSTMCell")
}

// resolve fills in the defaults; errors name the fields of a class.
func (l LSTMCell) resolve(class string) (LSTMCell, error) {
	err := first(
		units(class+".Units", l.Units, l.columns()),
		activation(class+".Activation", &l.Activation, activations.Tanh),
		activation(class+".RecurrentActivation", &l.RecurrentActivation, activations.Sigmoid),
		weightFields(class, "Kernel", &l.KernelInitializer, initializers.GlorotUniform, &l.KernelRegularizer, &l.KernelConstraint),
		weightFields(class, "Recurrent", &l.RecurrentInitializer, initializers.Orthogonal{}, &l.RecurrentRegularizer, &l.RecurrentConstraint),
		weightFields(class, "Bias", &l.BiasInitializer, initializers.Zeros, &l.BiasRegularizer, &l.BiasConstraint),
		rate(class+".Dropout", l.Dropout),
		rate(class+".RecurrentDropout", l.RecurrentDropout),
	)
	return l, err
}

// States are the sizes of h and c.
func (l LSTMCell) States() []int { return []int{l.Units, l.Units} }

// Step computes the equations of LSTM.
func (l LSTMCell) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	return l.step(s, l.dropouts().step(s, x), states, constants)
}

func (l LSTMCell) dropouts() dropouts { return dropouts{l.Dropout, l.RecurrentDropout, l.Seed} }

func (l LSTMCell) weights(s *graph.Scope, features int) recurrentWeights {
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
func (l LSTMCell) bias() graph.Initializer {
	if l.CoupledGates {
		return gateBias{initializer: l.BiasInitializer, units: l.Units, input: 0, forget: none}
	}
	return gateBias{initializer: l.BiasInitializer, units: l.Units, input: 0, forget: 1, one: !l.NoUnitForgetBias}
}

// columns is the number of gates that have weights.
func (l LSTMCell) columns() int {
	if l.CoupledGates {
		return 3
	}
	return 4
}

// step computes the equations of LSTM.
func (l LSTMCell) step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	u, w := l.Units, l.weights(s, x.Dim(1))
	h, c := states[0], states[1] // [batch, units]
	mx, mh := l.dropouts().gates(s, l.columns(), x.Dim(0), x.Dim(1), u)
	z, hs := mx.product(x, w.kernel, u), mh.product(h, w.recurrent, u) // [batch, 4·units], 3 for CoupledGates
	if l.LayerNorm {
		z, hs = l.norm(s, "kernel", z, nil), l.norm(s, "recurrent", hs, nil) // [batch, 4·units]
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
		out = l.norm(s, "state", c, &beta)                                      // [batch, units]
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
func (l LSTMCell) gates(z graph.Value) (i, f, c, o graph.Value) {
	u := l.Units
	part := func(k int) graph.Value { return z.Slice(1, k*u, (k+1)*u) } // [batch, units]
	if l.CoupledGates {
		return part(0), graph.Value{}, part(1), part(2)
	}
	return part(0), part(1), part(2), part(3)
}

// peepholes returns a function that adds to the sum z of a gate the state c times the
// gate's row of the weights.
func (l LSTMCell) peepholes(s *graph.Scope) func(z graph.Value, row int, c graph.Value) graph.Value {
	if !l.Peepholes {
		return func(z graph.Value, _ int, _ graph.Value) graph.Value { return z }
	}
	w := s.Param("peephole_kernel", graph.Shape{l.columns() - 1, l.Units}, l.KernelInitializer) // [3, units]
	return func(z graph.Value, row int, c graph.Value) graph.Value {
		return z.Add(c.Times(w.At(0, row))) // [batch, units]
	}
}

// norm normalises a value over its last axis, scales it with weights and adds beta.
func (l LSTMCell) norm(s *graph.Scope, name string, v graph.Value, beta *graph.Value) graph.Value {
	gamma := s.Param(name+"_gamma", graph.Shape{v.Dim(1)}, initializers.Ones) // [units]
	return v.LayerNorm(&gamma, beta, 1e-3)                                    // [batch, units]
}
