package graph

import (
	"slices"

	"github.com/engram-go/engram/internal/exec"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// spec describes an operation on values.
type spec struct {
	name    string
	shape   Shape  // of the output
	compute ops.Op // may be nil in a scope that only follows shapes

	// view makes the output share the memory of the first input, starting at the
	// element offset. Then compute is nil.
	view   bool
	offset int

	// lift applies the operation to values of all steps of a scan; see lift.go. nil: it
	// stays in the step.
	lift lifting

	memory *tensor.Dense // where the output lies; nil for the memory of the program

	// Without diff, differentiating the operation is an error, unless it is flat:
	// then its gradient is 0.
	diff rule
	flat bool
}

// rule returns the gradients of the inputs of an operation. Only the wanted ones are
// used.
type rule func(in []Value, y, dy Value, want []bool) []Value

// apply adds an operation to the graph. In a scope that only follows shapes, it only
// determines the shape.
func (s *Scope) apply(sp spec, in ...Value) Value {
	if s.err != nil {
		return s.poison(sp.shape)
	}
	if err := shapes.Check(sp.shape); err != nil {
		s.Fail(err)
		return s.poison(sp.shape)
	}
	if v, ok := s.lift(sp, in); ok {
		return v
	}
	in = slices.Clone(in)
	for i, v := range in {
		var ok bool
		if in[i], ok = s.take(sp.name, v); !ok {
			return s.poison(sp.shape)
		}
	}
	if s.level == nil {
		return Value{s: s, shape: sp.shape}
	}
	if !sp.shape.Known() {
		s.Failf(sp.name, "must have no open axis when a graph is built", sp.shape)
		return s.poison(sp.shape)
	}
	n, err := s.level.g.Apply(exec.Operation{
		Path: s.path, Name: sp.name, Shape: sp.shape, Compute: sp.compute,
		View: sp.view, Offset: sp.offset, Memory: sp.memory, Flat: sp.flat, Diff: s.ruleOfNodes(sp, in),
	}, nodesOf(in)...)
	if err != nil {
		s.Fail(err)
		return s.poison(sp.shape)
	}
	return Value{s: s, node: n, shape: sp.shape}
}

// ruleOfNodes converts a rule for values to a rule for nodes. The gradients get the
// path of the layer that added the operation.
func (s *Scope) ruleOfNodes(sp spec, in []Value) func(in []*exec.Node, y, dy *exec.Node, want []bool) ([]*exec.Node, error) {
	if sp.diff == nil {
		return nil
	}
	path, inShapes := s.path, make([]Shape, len(in))
	for i, v := range in {
		inShapes[i] = v.shape
	}
	return func(in []*exec.Node, y, dy *exec.Node, want []bool) ([]*exec.Node, error) {
		values := make([]Value, len(in))
		for i, n := range in {
			values[i] = Value{s: s, node: n, shape: inShapes[i]}
		}
		outer := s.path
		s.path = path
		defer func() { s.path = outer }()
		grads := sp.diff(values, Value{s: s, node: y, shape: sp.shape}, Value{s: s, node: dy, shape: sp.shape}, want)
		return nodesOf(grads), s.err
	}
}

// packed adds an operation that computes the wanted gradients of the values in, one after
// the other, and takes them out of its result. Compute makes the operation from the place of
// each gradient, −1 for none. Without a wanted gradient nothing is added.
func (s *Scope) packed(name string, in []Value, want []bool, compute func(at []int) ops.Op, operands ...Value) []Value {
	at, size := make([]int, len(in)), 0
	for i, v := range in {
		at[i] = -1
		if want[i] {
			at[i] = size
			size += v.shape.Size()
		}
	}
	grads := make([]Value, len(in))
	if size == 0 {
		return grads
	}
	all := s.apply(spec{name: name, shape: Shape{size}, compute: compute(at)}, operands...)
	for i, v := range in {
		if at[i] >= 0 {
			grads[i] = all.part(at[i], v.shape)
		}
	}
	return grads
}

func nodesOf(values []Value) []*exec.Node {
	nodes := make([]*exec.Node, len(values))
	for i, v := range values {
		nodes[i] = v.node
	}
	return nodes
}

// take checks that a value belongs to the scope and returns the value that represents
// it in the current graph.
func (s *Scope) take(name string, v Value) (Value, bool) {
	if v.s != s {
		s.Failf(name, "must have values of the graph that is being built", nil)
		return v, false
	}
	if s.err == nil && s.level != nil && v.node == nil {
		s.Failf(name, "must have values of the graph", nil)
		return v, false
	}
	local, ok := s.local(v)
	if !ok {
		s.Failf(name, "must not have values of a scan's step outside that step", nil)
	}
	return local, ok
}

// readable returns v, or a copy if v is a leaf. The memory of results can be read
// after a run, that of leaves cannot.
func (v Value) readable() Value {
	if v.node == nil || exec.IsResult(v.node) {
		return v
	}
	return v.copied("copy")
}

// copied is a copy of the value.
func (v Value) copied(name string) Value {
	return v.s.apply(spec{
		name: name, shape: v.shape, compute: ops.Copy{},
		diff: func(_ []Value, _, dy Value, _ []bool) []Value { return []Value{dy} },
	}, v)
}
