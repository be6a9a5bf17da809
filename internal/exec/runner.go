package exec

import (
	"slices"

	"gorgonia.org/tensor"
)

// runner runs the operations of a graph one after the other. For inference it replaces
// the tape machine, which uses another goroutine; that takes longer than predicting one
// sample. For training, the machine runs stretches of it.
type runner struct {
	ops    []*op // operands first; without views, which compute nothing
	leaves []use // operands that are leaves
	inner  []use // operands that are results
}

// use is an operand of an operation.
type use struct {
	op   *op
	at   int
	node *Node
}

// newRunner collects the operations that the results need. It returns nil if one of
// them is Gorgonia's own. Results of the given operations are there already.
func newRunner(results []*Node, given map[*op]bool) *runner {
	r := &runner{}
	seen := map[*Node]bool{}
	todo := slices.Clone(results)
	var nodes []*Node
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] || n.Op() == nil {
			continue
		}
		if o, ok := n.Op().(*op); ok && given[o.owner()] {
			continue
		}
		seen[n] = true
		nodes = append(nodes, n)
		todo = append(todo, operands(n)...)
	}
	sortByAge(nodes)
	for _, n := range nodes {
		o, ok := n.Op().(*op)
		if !ok {
			return nil
		}
		for i, c := range operands(n) {
			if c.Op() == nil {
				r.leaves = append(r.leaves, use{o, i, c})
			} else {
				r.inner = append(r.inner, use{o, i, c})
			}
		}
		if !o.View {
			r.ops = append(r.ops, o)
		}
	}
	return r
}

// connect sets all operands after the memory has changed.
func (r *runner) connect() {
	for _, u := range r.inner {
		if source, ok := u.node.Op().(*op); ok {
			u.op.task.setOperand(u.at, source.out)
		}
	}
	r.readLeaves()
}

// readLeaves sets the operands that are leaves with a value. The leaves of a step
// without one are set by the scan.
func (r *runner) readLeaves() {
	for _, u := range r.leaves {
		if t, ok := u.node.Value().(*tensor.Dense); ok {
			u.op.task.setOperand(u.at, t)
		}
	}
}

func (r *runner) run() error {
	for _, o := range r.ops {
		if err := o.run(nil); err != nil {
			return err
		}
	}
	return nil
}
