package exec

import (
	"encoding/binary"
	"fmt"
	"hash"
	"runtime"
	"strings"

	"github.com/chewxy/hm"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// stretch is an operation on the tape machine that runs several of ours, one after the
// other: those that follow each other in a runner and belong to the same layer of the
// model, so mostly the forward or backward pass of that layer. The machine allocates about
// four objects per operation, and its compiler takes time that grows with the square of
// their number.
//
// The graph of a program's stretches is a chain. So the machine runs them in the
// runner's order, on which the layout of the memory depends.
type stretch struct {
	run   runner
	path  string
	dtype tensor.Dtype
	salt  uint32
}

// newTape compiles the operations of a runner for the tape machine.
func newTape(r *runner, dtype tensor.Dtype) (gorgonia.VM, error) {
	for salt := range uint32(maxSalts) {
		g, err := stretches(r, dtype, salt)
		if err != nil {
			return nil, err
		}
		if !collide(g) {
			return newMachine(g), nil
		}
	}
	return nil, errors.Errorf("no chain of operations without colliding hashes in %d tries", maxSalts)
}

// newMachine makes a tape machine that the garbage collector can free. Gorgonia's has a
// finalizer, which does nothing without CUDA, and the machine refers to itself through the
// values of its graph. Go never frees such a cycle, with all that an operation in it refers
// to: the memory of a program.
func newMachine(g *gorgonia.ExprGraph) gorgonia.VM {
	m := gorgonia.NewTapeMachine(g)
	runtime.SetFinalizer(m, nil)
	return m
}

// maxSalts limits the search for a chain without colliding hashes.
const maxSalts = 64

// stretches makes the graph of the stretches.
func stretches(r *runner, dtype tensor.Dtype, salt uint32) (*gorgonia.ExprGraph, error) {
	g := gorgonia.NewGraph()
	n := gorgonia.NewVector(g, dtype, gorgonia.WithShape(1), gorgonia.WithName("start"),
		gorgonia.WithValue(tensor.New(tensor.Of(dtype), tensor.WithShape(1))))
	for from := 0; from < len(r.ops); {
		path, end := layerOf(r.ops[from].Path), from
		for end < len(r.ops) && layerOf(r.ops[end].Path) == path {
			end++
		}
		s := &stretch{run: runner{ops: r.ops[from:end]}, path: path, dtype: dtype, salt: salt}
		var err error
		if n, err = gorgonia.ApplyOp(s, n); err != nil {
			return nil, errors.Wrap(err, s.path)
		}
		from = end
	}
	return g, nil
}

// layerOf is the path of a layer of the model, which has two parts, of a path within it.
func layerOf(path string) string {
	model, rest, _ := strings.Cut(path, "/")
	layer, _, _ := strings.Cut(rest, "/")
	return model + "/" + layer
}

var _ gorgonia.Op = (*stretch)(nil)

// Do runs the operations, whose operands a runner has set. Its result only makes the
// next stretch wait.
func (s *stretch) Do(in ...gorgonia.Value) (gorgonia.Value, error) { return in[0], s.run.run() }

func (s *stretch) Arity() int { return 1 }

// Type makes a new type on every call, because Gorgonia returns it to a pool.
func (s *stretch) Type() hm.Type {
	t := func() hm.Type { return gorgonia.TensorType{Dims: 1, Of: s.dtype} }
	return hm.NewFnType(t(), t())
}

func (s *stretch) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return tensor.Shape{1}, nil }

// ReturnsPtr, CallsExtern and OverwritesInput are those of op.
func (s *stretch) ReturnsPtr() bool     { return false }
func (s *stretch) CallsExtern() bool    { return false }
func (s *stretch) OverwritesInput() int { return -1 }

func (s *stretch) Hashcode() uint32 { return s.run.ops[0].id }

func (s *stretch) WriteHash(h hash.Hash) {
	h.Write(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, s.salt), s.Hashcode()))
}

func (s *stretch) String() string {
	return fmt.Sprintf("%s: %d operations", strings.TrimSpace(s.path), len(s.run.ops))
}
