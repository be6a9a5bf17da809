package layers

import (
	"math/rand/v2"
	"slices"

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
//	in:      [batch, steps, features]; perhaps h and c, [batch, units] each
//	out:     h of the last step [batch, units], or of all steps
//	         [batch, steps, units]; with ReturnState also the last h and c
//	weights: kernel [features, 4·units], recurrent_kernel [units, 4·units],
//	         bias [4·units]; the columns of i, f, c and o, in that order
//
// At a masked step h and c stay as they were, and the output is that of the
// step before, or zeros at the first. The mask rides on the output only with
// ReturnSequences.
//
// The values i, f, g, o and c' can be read from a graph.Program as "i", "f", "g",
// "o" and "c" under the layer's path, [batch, steps, units] each, as they are
// before a mask holds them. With Unrolled, "i" is that of the first step that is
// computed, "i_1" that of the next and so on.
//
// The number of units and features must be known when the model is built, that
// of steps may be open. With the default activations the layer runs as one
// operation for all steps, whose inner values cannot be read. Otherwise its step
// is compiled once and run over time, see graph.Scan. With Unrolled the steps are
// written out in the graph, and the time to compile grows faster than their
// number, to some seconds for 300.
// There is no dropout between states.
type LSTM struct {
	Units                int                    // size of h and c; required
	Activation           activations.Activation // activations.Tanh
	RecurrentActivation  activations.Activation // activations.Sigmoid
	NoBias               bool                   // leaves the bias out
	NoUnitForgetBias     bool                   // otherwise the forget gate's bias starts at 1
	KernelInitializer    graph.Initializer      // initializers.GlorotUniform
	RecurrentInitializer graph.Initializer      // initializers.Orthogonal{}
	BiasInitializer      graph.Initializer      // initializers.Zeros
	Dropout              float64                // part of the features of x dropped in training, 0 ≤ Dropout < 1; one mask for all steps
	ReturnSequences      bool                   // gives h of every step
	ReturnState          bool                   // gives the last h and c too
	GoBackwards          bool                   // from the last step to the first; outputs stay in that order
	InitialState         InitialState           // ZeroState{}
	Unrolled             bool                   // writes the steps out in the graph, and never runs as one operation
	Name                 string                 // "lstm", numbered, where empty
}

var _ Resolver = LSTM{}

// Resolve fills in the defaults.
func (l LSTM) Resolve() (Layer, error) {
	err := first(
		positive("LSTM.Units", l.Units),
		activation("LSTM.Activation", &l.Activation, activations.Tanh),
		activation("LSTM.RecurrentActivation", &l.RecurrentActivation, activations.Sigmoid),
		initializer("LSTM.KernelInitializer", &l.KernelInitializer, initializers.GlorotUniform),
		initializer("LSTM.RecurrentInitializer", &l.RecurrentInitializer, initializers.Orthogonal{}),
		initializer("LSTM.BiasInitializer", &l.BiasInitializer, initializers.Zeros),
		rate("LSTM.Dropout", l.Dropout),
		initialState(&l.InitialState),
	)
	return l, err
}

// Call computes the layer.
func (l LSTM) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	r := rnn{
		class: "LSTM", cell: lstmCell{l}, dropout: l.Dropout, initial: l.InitialState,
		backwards: l.GoBackwards, sequences: l.ReturnSequences, states: l.ReturnState, unrolled: l.Unrolled,
	}
	if usual(l.Activation, l.RecurrentActivation) {
		r.whole = &whole{graph.LSTMCell, l.weights}
	}
	return r.call(s, inputs)
}

func (l LSTM) weights(s *graph.Scope, features int) recurrentWeights {
	u := l.Units
	w := recurrentWeights{
		kernel:    s.Param("kernel", graph.Shape{features, 4 * u}, l.KernelInitializer),       // [features, 4·units]
		recurrent: s.Param("recurrent_kernel", graph.Shape{u, 4 * u}, l.RecurrentInitializer), // [units, 4·units]
	}
	if !l.NoBias {
		bias := s.Param("bias", graph.Shape{4 * u}, gateBias{l.BiasInitializer, u, !l.NoUnitForgetBias}) // [4·units]
		w.bias = &bias
	}
	return w
}

// lstmCell is one step of an LSTM.
type lstmCell struct{ LSTM }

// States are the sizes of h and c.
func (l lstmCell) States() []int { return []int{l.Units, l.Units} }

// Step computes the equations of LSTM.
func (l lstmCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	u, σ, w := l.Units, l.RecurrentActivation, l.weights(s, x.Dim(1))
	h, c := states[0], states[1]                       // [batch, units]
	z := x.MatMul(w.kernel).Add(h.MatMul(w.recurrent)) // [batch, 4·units]
	if w.bias != nil {
		z = z.Add(*w.bias) // [batch, 4·units]
	}
	i := gate("LSTM.RecurrentActivation", σ, z.Slice(1, 0, u))       // [batch, units]
	f := gate("LSTM.RecurrentActivation", σ, z.Slice(1, u, 2*u))     // [batch, units]
	g := gate("LSTM.Activation", l.Activation, z.Slice(1, 2*u, 3*u)) // [batch, units]
	o := gate("LSTM.RecurrentActivation", σ, z.Slice(1, 3*u, 4*u))   // [batch, units]
	c = f.Times(c).Add(i.Times(g))                                   // [batch, units]
	h = o.Times(gate("LSTM.Activation", l.Activation, c))            // [batch, units]

	s.Trace("i", i)
	s.Trace("f", f)
	s.Trace("g", g)
	s.Trace("o", o)
	s.Trace("c", c)
	return h, []graph.Value{h, c}
}

// gateBias starts the bias of the forget gate with ones, so that a new LSTM
// remembers (Gers et al. 2000; Jozefowicz et al. 2015), and leaves the others
// to the initializer.
type gateBias struct {
	initializer graph.Initializer
	units       int
	forget      bool
}

// Init makes the four parts.
func (b gateBias) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	if !b.forget {
		return b.initializer.Init(r, shape)
	}
	input, err := b.initializer.Init(r, graph.Shape{b.units})
	if err != nil {
		return nil, err
	}
	rest, err := b.initializer.Init(r, graph.Shape{2 * b.units})
	if err != nil {
		return nil, err
	}
	ones := slices.Repeat([]float64{1}, b.units)
	return slices.Concat(input, ones, rest), nil
}
