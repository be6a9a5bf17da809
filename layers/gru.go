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
// where every gate has a second bias b' beside h·U. With ResetBefore, as in the
// paper, there is only one bias, and
//
//	g = tanh(x·W_h + (r ⊙ h)·U_h + b_h)
//
//	in:      [batch, steps, features]; perhaps h, [batch, units]
//	out:     h of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last h
//	weights: kernel [features, 3·units], recurrent_kernel [units, 3·units],
//	         bias [2, 3·units], the row of x and that of h, or [3·units] with
//	         ResetBefore; the columns of z, r and h, in that order
//
// At a masked step h stays as it was, and the output is that of the step
// before, or zeros at the first and with ZeroOutputForMask. The mask rides on
// the output only with ReturnSequences.
//
// The values z, r and g can be read from a graph.Program as "z", "r" and "g"
// under the layer's path, [batch, steps, units] each. With Unrolled, "z" is that
// of the first step that is computed, "z_1" that of the next and so on.
//
// The number of units and features must be known when the model is built, that
// of steps may be open. With the default activations, and without ResetBefore,
// the layer runs as one operation for all steps, whose inner values cannot be
// read. Otherwise its step is compiled once and run over time, see graph.Scan.
// With Unrolled the steps are written out in the graph, and the time to compile a
// training grows faster than their number, to some seconds for 300.
// With RecurrentDropout every gate sees its own part of h and, with Dropout, of
// x, as in Keras: their masks are drawn once a batch and kept for all its steps.
// Without it one mask of x serves all gates.
type GRU struct {
	Units                int                    // size of h; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	NoBias               bool                   // leaves the bias out
	ResetBefore          bool                   // the reset gate comes before the product with U_h; otherwise after it
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
	Name                 string                 // "gru", numbered, where empty
}

var _ Resolver = GRU{}

// Resolve fills in the defaults.
func (l GRU) Resolve() (Layer, error) {
	err := first(
		units("GRU.Units", l.Units, 3),
		activation("GRU.Activation", &l.Activation, activations.Tanh),
		activation("GRU.RecurrentActivation", &l.RecurrentActivation, activations.Sigmoid),
		initializer("GRU.KernelInitializer", &l.KernelInitializer, initializers.GlorotUniform),
		initializer("GRU.RecurrentInitializer", &l.RecurrentInitializer, initializers.Orthogonal{}),
		initializer("GRU.BiasInitializer", &l.BiasInitializer, initializers.Zeros),
		regularizer("GRU.KernelRegularizer", &l.KernelRegularizer),
		regularizer("GRU.RecurrentRegularizer", &l.RecurrentRegularizer),
		regularizer("GRU.BiasRegularizer", &l.BiasRegularizer),
		regularizer("GRU.ActivityRegularizer", &l.ActivityRegularizer),
		constraint("GRU.KernelConstraint", &l.KernelConstraint),
		constraint("GRU.RecurrentConstraint", &l.RecurrentConstraint),
		constraint("GRU.BiasConstraint", &l.BiasConstraint),
		rate("GRU.Dropout", l.Dropout),
		rate("GRU.RecurrentDropout", l.RecurrentDropout),
		initialState(&l.InitialState),
	)
	return l, err
}

// Call computes the layer.
func (l GRU) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	r := rnn{
		class: "GRU", cell: gruCell{l}, dropout: l.dropouts(), initial: l.InitialState,
		backwards: l.GoBackwards, zeroMask: l.ZeroOutputForMask, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
		activity: l.ActivityRegularizer,
	}
	if !l.ResetBefore && usual(l.Activation, l.RecurrentActivation) {
		r.whole = &whole{graph.GRUCell, l.weights}
	}
	return r.call(s, inputs)
}

func (l GRU) dropouts() dropouts { return dropouts{l.Dropout, l.RecurrentDropout, l.Seed} }

func (l GRU) weights(s *graph.Scope, features int) recurrentWeights {
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

// gruCell is one step of a GRU.
type gruCell struct{ GRU }

// States is the size of h.
func (l gruCell) States() []int { return []int{l.Units} }

// Step computes the equations of GRU.
func (l gruCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
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

// GRUCell is one step of a GRU, for RNN and StackedRNNCells. Its fields are those
// of GRU, but for those that concern a whole sequence, which are for RNN to have:
// ActivityRegularizer and those from ReturnSequences on must be zero. An RNN with
// it computes what GRU does, not as one operation but as a scan.
//
//	states: h, [batch, units]
type GRUCell GRU

// Resolve fills in the defaults.
func (c GRUCell) Resolve() (Cell, error) {
	if err := leftToRNN(c); err != nil {
		return nil, err
	}
	l, err := GRU(c).Resolve()
	if err != nil {
		return nil, err
	}
	c = GRUCell(l.(GRU))
	c.InitialState = nil
	return c, nil
}

// States are the sizes of the states.
func (c GRUCell) States() []int { return gruCell{GRU(c)}.States() }

// Step computes the equations of GRU.
func (c GRUCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	l := GRU(c)
	return stepAlone(s, gruCell{l}, l.dropouts(), x, states)
}
