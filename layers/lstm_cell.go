package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

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
