package exec

import (
	"slices"

	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a node of a graph.
type Node = gorgonia.Node

// operands are the operands of a node, in order; one may occur twice.
func operands(n *Node) gorgonia.Nodes {
	it := n.Graph().From(n.ID())
	out := make(gorgonia.Nodes, 0, it.Len())
	for it.Next() {
		out = append(out, it.Node().(*Node))
	}
	return out
}

// sortByAge puts operands before results: Gorgonia numbers nodes as they are
// made.
func sortByAge(nodes []*Node) {
	slices.SortFunc(nodes, func(a, b *Node) int { return int(a.ID() - b.ID()) })
}

// Bind makes a leaf read a tensor.
func Bind(n *Node, t *tensor.Dense) error { return gorgonia.Let(n, t) }

// Physical is the shape that Gorgonia sees. A single number is a vector of one
// element there: Gorgonia's scalars are values of another kind, with rules and
// faults of their own.
func Physical(s shapes.Shape) tensor.Shape {
	if len(s) == 0 {
		return tensor.Shape{1}
	}
	return tensor.Shape(s.Clone())
}
