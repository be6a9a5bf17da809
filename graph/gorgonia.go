package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/exec"
	"gorgonia.org/gorgonia"
)

// Node is the door to Gorgonia: a node that holds a copy of the value, for
// operations of Gorgonia's own. It is nil where only shapes are followed.
//
// Gorgonia's operations have faults that give wrong results without a word:
// Slice, Reshape, SoftMax, Dropout and several gradients among them, and many
// write into their operands. The copy keeps the rest of the graph safe from
// that; what happens behind the door is the caller's.
func (v Value) Node() *gorgonia.Node {
	if v.node == nil {
		return nil
	}
	return v.copied("export").node
}

// FromNode comes back through the door: it copies what a node of Gorgonia's
// holds. The node must be of the graph's dtype; a scalar becomes a value of
// the empty shape. Where only shapes are followed, node is nil and shape says
// what it would be. From the first such node on, Gorgonia's matrix products in
// float32 go through the kernels of this package, in the whole program, unless
// it has chosen a BLAS with gorgonia.Use or tensor.Use. Gorgonia does not guard that
// choice: no other goroutine may multiply with it at that moment.
func (s *Scope) FromNode(node *gorgonia.Node, shape Shape) Value {
	if s.err != nil || s.level == nil {
		return s.poison(shape)
	}
	if node == nil || !s.level.g.Has(node) {
		s.Failf("node", "must belong to the graph that is being built", node)
		return s.poison(shape)
	}
	if node.Dtype() != s.Dtype() {
		s.Failf("node", fmt.Sprintf("must be of dtype %v", s.Dtype()), node.Dtype())
		return s.poison(shape)
	}
	if got := Shape(node.Shape()); !got.Equal(shape) && !got.Equal(Shape(exec.Physical(shape))) {
		s.Failf("node", fmt.Sprintf("must have the shape %v", shape), Shape(node.Shape()))
		return s.poison(shape)
	}
	exec.UseKernels()
	return Value{s: s, node: node, shape: shape}.copied("import")
}
