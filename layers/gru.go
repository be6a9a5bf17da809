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
// before, or zeros at the first. The mask rides on the output only with
// ReturnSequences.
//
// The values z, r and g of the first step that is computed can be read from a
// graph.Program as "z", "r" and "g" under the layer's path, those of the next
// as "z_1" and so on.
//
// The number of units and features must be known when the model is built, that
// of steps may be open. The steps are written out in the graph: memory and the
// time of a run grow with their number, and the time to compile faster than it,
// to some seconds for 300 steps. There is no dropout between states.
type GRU struct {
	Units                int                    // size of h; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	NoBias               bool                   // leaves the bias out
	ResetBefore          bool                   // the reset gate comes before the product with U_h; otherwise after it
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform
	RecurrentInitializer graph.Initializer      // initializers.Orthogonal{}
	BiasInitializer      graph.Initializer      // initializers.Zeros
	Dropout              float64                // part of the features of x dropped in training, 0 ≤ Dropout < 1; one mask for all steps
	ReturnSequences      bool                   // gives h of every step
	ReturnState          bool                   // gives the last h too
	GoBackwards          bool                   // from the last step to the first; outputs stay in that order
	InitialState         InitialState           // ZeroState{}
	Name                 string                 // "gru", numbered, where empty
}

var _ Resolver = GRU{}

// Resolve fills in the defaults.
func (l GRU) Resolve() (Layer, error) {
	err := first(
		positive("GRU.Units", l.Units),
		activation("GRU.Activation", &l.Activation, activations.Tanh),
		activation("GRU.RecurrentActivation", &l.RecurrentActivation, activations.Sigmoid),
		initializer("GRU.KernelInitializer", &l.KernelInitializer, initializers.GlorotUniform),
		initializer("GRU.RecurrentInitializer", &l.RecurrentInitializer, initializers.Orthogonal{}),
		initializer("GRU.BiasInitializer", &l.BiasInitializer, initializers.Zeros),
		rate("GRU.Dropout", l.Dropout),
		initialState(&l.InitialState),
	)
	return l, err
}

// Call computes the layer.
func (l GRU) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return rnn{
		class: "GRU", cell: gruCell{l}, dropout: l.Dropout, initial: l.InitialState,
		backwards: l.GoBackwards, sequences: l.ReturnSequences, states: l.ReturnState,
	}.call(s, inputs)
}

// gruCell is one step of a GRU.
type gruCell struct{ GRU }

// States is the size of h.
func (l gruCell) States() []int { return []int{l.Units} }

// Step computes the equations of GRU.
func (l gruCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	u, h, σ := l.Units, states[0], l.RecurrentActivation                                    // [batch, units]
	kernel := s.Param("kernel", graph.Shape{x.Dim(1), 3 * u}, l.KernelInitializer)          // [features, 3·units]
	recurrent := s.Param("recurrent_kernel", graph.Shape{u, 3 * u}, l.RecurrentInitializer) // [units, 3·units]
	part := func(v graph.Value, i int) graph.Value { return v.Slice(1, i*u, (i+1)*u) }      // the columns of one gate

	xs := x.MatMul(kernel) // [batch, 3·units]
	var hs graph.Value     // [batch, 3·units], or [batch, 2·units]
	if l.ResetBefore {
		hs = h.MatMul(recurrent.Slice(1, 0, 2*u))
	} else {
		hs = h.MatMul(recurrent)
	}
	xs, hs = l.addBias(s, xs, hs)

	z := gate("GRU.RecurrentActivation", σ, part(xs, 0).Add(part(hs, 0))) // [batch, units]
	r := gate("GRU.RecurrentActivation", σ, part(xs, 1).Add(part(hs, 1))) // [batch, units]
	var past graph.Value                                                  // [batch, units]
	if l.ResetBefore {
		past = r.Times(h).MatMul(part(recurrent, 2))
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

// addBias adds a row of the bias to the sums of x, and one to those of h where
// the reset gate comes after them.
func (l gruCell) addBias(s *graph.Scope, xs, hs graph.Value) (graph.Value, graph.Value) {
	switch u := l.Units; {
	case l.NoBias:
		return xs, hs
	case l.ResetBefore:
		return xs.Add(s.Param("bias", graph.Shape{3 * u}, l.BiasInitializer)), hs
	default:
		bias := s.Param("bias", graph.Shape{2, 3 * u}, l.BiasInitializer)
		return xs.Add(bias.At(0, 0)), hs.Add(bias.At(0, 1))
	}
}
