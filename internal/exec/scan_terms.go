package exec

import (
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// terms is the plan with the terms of the gradients of whole values, and the results of
// the step that it reads.
func (s ScanGradient) terms() (ops.ScanGradient, []*Node) {
	plan := s.Plan
	first := len(plan.Carries) // of the results that belong to whole values
	for _, at := range plan.At[:len(plan.Cuts)] {
		if at >= 0 {
			first++
		}
	}
	var stored, plain []*Node
	store := func(n *Node) int {
		i := slices.Index(stored, n)
		if i < 0 {
			i = len(stored)
			stored = append(stored, n)
			plan.Stored = append(plan.Stored, n.Shape().TotalSize())
		}
		return i
	}
	rest := s.Results[first:]
	for i := len(plan.Cuts) + plan.Initial; i < len(plan.At); i++ {
		if plan.At[i] < 0 {
			continue
		}
		for _, n := range split(rest[0]) {
			term := ops.Term{Whole: i}
			switch o, in := stacks(n); {
			case o == nil:
				term.A = len(plain)
				plain = append(plain, n)
			case len(in) == 2:
				p := o.Compute.(ops.Product)
				term.Product, term.A, term.B = &p, store(in[0]), store(in[1])
			default:
				r := o.Compute.(ops.Reduce)
				term.Sum, term.A = &r, store(in[0])
			}
			plan.Terms = append(plan.Terms, term)
		}
		rest = rest[1:]
	}
	for i, t := range plan.Terms {
		if t.Product == nil && t.Sum == nil {
			plan.Terms[i].A += len(stored)
		}
	}
	return plan, slices.Concat(s.Results[:first], stored, plain)
}

// split returns the terms of a sum if one of them can be computed for several steps, and
// otherwise the node itself.
func split(n *Node) []*Node {
	o, ok := n.Op().(*op)
	if !ok {
		return []*Node{n}
	}
	if _, ok := o.Compute.(ops.Sum); ok {
		for _, term := range operands(n) {
			if o, _ := stacks(term); o != nil {
				return operands(n)
			}
		}
	}
	return []*Node{n}
}

// stacks returns a product or a sum that can be computed for several steps, and its
// operands, or nil.
func stacks(n *Node) (*op, []*Node) {
	o, ok := n.Op().(*op)
	for ok && o.View && o.Shape.Size() == o.source.Shape.Size() { // another shape
		n = operands(n)[0]
		o, ok = n.Op().(*op)
	}
	if !ok {
		return nil, nil
	}
	in := operands(n)
	switch compute := o.Compute.(type) {
	case ops.Product:
		if len(in) == 2 && compute.Stacks(in[0].Shape().TotalSize(), in[1].Shape().TotalSize()) {
			return o, in
		}
	case ops.Reduce:
		if compute.Stacks() {
			return o, in
		}
	}
	return nil, nil
}
