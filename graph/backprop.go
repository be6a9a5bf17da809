package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Gradients adds to the graph the gradient of loss, a single number, with
// respect to each of the given values, by reverse-mode differentiation through
// the SymDiff of every operation on the way. A value on which loss does not
// depend has a gradient of zeros.
//
// It stands in for gorgonia.Grad, which adds gradients up with an operation
// that overwrites its operand and is merged by hash, builds gradients that
// nobody asked for, and loses one of two parameters that share a gradient.
func (s *Scope) Gradients(loss Value, wrt ...Value) []Value {
	if len(loss.shape) != 0 {
		s.Failf("loss", "must be a single number", loss.shape)
	}
	return s.pullBack([]Value{loss}, []Value{s.Const(1, Shape{})}, wrt)
}

// pullBack takes the gradients dys of the values ys to the values wrt.
func (s *Scope) pullBack(ys, dys, wrt []Value) []Value {
	grads := make([]Value, len(wrt))
	for i, v := range wrt {
		grads[i] = s.poison(v.shape)
	}
	ys, wrt = s.takeAll("loss", ys), s.takeAll("gradient", wrt)
	if s.err != nil || s.level == nil {
		return grads
	}
	p := pass{s: s, needed: map[*gorgonia.Node]bool{}, terms: map[*gorgonia.Node][]Value{}}
	for _, v := range wrt {
		p.needed[v.node] = true
	}
	nodes := p.visit(ys)
	for i, y := range ys {
		p.terms[y.node] = append(p.terms[y.node], dys[i])
	}
	for _, n := range slices.Backward(nodes) {
		if err := p.pull(n); err != nil {
			s.Fail(err)
			return grads
		}
	}
	for i, v := range wrt {
		if terms := p.terms[v.node]; len(terms) > 0 {
			grads[i] = s.sum(terms)
		} else {
			grads[i] = s.Const(0, v.shape)
		}
	}
	return grads
}

func (s *Scope) takeAll(name string, values []Value) []Value {
	out := make([]Value, len(values))
	for i, v := range values {
		out[i], _ = s.take(name, v)
	}
	return out
}

// pass is one walk from results back to the values that are asked for.
type pass struct {
	s      *Scope
	needed map[*gorgonia.Node]bool // whether a gradient is wanted at or below
	terms  map[*gorgonia.Node][]Value
}

// visit returns the nodes on which the given values depend, operands before
// results, and finds which of them lead to a wanted value. Gorgonia numbers
// nodes as they are made, so an operand has the smaller number.
func (p *pass) visit(from []Value) []*gorgonia.Node {
	seen := map[*gorgonia.Node]bool{}
	var nodes []*gorgonia.Node
	for _, v := range from {
		if !seen[v.node] {
			seen[v.node] = true
			nodes = append(nodes, v.node)
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
	slices.SortFunc(nodes, func(a, b *gorgonia.Node) int { return int(a.ID() - b.ID()) })
	for _, n := range nodes {
		for _, c := range operands(n) {
			p.needed[n] = p.needed[n] || p.needed[c]
		}
	}
	return nodes
}

// pull takes the gradient of a node to its operands.
func (p *pass) pull(n *gorgonia.Node) error {
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
	if o, ok := sd.(*op); ok {
		if o.flat {
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
	dy := p.s.sum(terms)
	p.terms[n] = []Value{dy}
	if _, ok := sd.(*op); !ok { // an operation of Gorgonia's may write into its operands
		dy = p.s.apply(identity("export", dy.shape), dy)
	}
	if p.s.err != nil {
		return p.s.err
	}
	grads, err := sd.SymDiff(in, n, dy.node)
	if err != nil {
		return err
	}
	for i, c := range in {
		if want[i] && grads[i] != nil {
			p.terms[c] = append(p.terms[c], p.s.valueOf(grads[i], p.shape(c)))
		}
	}
	return nil
}

func (p *pass) shape(n *gorgonia.Node) Shape {
	if v, ok := p.s.values[n]; ok {
		return v.shape
	}
	return Shape(n.Shape())
}

// operands are the inputs of a node, in order; one may occur twice.
func operands(n *gorgonia.Node) gorgonia.Nodes {
	it := n.Graph().From(n.ID())
	out := make(gorgonia.Nodes, 0, it.Len())
	for it.Next() {
		out = append(out, it.Node().(*gorgonia.Node))
	}
	return out
}

// sum adds values of one shape, in order.
func (s *Scope) sum(terms []Value) Value {
	if len(terms) == 1 {
		return terms[0]
	}
	return s.apply(spec{
		name: "sum", shape: terms[0].shape,
		f32: sumKernel[float32], f64: sumKernel[float64],
		diff: func(in []Value, _, dy Value, _ []bool) []Value { return slices.Repeat([]Value{dy}, len(in)) },
	}, terms...)
}

func sumKernel[T float](out []T, in [][]T) error {
	if few(len(out)) {
		addUp(out, in, 0)
		return nil
	}
	share(len(out), func(from, end int) { addUp(out[from:end], in, from) })
	return nil
}

// addUp adds the elements of all terms from a place on.
func addUp[T float](out []T, in [][]T, from int) {
	copy(out, in[0][from:])
	for _, term := range in[1:] {
		for i, x := range term[from:][:len(out)] {
			out[i] += x
		}
	}
}
