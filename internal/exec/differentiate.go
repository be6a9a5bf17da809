package exec

import (
	"slices"

	"github.com/engram-go/engram/internal/ops"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Differentiate adds to the graph the gradients dys of ys carried back to the
// nodes wrt, by reverse-mode differentiation through the SymDiff of every
// operation in between. A gradient is nil where the ys do not depend on it. The
// sums of gradients belong to the given path.
//
// It replaces gorgonia.Grad, which adds gradients up with an operation that
// overwrites its operand and is merged by hash, builds gradients that are not
// wanted, and loses one of two parameters that share a gradient.
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

// pass is one walk from results back to the nodes whose gradients are wanted.
type pass struct {
	g      *Graph
	path   string
	needed map[*Node]bool    // whether a gradient is wanted of the node or below
	terms  map[*Node][]*Node // of the gradient of a node
}

// visit returns the nodes on which the given ones depend, operands before
// results, and finds which of them lead to a wanted one.
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

// pull carries the gradient of a node to its operands.
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
	if !ours { // an operation of Gorgonia's may write to its operands
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

// sum adds nodes of one shape, in order.
func (g *Graph) sum(path string, terms []*Node) (*Node, error) {
	if len(terms) == 1 {
		return terms[0], nil
	}
	return g.Apply(Operation{
		Path: path, Name: "sum", Shape: g.b.shapeOf(terms[0]), Compute: ops.Sum{},
		Diff: func(in []*Node, _, dy *Node, _ []bool) ([]*Node, error) {
			return slices.Repeat([]*Node{dy}, len(in)), nil
		},
	}, terms...)
}
