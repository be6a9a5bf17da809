package exec

import (
	"slices"

	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a node of a graph.
type Node = gorgonia.Node

// operands returns the operands of a node in order. A node may occur twice.
func operands(n *Node) gorgonia.Nodes {
	it := n.Graph().From(n.ID())
	out := make(gorgonia.Nodes, 0, it.Len())
	for it.Next() {
		out = append(out, it.Node().(*Node))
	}
	return out
}

// sortByAge sorts operands before results: Gorgonia numbers nodes in the order of
// creation.
func sortByAge(nodes []*Node) {
	slices.SortFunc(nodes, func(a, b *Node) int { return int(a.ID() - b.ID()) })
}

// Bind makes a leaf read a tensor.
func Bind(n *Node, t *tensor.Dense) error { return gorgonia.Let(n, t) }

// Physical is the shape of a node in Gorgonia. A single number is a vector of one
// element, because Gorgonia treats scalars differently and has more faults there.
func Physical(s shapes.Shape) tensor.Shape {
	if len(s) == 0 {
		return tensor.Shape{1}
	}
	return tensor.Shape(s.Clone())
}
