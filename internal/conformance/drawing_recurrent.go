package conformance

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// Reader is a cell that looks at a sequence of constants.
type Reader struct{ Units int }

func (c Reader) States() []int { return []int{c.Units} }

func (c Reader) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	memory := layers.Apply(s, "memory", layers.Dense{Units: c.Units}, constants[0])                            // [batch, steps, units]
	seen := layers.Apply(s, "attention", layers.Attention{}, states[0].Unsqueeze(1), memory[0])[0].At(1, 0)    // [batch, units]
	h := layers.Apply(s, "dense", layers.Dense{Units: c.Units}, graph.Concat(1, x, states[0], seen))[0].Tanh() // [batch, units]
	return h, []graph.Value{h}
}

// starting adds initial states of these sizes to an input, or none.
func (d *Drawing) Starting(x models.Tensor, sizes ...int) []models.Tensor {
	in := []models.Tensor{x}
	if d.Yes("given states") {
		for _, n := range sizes {
			in = append(in, d.Call(layers.Dense{Units: n}, d.Vector().Tensor))
		}
	}
	return in
}

// outputs adds those of a recurrent layer: of so many units each, and states.
func (d *Drawing) Outputs(y models.Tensor, steps int, sequences bool, units []int, states ...int) {
	for i, n := range units {
		if sequences {
			d.Add(y.Output(i), steps, n)
		} else {
			d.Add(y.Output(i), n)
		}
	}
	for i, n := range states {
		d.Add(y.Output(len(units)+i), n)
	}
}

// recurrent adds a recurrent layer of u units, with states of these sizes.
func (d *Drawing) Recurrent(layer func(sequences, states bool) layers.Layer, u int, sizes ...int) {
	x, sequences, states := d.Series(), d.Yes("sequences"), d.Yes("states")
	y := d.Call(layer(sequences, states), d.Starting(x.Tensor, sizes...)...)
	if !states {
		sizes = nil
	}
	d.Outputs(y, x.Shape[0], sequences, []int{u}, sizes...)
}

// cell adds an RNN of a cell of u units, with states of these sizes, and with
// constants.
func (d *Drawing) Cell(c layers.Cell, u int, sizes []int, constants ...models.Tensor) {
	x := d.Series()
	l := Rest(d, layers.RNN{Cell: c, Constants: len(constants), ReturnSequences: d.Yes("sequences"), ReturnState: d.Yes("states"), InitialState: d.Initial(sizes...)})
	y := d.Call(l, append(d.Starting(x.Tensor, sizes...), constants...)...)
	if !l.ReturnState {
		sizes = nil
	}
	d.Outputs(y, x.Shape[0], l.ReturnSequences, []int{u}, sizes...)
}
