package conformance_test

import (
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// reader is a cell that looks at a sequence of constants.
type reader struct{ Units int }

func (c reader) States() []int { return []int{c.Units} }

func (c reader) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	memory := layers.Apply(s, "memory", layers.Dense{Units: c.Units}, constants[0])                            // [batch, steps, units]
	seen := layers.Apply(s, "attention", layers.Attention{}, states[0].Unsqueeze(1), memory[0])[0].At(1, 0)    // [batch, units]
	h := layers.Apply(s, "dense", layers.Dense{Units: c.Units}, graph.Concat(1, x, states[0], seen))[0].Tanh() // [batch, units]
	return h, []graph.Value{h}
}

// starting adds initial states of these sizes to an input, or none.
func (d *drawing) starting(x models.Tensor, sizes ...int) []models.Tensor {
	in := []models.Tensor{x}
	if d.yes("given states") {
		for _, n := range sizes {
			in = append(in, d.call(layers.Dense{Units: n}, d.vector().Tensor))
		}
	}
	return in
}

// outputs adds those of a recurrent layer: of so many units each, and states.
func (d *drawing) outputs(y models.Tensor, steps int, sequences bool, units []int, states ...int) {
	for i, n := range units {
		if sequences {
			d.add(y.Output(i), steps, n)
		} else {
			d.add(y.Output(i), n)
		}
	}
	for i, n := range states {
		d.add(y.Output(len(units)+i), n)
	}
}

// recurrent adds a recurrent layer of u units, with states of these sizes.
func (d *drawing) recurrent(layer func(sequences, states bool) layers.Layer, u int, sizes ...int) {
	x, sequences, states := d.series(), d.yes("sequences"), d.yes("states")
	y := d.call(layer(sequences, states), d.starting(x.Tensor, sizes...)...)
	if !states {
		sizes = nil
	}
	d.outputs(y, x.shape[0], sequences, []int{u}, sizes...)
}

// cell adds an RNN of a cell of u units, with states of these sizes, and with
// constants.
func (d *drawing) cell(c layers.Cell, u int, sizes []int, constants ...models.Tensor) {
	x := d.series()
	l := rest(d, layers.RNN{Cell: c, Constants: len(constants), ReturnSequences: d.yes("sequences"), ReturnState: d.yes("states"), InitialState: d.initial(sizes...)})
	y := d.call(l, append(d.starting(x.Tensor, sizes...), constants...)...)
	if !l.ReturnState {
		sizes = nil
	}
	d.outputs(y, x.shape[0], l.ReturnSequences, []int{u}, sizes...)
}

// bidirectional adds two recurrent layers, perhaps of different types.
func (d *drawing) bidirectional() {
	x, n, sequences, states := d.series(), d.units(), d.yes("sequences"), d.yes("states")
	inner := func(n int, backwards bool) (layers.Layer, []int) {
		switch d.number("type", 0, 2) {
		case 0:
			l := rest(d, layers.LSTM{Units: n, ReturnSequences: sequences, ReturnState: states})
			l.GoBackwards = backwards
			return l, []int{n, n}
		case 1:
			l := rest(d, layers.GRU{Units: n, ReturnSequences: sequences, ReturnState: states})
			l.GoBackwards = backwards
			return l, []int{n}
		}
		return layers.RNN{Cell: layers.SLSTMCell{Units: n}, ReturnSequences: sequences, ReturnState: states, GoBackwards: backwards}, []int{n, n, n, n}
	}
	mode := oneOf(d, "mode", layers.MergeConcat, layers.MergeNone, layers.MergeSum, layers.MergeMul, layers.MergeAve)
	apart := mode == layers.MergeConcat || mode == layers.MergeNone // the outputs may differ in size
	l := layers.Bidirectional{MergeMode: mode}
	var ahead, back []int
	l.Layer, ahead = inner(n, false)
	m := n
	if back = ahead; d.yes("backward layer") {
		if apart {
			m = d.units()
		}
		l.BackwardLayer, back = inner(m, true)
	}
	sizes := slices.Concat(ahead, back)
	y := d.call(l, d.starting(x.Tensor, sizes...)...)
	if !states {
		sizes = nil
	}
	units := []int{n}
	switch mode {
	case layers.MergeConcat:
		units = []int{n + m}
	case layers.MergeNone:
		units = []int{n, m}
	}
	d.outputs(y, x.shape[0], sequences, units, sizes...)
}
