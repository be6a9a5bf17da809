package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/exec"
	"gorgonia.org/gorgonia"
)

// Node is a Gorgonia node that holds a copy of the value, for Gorgonia's own
// operations. It is nil where only shapes are followed.
//
// Some of Gorgonia's operations give wrong results without an error, among them
// Slice, Reshape, SoftMax, Dropout and several gradients, and many write to their
// operands. The copy protects the rest of the graph from that; what those
// operations compute is up to the caller.
func (v Value) Node() *gorgonia.Node {
	if v.node == nil {
		return nil
	}
	return v.copied("export").node
}

// FromNode imports a Gorgonia node, copying its value. The node must be of the graph's dtype; a scalar becomes a value of
// the empty shape. Where only shapes are followed, node is nil and shape is
// that of the value. From the first such node on, Gorgonia's matrix products in
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
