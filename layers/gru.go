package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// GRU is the gated recurrent unit (Cho et al. 2014, "Learning Phrase
// Representations using RNN Encoder-Decoder for Statistical Machine
// Translation"). At each step, with σ the recurrent activation and tanh the
// activation,
//
//	z = σ(x·W_z + h·U_z + b_z)        r = σ(x·W_r + h·U_r + b_r)
//	g = tanh(x·W_h + b_h + r ⊙ (h·U_h + b'_h))
//	h' = z ⊙ h + (1 − z) ⊙ g
//
// where b' is a second bias, which every gate adds to h·U. With ResetBefore, as in the
// paper, there is only one bias, and
//
//	g = tanh(x·W_h + (r ⊙ h)·U_h + b_h)
//
//	in:      [batch, steps, features]; optionally h, [batch, units]
//	out:     h of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last h
//	weights: kernel [features, 3·units], recurrent_kernel [units, 3·units],
//	         bias [2, 3·units], the row of x and that of h, or [3·units] with
//	         ResetBefore; the columns of z, r and h, in that order
//
// At a masked step the states stay as they were, and the output is that of the step
// before: 0 at the first step and with ZeroOutputForMask. The output has the mask of
// the input with ReturnSequences only.
//
// The values z, r and g can be read from a graph.Program as "z", "r" and "g"
// under the layer's path, [batch, steps, units] each. With Unrolled, "z" is that
// of the first step that is computed, "z_1" that of the next and so on.
//
// The number of units and features must be known when the model is built; that of
// steps may be open. With the default activations, and without ResetBefore, the layer
// runs as one operation for all steps, whose inner values cannot be read. Otherwise
// its step is compiled once and run over time, see graph.Scan. With Unrolled the steps
// are written into the graph, and the time to compile a training graph grows faster
// than their number, to some seconds for 300.
//
// initializers.Chrono as the BiasInitializer sets the part of z, which decides how much
// of h is kept.
//
// With RecurrentDropout every gate has its own dropout mask for h and, with Dropout,
// for x, as in Keras; all masks are drawn once a batch and kept for all its steps.
// Without it all gates share one mask for x.
type GRU struct {
	Units                int                    // size of h; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	NoBias               bool                   // leave the bias out
	ResetBefore          bool                   // apply the reset gate before the product with U_h; otherwise after it
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
	Name                 string                 // "gru", numbered, where empty
}

var (
	_ Resolver  = GRU{}
	_ recurrent = GRU{}
)

// Resolve fills in the defaults.
func (l GRU) Resolve() (Layer, error) {
	c, err := l.cell().resolve("GRU")
	l.Activation, l.RecurrentActivation = c.Activation, c.RecurrentActivation
	l.KernelInitializer, l.RecurrentInitializer, l.BiasInitializer = c.KernelInitializer, c.RecurrentInitializer, c.BiasInitializer
	l.KernelRegularizer, l.RecurrentRegularizer, l.BiasRegularizer = c.KernelRegularizer, c.RecurrentRegularizer, c.BiasRegularizer
	l.KernelConstraint, l.RecurrentConstraint, l.BiasConstraint = c.KernelConstraint, c.RecurrentConstraint, c.BiasConstraint
	err = first(err, regularizer("GRU.ActivityRegularizer", &l.ActivityRegularizer), initialState(&l.InitialState))
	return l, err
}

// Call computes the layer.
func (l GRU) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return l.describe().call(s, inputs)
}

// Stepwise carries the state from step to step.
func (l GRU) Stepwise(in []graph.Value) ([]graph.Pace, error) { return l.describe().stepwise(l, in) }

// cell is the step of the layer.
func (l GRU) cell() GRUCell {
	return GRUCell{
		Units: l.Units, Activation: l.Activation, RecurrentActivation: l.RecurrentActivation, NoBias: l.NoBias, ResetBefore: l.ResetBefore,
		KernelInitializer: l.KernelInitializer, RecurrentInitializer: l.RecurrentInitializer, BiasInitializer: l.BiasInitializer,
		KernelRegularizer: l.KernelRegularizer, RecurrentRegularizer: l.RecurrentRegularizer, BiasRegularizer: l.BiasRegularizer,
		KernelConstraint: l.KernelConstraint, RecurrentConstraint: l.RecurrentConstraint, BiasConstraint: l.BiasConstraint,
		Dropout: l.Dropout, RecurrentDropout: l.RecurrentDropout, Seed: l.Seed,
	}
}

func (l GRU) describe() rnn {
	c := l.cell()
	r := rnn{
		class: "GRU", sizes: c.States(), step: c.step, dropout: c.dropouts(), initial: l.InitialState, activity: l.ActivityRegularizer,
		backwards: l.GoBackwards, zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
	}
	if !l.ResetBefore && fusedActivations(l.Activation, l.RecurrentActivation) {
		r.whole = &whole{graph.GRUCell, c.weights}
	}
	return r
}

func (l GRU) withDirection(backwards, zeroMask bool) Layer {
	l.GoBackwards, l.ZeroOutputForMask = backwards, zeroMask
	return l
}

// GRUCell is one step of a GRU, for RNN and StackedRNNCells, with the equations,
// weights and fields of GRU; RNN has the fields for whole sequences. An RNN with it
// computes what GRU does, as a scan instead of one operation.
//
//	states: h, [batch, units]
type GRUCell struct {
	Units                int                    // size of h; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	NoBias               bool                   // leave the bias out
	ResetBefore          bool                   // apply the reset gate before the product with U_h; otherwise after it
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
func (l GRUCell) Resolve() (Cell, error) {
	return l.resolve("GRUCell")
}

// resolve fills in the defaults; errors name the fields of a class.
func (l GRUCell) resolve(class string) (GRUCell, error) {
	err := first(
		units(class+".Units", l.Units, 3),
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

// States are the sizes of h.
func (l GRUCell) States() []int { return []int{l.Units} }

// Step computes the equations of GRU.
func (l GRUCell) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	return l.step(s, l.dropouts().step(s, x), states, constants)
}

func (l GRUCell) dropouts() dropouts { return dropouts{l.Dropout, l.RecurrentDropout, l.Seed} }

func (l GRUCell) weights(s *graph.Scope, features int) recurrentWeights {
	u := l.Units
	w := recurrentWeights{
		kernel:    weight(s, "kernel", graph.Shape{features, 3 * u}, l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint),             // [features, 3·units]
		recurrent: weight(s, "recurrent_kernel", graph.Shape{u, 3 * u}, l.RecurrentInitializer, l.RecurrentRegularizer, l.RecurrentConstraint), // [units, 3·units]
	}
	if l.NoBias {
		return w
	}
	shape := graph.Shape{2, 3 * u} // a row for x and one for h
	if l.ResetBefore {
		shape = graph.Shape{3 * u}
	}
	init := gateBias{initializer: l.BiasInitializer, units: u, input: none, forget: 0} // z keeps the state, as a forget gate does
	bias := weight(s, "bias", shape, init, l.BiasRegularizer, l.BiasConstraint)
	w.bias = &bias
	return w
}

// step computes the equations of GRU.
func (l GRUCell) step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	u, σ, w := l.Units, l.RecurrentActivation, l.weights(s, x.Dim(1))
	h := states[0]                                                                     // [batch, units]
	part := func(v graph.Value, i int) graph.Value { return v.Slice(1, i*u, (i+1)*u) } // the columns of one gate

	mx, mh := l.dropouts().gates(s, 3, x.Dim(0), x.Dim(1), u)

	xs := mx.product(x, w.kernel, u) // [batch, 3·units]
	var hs graph.Value               // [batch, 3·units], or [batch, 2·units]
	if l.ResetBefore {
		hs = mh.product(h, w.recurrent.Slice(1, 0, 2*u), u)
	} else {
		hs = mh.product(h, w.recurrent, u)
	}
	switch {
	case w.bias == nil:
	case l.ResetBefore:
		xs = xs.Add(*w.bias)
	default:
		xs, hs = xs.Add(w.bias.At(0, 0)), hs.Add(w.bias.At(0, 1))
	}

	z := gate("GRU.RecurrentActivation", σ, part(xs, 0).Add(part(hs, 0))) // [batch, units]
	r := gate("GRU.RecurrentActivation", σ, part(xs, 1).Add(part(hs, 1))) // [batch, units]
	var past graph.Value                                                  // [batch, units]
	if l.ResetBefore {
		past = r.Times(mh.through(h, 2)).MatMul(part(w.recurrent, 2))
	} else {
		past = r.Times(part(hs, 2))
	}
	g := gate("GRU.Activation", l.Activation, part(xs, 2).Add(past)) // [batch, units]
	h = z.Times(h).Add(z.OneMinus().Times(g))                        // [batch, units]

	s.Trace("z", z)
	s.Trace("r", r)
	s.Trace("g", g)
	return h, []graph.Value{h}
}
