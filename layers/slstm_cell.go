package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// SLSTMCell is the sLSTM of xLSTM (Beck et al. 2024, "xLSTM: Extended Long
// Short-Term Memory"), a cell for RNN: an LSTM with exponential gates, so that it can
// revise stored values, with a normaliser n and a stabiliser m that keeps the
// exponentials small. At each step
//
//	ĩ = x·W_i + h·R_i + b_i      log i = ĩ
//	f̃ = x·W_f + h·R_f + b_f      log f = log σ(f̃), or f̃ with ExponentialForget
//	z = tanh(x·W_z + h·R_z + b_z)
//	o = σ(x·W_o + h·R_o + b_o)
//
//	m' = max(log f + m, log i)
//	c' = exp(log f + m − m') ⊙ c + exp(log i − m') ⊙ z
//	n' = exp(log f + m − m') ⊙ n + exp(log i − m')
//	h' = o ⊙ c'/n'
//
// where m is taken as −∞ as long as n = 0. So one of the two exponentials is always 1,
// and n' > 0. Each R is block-diagonal: the units of a head depend on the h of that head
// only.
//
//	states:  h, c, n and m, [batch, units] each
//	weights: kernel [features, 4·units], recurrent_kernel
//	         [heads, units/heads, 4·units/heads], bias [4·units]; the gates in
//	         the order i, f, z and o
//
// BiasInitializer is called as in LSTM.
//
// Unlike LSTMCell, GRUCell and SimpleRNNCell it has no regularizers, constraints or
// dropout.
//
// The exponentials can be read from a graph.Program as "i" and "f", and z, o and
// c' as "z", "o" and "c".
type SLSTMCell struct {
	Units                int               // size of h; required
	Heads                int               // number of heads, a divisor of Units; 1
	ExponentialForget    bool              // f = exp(f̃), otherwise σ(f̃)
	NoBias               bool              // leave the bias out
	NoUnitForgetBias     bool              // otherwise the forget gate's bias starts at 1
	KernelInitializer    graph.Initializer // initializers.GlorotUniform
	RecurrentInitializer graph.Initializer // initializers.Orthogonal{}
	BiasInitializer      graph.Initializer // initializers.Zeros
}

// Resolve fills in the defaults.
func (c SLSTMCell) Resolve() (Cell, error) {
	if c.Heads == 0 {
		c.Heads = 1
	}
	err := first(
		positive("SLSTMCell.Units", c.Units),
		positive("SLSTMCell.Heads", c.Heads),
		initializer("SLSTMCell.KernelInitializer", &c.KernelInitializer, initializers.GlorotUniform),
		initializer("SLSTMCell.RecurrentInitializer", &c.RecurrentInitializer, initializers.Orthogonal{}),
		initializer("SLSTMCell.BiasInitializer", &c.BiasInitializer, initializers.Zeros),
	)
	if err == nil && c.Units%c.Heads != 0 {
		err = graph.Error{Field: "SLSTMCell.Heads", Rule: fmt.Sprintf("must divide the %d units", c.Units), Value: c.Heads}
	}
	return c, err
}

// States are the sizes of h, c, n and m.
func (c SLSTMCell) States() []int { return []int{c.Units, c.Units, c.Units, c.Units} }

// Step computes the equations of SLSTMCell.
func (c SLSTMCell) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h, cell, n, m := states[0], states[1], states[2], states[3] // [batch, units]
	u, d := c.Units, c.Units/c.Heads
	kernel := s.Param("kernel", graph.Shape{x.Dim(1), 4 * u}, c.KernelInitializer)                   // [features, 4·units]
	recurrent := s.Param("recurrent_kernel", graph.Shape{c.Heads, d, 4 * d}, c.RecurrentInitializer) // [heads, units/heads, 4·units/heads]
	xs := x.MatMul(kernel)                                                                           // [batch, 4·units]
	if !c.NoBias {
		xs = xs.Add(s.Param("bias", graph.Shape{4 * u}, gateBias{initializer: c.BiasInitializer, units: u, input: 0, forget: 1, one: !c.NoUnitForgetBias}))
	}
	hs := graph.Einsum("bhd,hdk->bhk", h.Reshape(h.Dim(0), c.Heads, d), recurrent) // [batch, heads, 4·units/heads]
	sum := func(gate int) graph.Value {                                            // [batch, units]
		return xs.Slice(1, gate*u, (gate+1)*u).Add(hs.Slice(2, gate*d, (gate+1)*d).Reshape(h.Dim(0), u))
	}
	logI, logF, z, o := sum(0), sum(1), sum(2).Tanh(), sum(3).Sigmoid() // [batch, units]
	if !c.ExponentialForget {
		logF = logF.Neg().Softplus().Neg() // log σ
	}
	empty := n.Equal(s.Const(0, graph.Shape{}))
	carried := logF.Add(graph.Where(empty, s.Const(-1e30, graph.Shape{}), m)) // [batch, units]
	m = carried.Maximum(logI)                                                 // [batch, units]
	i, f := logI.Sub(m).Exp(), carried.Sub(m).Exp()                           // [batch, units]
	cell = f.Times(cell).Add(i.Times(z))                                      // [batch, units]
	n = f.Times(n).Add(i)                                                     // [batch, units]
	h = o.Times(cell.Div(n))                                                  // [batch, units]

	s.Trace("i", i)
	s.Trace("f", f)
	s.Trace("z", z)
	s.Trace("o", o)
	s.Trace("c", cell)
	return h, []graph.Value{h, cell, n, m}
}
