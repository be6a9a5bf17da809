package graph

import (
	"encoding/binary"
	"fmt"
	"hash"
	"slices"

	"github.com/chewxy/hm"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// spec is what an operation has to say for itself; op makes it one of
// Gorgonia's.
type spec struct {
	name  string
	shape Shape // of the output

	// The kernels fill out from the inputs, all in row-major order. They may
	// rely on the sizes that spec promises, and never write to an input.
	f32 func(out []float32, in [][]float32) error
	f64 func(out []float64, in [][]float64) error

	// view makes the output share the memory of the first input, from an offset
	// on; then there are no kernels. No operation writes to its input, so
	// nothing shows that.
	view   bool
	offset int

	// diff returns the gradient with respect to each input that is wanted, and
	// whatever it likes for the others.
	diff func(in []Value, y, dy Value, want []bool) []Value

	// flat says that the gradient is 0 wherever there is one. An operation
	// that is not flat and has no diff cannot be differentiated.
	flat bool
}

// op is the one kind of Gorgonia operation that the formula methods make.
//
// It owns the memory of its output, so a step allocates next to nothing, and
// it never overwrites an input. It has a number of its own in its hash:
// Gorgonia merges nodes by a 32-bit hash and does not look whether they are
// equal, so nothing may depend on two hashes being different by chance.
type op struct {
	spec
	scope *Scope
	path  string // of the layer that made it
	id    uint32
	in    []Shape
	types []hm.Type // of the inputs
	out   *tensor.Dense
	out32 []float32 // its elements
	out64 []float64
	in32  [][]float32 // those of the operands, in a run
	in64  [][]float64
	want  []bool // which gradients the pass under way needs; nil means all
}

var (
	_ gorgonia.Op   = (*op)(nil)
	_ gorgonia.SDOp = (*op)(nil)
)

// apply adds an operation to the graph, or follows its shape only.
func (s *Scope) apply(sp spec, in ...Value) Value {
	if s.err != nil {
		return s.poison(sp.shape)
	}
	if err := shapes.Check(sp.shape); err != nil {
		s.Fail(err)
		return s.poison(sp.shape)
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
	s.lastID++
	o := &op{spec: sp, scope: s, path: s.path, id: s.lastID}
	o.out = o.memory(in)
	nodes := make(gorgonia.Nodes, len(in))
	for i, v := range in {
		nodes[i] = v.node
		o.in = append(o.in, v.shape)
		o.types = append(o.types, v.node.Type())
	}
	if s.Dtype() == tensor.Float32 {
		o.in32, o.out32 = make([][]float32, len(in)), o.out.Float32s()
	} else {
		o.in64, o.out64 = make([][]float64, len(in)), o.out.Float64s()
	}
	n, err := gorgonia.ApplyOp(o, nodes...)
	if err != nil {
		s.Fail(errors.Wrap(err, sp.name))
		return s.poison(sp.shape)
	}
	return s.remember(Value{s: s, node: n, shape: sp.shape})
}

// memory is where the output goes. The memory of an operation stays in place;
// that of an input or a parameter does not, and is copied.
func (o *op) memory(in []Value) *tensor.Dense {
	if o.view {
		if source, ok := in[0].node.Op().(*op); ok {
			return viewOf(source.out, o.offset, o.shape)
		}
		o.view = false
		o.f32, o.f64 = sliceKernel[float32](1, 0, o.shape.Size(), o.offset), sliceKernel[float64](1, 0, o.shape.Size(), o.offset)
	}
	return newDense(o.scope.Dtype(), o.shape)
}

// Do takes the operands from the machine and computes.
func (o *op) Do(in ...gorgonia.Value) (_ gorgonia.Value, err error) {
	if o.in32 != nil {
		err = take(o.in32, in, o.in)
	} else {
		err = take(o.in64, in, o.in)
	}
	if err != nil {
		o.scope.fault = errs.At(err, o.path, "")
		return nil, o.scope.fault
	}
	return o.out, o.compute()
}

// take finds the memory of the operands.
func take[T float](to [][]T, values []gorgonia.Value, shapes []Shape) error {
	for i, v := range values {
		data, err := data[T](v)
		if err != nil {
			return err
		}
		if len(data) != shapes[i].Size() {
			return errors.Errorf("operand %d must have %d elements, got %d", i, shapes[i].Size(), len(data))
		}
		to[i] = data
	}
	return nil
}

// compute runs the kernel on the operands at hand. A panic must not leave it:
// the tape machine runs operations in a goroutine of its own, where nothing
// else can catch one.
func (o *op) compute() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Errorf("%s panicked: %v", o.name, r)
		}
		if err != nil {
			err = errs.At(err, o.path, "")
			o.scope.fault = err
		}
	}()
	switch {
	case o.view:
		return nil
	case o.in32 != nil:
		return o.f32(o.out32, o.in32)
	}
	return o.f64(o.out64, o.in64)
}

// data is the memory of a value in row-major order. Only a value that comes
// through the door may be a Gorgonia scalar or have gaps.
func data[T float](v gorgonia.Value) ([]T, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		if c := Contiguous(v); c != v {
			return elements[T](c), nil
		}
		if v.Shape().IsScalar() {
			return []T{v.ScalarValue().(T)}, nil
		}
		return elements[T](v), nil
	case gorgonia.Scalar:
		if x, ok := v.Data().(T); ok {
			return []T{x}, nil
		}
	}
	return nil, errors.Errorf("operand must be a dense tensor of the graph's dtype, got %T", v)
}

func (o *op) Arity() int { return len(o.in) }

// Type is built anew at every call: Gorgonia returns it to a pool.
func (o *op) Type() hm.Type {
	out := gorgonia.TensorType{Dims: len(physical(o.shape)), Of: o.scope.Dtype()}
	return hm.NewFnType(append(slices.Clone(o.types), out)...)
}

func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return physical(o.shape), nil }

// ReturnsPtr is false and OverwritesInput −1, so that the machine leaves the
// output's memory to the operation and gives no input away.
func (o *op) ReturnsPtr() bool     { return false }
func (o *op) CallsExtern() bool    { return false }
func (o *op) OverwritesInput() int { return -1 }

func (o *op) Hashcode() uint32 { return o.id }

func (o *op) WriteHash(h hash.Hash) {
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:4], o.scope.salt)
	binary.LittleEndian.PutUint32(b[4:], o.id)
	h.Write(b[:])
}

func (o *op) String() string { return fmt.Sprintf("%s: %s %v", o.path, o.name, o.shape) }

// DiffWRT tells Gorgonia which inputs have a gradient.
func (o *op) DiffWRT(n int) []bool {
	if o.want != nil {
		return o.want
	}
	all := make([]bool, n)
	for i := range all {
		all[i] = o.diff != nil
	}
	return all
}

// SymDiff adds the gradient to the graph, under the path of the layer that
// made the operation.
func (o *op) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	s := o.scope
	if o.diff == nil {
		return nil, Error{Path: o.path, Field: o.name, Rule: "has no gradient"}
	}
	in := make([]Value, len(inputs))
	for i, n := range inputs {
		in[i] = s.valueOf(n, o.in[i])
	}
	outer := s.path
	s.path = o.path
	defer func() { s.path = outer }()
	grads := o.diff(in, s.valueOf(output, o.shape), s.valueOf(grad, o.shape), o.DiffWRT(len(in)))
	if s.err != nil {
		return nil, s.err
	}
	nodes := make(gorgonia.Nodes, len(grads))
	for i, g := range grads {
		nodes[i] = g.node
	}
	return nodes, nil
}

// valueOf is the value behind a node; one of Gorgonia's own making comes in
// through the door.
func (s *Scope) valueOf(n *gorgonia.Node, shape Shape) Value {
	if v, ok := s.values[n]; ok {
		return v
	}
	return s.apply(identity("import", shape), Value{s: s, node: n, shape: shape})
}

// identity copies its input. It is the door between Gorgonia's operations and
// ours.
func identity(name string, shape Shape) spec {
	return spec{
		name: name, shape: shape,
		f32: copyFirst[float32], f64: copyFirst[float64],
		diff: func(_ []Value, _, dy Value, _ []bool) []Value { return []Value{dy} },
	}
}

func copyFirst[T float](out []T, in [][]T) error {
	copy(out, in[0])
	return nil
}
