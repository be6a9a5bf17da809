package graph

import (
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// direct runs the operations of a graph one after the other, on the caller's
// goroutine. For inference that takes the place of the tape machine, whose
// hand-over to a goroutine of its own costs more than predicting one sample,
// and which allocates for every operation. It serves graphs that hold only
// operations of this package, which own the memory of their outputs.
type direct struct {
	ops    []*op
	leaves []use
}

// use is an operand that is an input of the graph, a parameter or a constant:
// its memory is looked up before every run.
type use struct {
	op   *op
	at   int
	leaf *gorgonia.Node
}

// newDirect lists the operations that the outputs need, operands first. It
// returns nil where one of them is Gorgonia's own.
func newDirect(outputs []Value) *direct {
	d := &direct{}
	seen := map[*gorgonia.Node]bool{}
	var todo []*gorgonia.Node
	for _, v := range outputs {
		todo = append(todo, v.node)
	}
	var nodes []*gorgonia.Node
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] || n.Op() == nil {
			continue
		}
		seen[n] = true
		nodes = append(nodes, n)
		todo = append(todo, operands(n)...)
	}
	slices.SortFunc(nodes, func(a, b *gorgonia.Node) int { return int(a.ID() - b.ID()) })
	for _, n := range nodes {
		o, ok := n.Op().(*op)
		if !ok {
			return nil
		}
		for i, c := range operands(n) {
			if c.Op() == nil {
				d.leaves = append(d.leaves, use{o, i, c})
			} else if source, ok := c.Op().(*op); ok {
				o.operand(i, source.out)
			}
		}
		d.ops = append(d.ops, o)
	}
	return d
}

// operand makes an operation read an operand from a tensor.
func (o *op) operand(i int, t *tensor.Dense) {
	if o.in32 != nil {
		o.in32[i] = t.Float32s()
	} else {
		o.in64[i] = t.Float64s()
	}
}

func (d *direct) run() error {
	for _, u := range d.leaves {
		u.op.operand(u.at, u.leaf.Value().(*tensor.Dense))
	}
	return d.compute()
}

func (d *direct) compute() error {
	for _, o := range d.ops {
		if err := o.compute(); err != nil {
			return err
		}
	}
	return nil
}
