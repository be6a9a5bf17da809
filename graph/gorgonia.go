package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/exec"
	"gorgonia.org/gorgonia"
)

// Node returns a Gorgonia node with a copy of the value, for Gorgonia's own
// operations. It is nil in a scope that only follows shapes.
//
// Some of Gorgonia's operations silently compute wrong results, among them Slice,
// Reshape, SoftMax, Dropout and several gradients, and many write to their operands.
// The copy protects the rest of the graph. Check the results of such operations.
func (v Value) Node() *gorgonia.Node {
	if v.node == nil {
		return nil
	}
	return v.copied("export").node
}

// FromNode imports a Gorgonia node, copying its value. The node must have the graph's
// dtype. A scalar becomes a value of the empty shape. In a scope that only follows
// shapes, node is nil and shape is the shape of the value.
//
// The first call makes Gorgonia use this module's kernels for all its matrix products
// in float32, unless the program has called gorgonia.Use or tensor.Use. Gorgonia does
// not synchronize that, so no other goroutine may multiply matrices with Gorgonia
// during the first call.
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
