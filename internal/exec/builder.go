// Package exec runs graphs. It is the adapter to Gorgonia, and the one place
// that knows its faults: operations with hashes that cannot collide, symbolic
// differentiation, the tape machine, a direct executor for inference, and the
// memory that programs work in.
//
// Gorgonia checks at start-up that the garbage collector does not move memory,
// and needs a version of that module that knows the Go release in use.
package exec

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/engram-go/engram/internal/shapes"
	_ "go4.org/unsafe/assume-no-moving-gc"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a node of a graph.
type Node = gorgonia.Node

// Builder makes the graphs of one program: that of the program itself, and those
// of the steps of its scans.
type Builder struct {
	dtype  tensor.Dtype
	salt   uint32 // part of every hash
	lastID uint32
	graphs []*Graph
	shapes map[*Node]shapes.Shape // of all nodes that Leaf and Apply made

	ops       []*op // in the order in which they were made, so operands come first
	scratch   []leafMemory
	runners   []*runner // of scans
	constants int       // elements of all constants
	fault     error     // of the operation that failed in the last run
}

// leafMemory is the memory of a leaf, and where it lies in that of the program.
type leafMemory struct {
	node   *Node
	tensor *tensor.Dense
	shape  shapes.Shape
	offset int
}

// Graph is a graph that is being built.
type Graph struct {
	b *Builder
	g *gorgonia.ExprGraph
}

// NewBuilder returns a builder. Where the hashes of two nodes collide, the same
// graph with another salt has other hashes.
func NewBuilder(dtype tensor.Dtype, salt uint32) *Builder {
	return &Builder{dtype: dtype, salt: salt, shapes: map[*Node]shapes.Shape{}}
}

// NewGraph begins a graph.
func (b *Builder) NewGraph() *Graph {
	g := &Graph{b, gorgonia.NewGraph()}
	b.graphs = append(b.graphs, g)
	return g
}

// Has tells whether a node belongs to the graph.
func (g *Graph) Has(n *Node) bool { return n.Graph() == g.g }

// Leaf makes a node without operands. Gorgonia merges leaves that have one
// name, so every name carries a number of its own.
func (g *Graph) Leaf(path, name string, shape shapes.Shape) *Node {
	b := g.b
	b.lastID++
	p := Physical(shape)
	n := gorgonia.NewTensor(g.g, b.dtype, len(p), gorgonia.WithShape(p...),
		gorgonia.WithName(fmt.Sprintf("%s %s %d %d", strings.TrimSpace(path), name, b.salt, b.lastID)))
	b.shapes[n] = shape.Clone()
	return n
}

// Bind makes a leaf read a tensor.
func Bind(n *Node, t *tensor.Dense) error { return gorgonia.Let(n, t) }

// BindConstant is Bind for a tensor that only this program holds.
func (b *Builder) BindConstant(n *Node, t *tensor.Dense) error {
	b.constants += t.DataSize()
	return Bind(n, t)
}

// BindScratch makes a leaf read memory that Program.Run's prepare fills anew
// before every run.
func (b *Builder) BindScratch(n *Node) *tensor.Dense {
	m := leafMemory{node: n, tensor: new(tensor.Dense), shape: b.shapes[n]}
	b.scratch = append(b.scratch, m)
	return m.tensor
}

// shapeOf is the shape of a node. Gorgonia's own nodes have none but that of
// their value.
func (b *Builder) shapeOf(n *Node) shapes.Shape {
	if s, ok := b.shapes[n]; ok {
		return s
	}
	return shapes.Shape(n.Shape())
}

// Nodes is the number of nodes in all graphs.
func (b *Builder) Nodes() int {
	n := 0
	for _, g := range b.graphs {
		n += len(g.g.AllNodes())
	}
	return n
}

// Collide tells whether two nodes of a graph have the same hash. Gorgonia's
// compiler takes two such nodes for one, whatever they compute, and its hashes
// have 32 bits: among 10,000 nodes that happens in one graph of a hundred.
func (b *Builder) Collide() bool {
	for _, g := range b.graphs {
		seen := make(map[uint32]bool, len(g.g.AllNodes()))
		for _, n := range g.g.AllNodes() {
			h := n.Hashcode()
			if seen[h] {
				return true
			}
			seen[h] = true
		}
	}
	return false
}

// hashOf is what an operation adds to the hash of its node.
func (b *Builder) hashOf(id uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, b.salt), id)
}

// operands are the operands of a node, in order; one may occur twice.
func operands(n *Node) gorgonia.Nodes {
	it := n.Graph().From(n.ID())
	out := make(gorgonia.Nodes, 0, it.Len())
	for it.Next() {
		out = append(out, it.Node().(*Node))
	}
	return out
}

// Physical is the shape that Gorgonia sees. A single number is a vector of one
// element there: Gorgonia's scalars are values of another kind, with rules and
// faults of their own.
func Physical(s shapes.Shape) tensor.Shape {
	if len(s) == 0 {
		return tensor.Shape{1}
	}
	return tensor.Shape(s.Clone())
}
