package exec

import (
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/chewxy/hm"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Operation describes an operation of a graph.
type Operation struct {
	Path, Name string // of the layer and of the operation, for errors
	Shape      shapes.Shape

	// Compute is a type of package ops, or a Scan or ScanGradient.
	Compute ops.Op
	// View makes the output share the memory of the first operand, starting at the
	// element Offset. Then Compute is nil. Sharing is safe because operations do not
	// write to their operands.
	View   bool
	Offset int
	// Memory, if it is not nil, is where the output lies. It keeps its contents from run
	// to run, so the operation may change a part of it.
	Memory *tensor.Dense

	// Diff returns the gradients of the wanted operands and anything for the others.
	// Differentiating an operation without Diff is an error, unless it is Flat: then
	// its gradient is 0.
	Diff func(in []*Node, y, dy *Node, want []bool) ([]*Node, error)
	Flat bool
}

// environment is shared by all operations of a program.
type environment struct {
	dtype tensor.Dtype
	salt  uint32 // part of every hash
	fault error  // of the operation that failed in the last run
}

// hashOf returns the bytes that an operation adds to the hash of its node.
func (e *environment) hashOf(id uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, e.salt), id)
}

// op implements gorgonia.Op for all operations of this module.
//
// It owns the memory of its output, so runs allocate almost nothing, and it never
// overwrites an operand. Its hash contains a unique number, because Gorgonia merges
// nodes with equal hashes without comparing them.
type op struct {
	Operation
	env    *environment
	id     uint32
	in     []shapes.Shape
	types  []hm.Type // of the operands
	task   task
	source *op           // of a view
	out    *tensor.Dense // layout.place sets its memory
	at     placement
	want   []bool // which gradients the current pass needs; nil means all
}

// task is the part of an operation that depends on the type of element.
type task interface {
	run() error
	take(operands []gorgonia.Value, shapes []shapes.Shape) error // sets all operands
	setOperand(i int, t *tensor.Dense)
	clearOperands() // so that they keep no memory alive
	setOutput(t *tensor.Dense)
	scratchSize() int
	setScratch(memory *tensor.Dense)
	privateSize() int  // elements that the kernel holds from run to run
	keepsResult() bool // whether nothing else may use the memory of the output
	usedRows() []int   // of the output that may not be 0; nil for all
}

// placement is where an operation works in the memory of its program.
type placement struct{ out, scratch, scratchSize int }

var (
	_ gorgonia.Op   = (*op)(nil)
	_ gorgonia.SDOp = (*op)(nil)
)

// IsResult reports whether a node is the result of Apply. Then its memory can be read
// after a run.
func IsResult(n *Node) bool {
	_, ok := n.Op().(*op)
	return ok
}

// Result returns the memory of such a node, which holds the result of the last run.
func Result(n *Node) *tensor.Dense { return n.Op().(*op).out }

// UsedRows returns the rows of such a node, ascending along the first axis, that the last
// run may have made other than 0; nil means all.
func UsedRows(n *Node) []int { return n.Op().(*op).task.usedRows() }

// Do computes the operation on the tape machine.
func (o *op) Do(in ...gorgonia.Value) (gorgonia.Value, error) { return o.out, o.run(in) }

// run computes the operation. The tape machine gives it the operands; a runner has
// set them before and gives none. run recovers panics, because the tape machine
// calls it on a goroutine of its own, where an unrecovered panic ends the process.
func (o *op) run(in []gorgonia.Value) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Errorf("%s panicked: %v", o.Name, r)
		}
		if err != nil {
			err = errs.At(err, o.Path, "")
			o.env.fault = err
		}
	}()
	if len(in) > 0 {
		if err := o.task.take(in, o.in); err != nil {
			return err
		}
	}
	return o.task.run()
}

func (o *op) Arity() int { return len(o.in) }

// Type makes a new type on every call, because Gorgonia returns it to a pool.
func (o *op) Type() hm.Type {
	out := gorgonia.TensorType{Dims: len(Physical(o.Shape)), Of: o.env.dtype}
	return hm.NewFnType(append(slices.Clone(o.types), out)...)
}

func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return Physical(o.Shape), nil }

// ReturnsPtr, CallsExtern and OverwritesInput make the machine neither allocate the
// output nor reuse the memory of an operand.
func (o *op) ReturnsPtr() bool     { return false }
func (o *op) CallsExtern() bool    { return false }
func (o *op) OverwritesInput() int { return -1 }

func (o *op) Hashcode() uint32 { return o.id }

func (o *op) WriteHash(h hash.Hash) { h.Write(o.env.hashOf(o.id)) }

func (o *op) String() string { return fmt.Sprintf("%s: %s %v", o.Path, o.Name, o.Shape) }

// DiffWRT reports which operands have a gradient.
func (o *op) DiffWRT(n int) []bool {
	if o.want != nil {
		return o.want
	}
	all := make([]bool, n)
	for i := range all {
		all[i] = o.Diff != nil
	}
	return all
}

// SymDiff adds the gradient to the graph.
func (o *op) SymDiff(in gorgonia.Nodes, y, dy *Node) (gorgonia.Nodes, error) {
	if o.Diff == nil {
		rule := "has no gradient"
		if strings.HasSuffix(o.Name, " gradient") {
			rule = "has no gradient, so a second derivative through it is not available"
		}
		return nil, errs.Error{Path: o.Path, Field: o.Name, Rule: rule}
	}
	return o.Diff(in, y, dy, o.DiffWRT(len(in)))
}
