package exec

import (
	"slices"

	"github.com/engram-go/engram/internal/ops"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Differentiate adds the gradients with respect to the nodes wrt to the graph, given
// the gradients dys of ys (reverse-mode differentiation with the SymDiff of each
// operation). The gradient of a node on which ys do not depend is nil. Sums of
// gradients get the given path.
//
// It replaces gorgonia.Grad, which sums gradients with an operation that overwrites
// its operand and is merged by hash, builds unneeded gradients, and loses one of two
// parameters that share a gradient.
func (g *Graph) Differentiate(path string, ys, dys, wrt []*Node) ([]*Node, error) {
	p := pass{g: g, path: path, needed: map[*Node]bool{}, terms: map[*Node][]*Node{}}
	for _, n := range wrt {
		p.needed[n] = true
	}
	nodes := p.visit(ys)
	for i, y := range ys {
		p.terms[y] = append(p.terms[y], dys[i])
	}
	for _, n := range slices.Backward(nodes) {
		if err := p.pull(n); err != nil {
			return nil, err
		}
	}
	grads := make([]*Node, len(wrt))
	for i, n := range wrt {
		if terms := p.terms[n]; len(terms) > 0 {
			var err error
			if grads[i], err = g.sum(path, terms); err != nil {
				return nil, err
			}
		}
	}
	return grads, nil
}

// pass is the state of one backward pass.
type pass struct {
	g      *Graph
	path   string
	needed map[*Node]bool    // whether the node is wanted or depends on a wanted one
	terms  map[*Node][]*Node // of the gradient of a node
}

// visit returns the given nodes and all that they depend on, operands before results,
// and finds which of them depend on a wanted one.
func (p *pass) visit(from []*Node) []*Node {
	seen := map[*Node]bool{}
	var nodes []*Node
	for _, n := range from {
		if !seen[n] {
			seen[n] = true
			nodes = append(nodes, n)
		}
	}
	for i := 0; i < len(nodes); i++ {
		for _, c := range operands(nodes[i]) {
			if !seen[c] {
				seen[c] = true
				nodes = append(nodes, c)
			}
		}
	}
	sortByAge(nodes)
	for _, n := range nodes {
		for _, c := range operands(n) {
			p.needed[n] = p.needed[n] || p.needed[c]
		}
	}
	return nodes
}

// pull adds the gradients of the operands of a node, given that of the node.
func (p *pass) pull(n *Node) error {
	terms, in := p.terms[n], operands(n)
	if len(terms) == 0 || len(in) == 0 || !p.needed[n] {
		return nil
	}
	want := make([]bool, len(in))
	for i, c := range in {
		want[i] = p.needed[c]
	}
	sd, ok := n.Op().(gorgonia.SDOp)
	if !ok {
		return errors.Errorf("%v has no gradient", n.Op())
	}
	o, ours := sd.(*op)
	if ours {
		if o.Flat {
			return nil
		}
		o.want = want
	}
	wanted := false
	for i, smooth := range sd.DiffWRT(len(in)) {
		want[i] = want[i] && smooth
		wanted = wanted || want[i]
	}
	if !wanted {
		return nil
	}
	dy, err := p.g.sum(p.path, terms)
	if err != nil {
		return err
	}
	p.terms[n] = []*Node{dy}
	if !ours { // the gradient of Gorgonia's operation may write to dy
		if dy, err = p.g.Copy(p.path, "export", p.g.b.shapeOf(dy), dy); err != nil {
			return err
		}
	}
	grads, err := sd.SymDiff(in, n, dy)
	if err != nil {
		return err
	}
	for i, c := range in {
		if !want[i] || grads[i] == nil {
			continue
		}
		d := grads[i]
		if _, known := p.g.b.shapes[d]; !known {
			if d, err = p.g.Copy(p.path, "import", p.g.b.shapeOf(c), d); err != nil {
				return err
			}
		}
		p.terms[c] = append(p.terms[c], d)
	}
	return nil
}

// sum adds nodes of the same shape in the given order.
func (g *Graph) sum(path string, terms []*Node) (*Node, error) {
	if len(terms) == 1 {
		return terms[0], nil
	}
	if n, err := g.join(path, terms); n != nil || err != nil {
		return n, err
	}
	return g.Apply(Operation{
		Path: path, Name: "sum", Shape: g.b.shapeOf(terms[0]), Compute: ops.Sum{},
		Diff: func(in []*Node, _, dy *Node, _ []bool) ([]*Node, error) {
			return slices.Repeat([]*Node{dy}, len(in)), nil
		},
	}, terms...)
}

// join returns the sum of gradients of the parts that an operand was cut into, such as the
// gates of a recurrent layer, if they are all of it. No two have a number in the same place,
// so they are copied next to each other. Of other nodes it returns nil.
func (g *Graph) join(path string, terms []*Node) (*Node, error) {
	pads := make([]ops.Pad, len(terms))
	order := make([]int, len(terms))
	for i, n := range terms {
		o, ours := n.Op().(*op)
		if !ours {
			return nil, nil
		}
		pad, ok := o.Compute.(ops.Pad)
		if !ok {
			return nil, nil
		}
		pads[i], order[i] = pad, i
	}
	slices.SortFunc(order, func(i, k int) int { return pads[i].Offset - pads[k].Offset })
	all := ops.Concat{Count: pads[0].Count}
	var parts []*Node
	end := 0
	for _, i := range order {
		p := pads[i]
		if p.Count != pads[0].Count || p.Whole != pads[0].Whole || p.Offset != end {
			return nil, nil
		}
		end += p.Part
		all.Sizes, parts = append(all.Sizes, p.Part), append(parts, operands(terms[i])[0])
	}
	if end != pads[0].Whole {
		return nil, nil
	}
	return g.Apply(Operation{Path: path, Name: "slice gradient", Shape: g.b.shapeOf(terms[0]), Compute: all}, parts...)
}
