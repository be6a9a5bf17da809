// Package exec runs graphs. It is the adapter to Gorgonia and contains all
// workarounds for it: operations with unique hashes, symbolic differentiation, the
// tape machine, a direct executor for inference, and the memory of programs.
//
// Gorgonia depends on assume-no-moving-gc, which must know the Go release in use. The
// import selects a version that does.
package exec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	_ "go4.org/unsafe/assume-no-moving-gc"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Builder makes the graphs of one program: that of the program itself, and those
// of the steps of its scans.
type Builder struct {
	env       environment
	lastID    uint32
	graphs    []*Graph
	shapes    map[*Node]shapes.Shape // of all nodes that Leaf and Apply made
	layout    layout
	constants int // elements of all constants
}

// Graph is a graph that is being built.
type Graph struct {
	b *Builder
	g *gorgonia.ExprGraph
}

// NewBuilder returns a builder. The salt is part of all hashes: if two of them collide,
// build the graph again with another salt.
func NewBuilder(dtype tensor.Dtype, salt uint32) *Builder {
	return &Builder{env: environment{dtype: dtype, salt: salt}, shapes: map[*Node]shapes.Shape{}}
}

// NewGraph begins a graph.
func (b *Builder) NewGraph() *Graph {
	g := &Graph{b, gorgonia.NewGraph()}
	b.graphs = append(b.graphs, g)
	return g
}

// Has reports whether a node belongs to the graph.
func (g *Graph) Has(n *Node) bool { return n.Graph() == g.g }

// Leaf makes a node without operands. Gorgonia merges leaves with the same name, so
// every name contains a unique number.
func (g *Graph) Leaf(path, name string, shape shapes.Shape) *Node {
	b := g.b
	b.lastID++
	p := Physical(shape)
	n := gorgonia.NewTensor(g.g, b.env.dtype, len(p), gorgonia.WithShape(p...),
		gorgonia.WithName(fmt.Sprintf("%s %s %d %d", strings.TrimSpace(path), name, b.env.salt, b.lastID)))
	b.shapes[n] = shape.Clone()
	return n
}

// BindConstant is Bind for a tensor that belongs to this program.
func (b *Builder) BindConstant(n *Node, t *tensor.Dense) error {
	b.constants += t.DataSize()
	return Bind(n, t)
}

// BindScratch makes a leaf read memory that the prepare function of Program.Run fills
// before every run.
func (b *Builder) BindScratch(n *Node) *tensor.Dense {
	m := leafMemory{node: n, tensor: new(tensor.Dense), shape: b.shapes[n]}
	b.layout.leaves = append(b.layout.leaves, m)
	return m.tensor
}

// shapeOf returns the shape of a node. Nodes that Leaf and Apply did not make have the
// shape that Gorgonia knows.
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

// Collide reports whether two nodes of a graph have the same hash. Gorgonia's compiler
// merges such nodes even if they differ. Its hashes have 32 bits, so one in a hundred
// graphs of 10,000 nodes has a collision.
func (b *Builder) Collide() bool {
	return slices.ContainsFunc(b.graphs, func(g *Graph) bool { return collide(g.g) })
}

// collide is Collide for one graph.
func collide(g *gorgonia.ExprGraph) bool {
	nodes := g.AllNodes()
	seen := make(map[uint32]bool, len(nodes))
	for _, n := range nodes {
		h := n.Hashcode()
		if seen[h] {
			return true
		}
		seen[h] = true
	}
	return false
}

// Apply adds an operation to the graph.
func (g *Graph) Apply(o Operation, in ...*Node) (*Node, error) {
	b := g.b
	b.lastID++
	p := &op{Operation: o, env: &b.env, id: b.lastID, out: new(tensor.Dense)}
	for _, n := range in {
		p.in = append(p.in, b.shapeOf(n))
		p.types = append(p.types, n.Type())
	}
	if p.View { // the memory of a leaf may change, and is copied
		if p.source, p.View = in[0].Op().(*op); !p.View {
			p.Compute = ops.Copy{}
			if size := p.Shape.Size(); size != p.in[0].Size() {
				p.Compute = ops.Cut{Count: 1, Whole: size, Part: size, Offset: p.Offset}
			}
		}
	}
	var err error
	var inner *runner
	if b.env.dtype == tensor.Float32 {
		p.task, inner, err = newTask[float32](p)
	} else {
		p.task, inner, err = newTask[float64](p)
	}
	if err != nil {
		return nil, errors.Wrap(err, o.Name)
	}
	n, err := gorgonia.ApplyOp(p, in...)
	if err != nil {
		return nil, errors.Wrap(err, o.Name)
	}
	b.layout.ops = append(b.layout.ops, p)
	if inner != nil {
		b.layout.runners = append(b.layout.runners, inner)
	}
	b.shapes[n] = o.Shape.Clone()
	return n, nil
}

// Copy adds an operation that copies a node. It separates our operations from
// Gorgonia's own, which may write to their operands.
func (g *Graph) Copy(path, name string, shape shapes.Shape, n *Node) (*Node, error) {
	return g.Apply(Operation{
		Path: path, Name: name, Shape: shape, Compute: ops.Copy{},
		Diff: func(_ []*Node, _, dy *Node, _ []bool) ([]*Node, error) { return []*Node{dy}, nil },
	}, n)
}
