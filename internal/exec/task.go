package exec

import (
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// taskOf is a kernel with the memory of its operands and output.
type taskOf[T ops.Float] struct {
	kernel ops.Kernel[T] // nil for a view
	in     [][]T
	out    []T
}

func (t *taskOf[T]) run() error {
	if t.kernel == nil {
		return nil
	}
	return t.kernel.Run(t.out, t.in)
}

func (t *taskOf[T]) take(operands []gorgonia.Value, shapes []shapes.Shape) error {
	for i, v := range operands {
		data, err := elements[T](v)
		if err != nil {
			return err
		}
		if len(data) != shapes[i].Size() {
			return errors.Errorf("operand %d must have %d elements, got %d", i, shapes[i].Size(), len(data))
		}
		t.in[i] = data
	}
	return nil
}

// elements returns the elements of a value in row-major order. Results of Gorgonia's
// own operations may be scalars or have other strides.
func elements[T ops.Float](v gorgonia.Value) ([]T, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		if c := dense.Contiguous(v); c != v {
			return dense.Elements[T](c), nil
		}
		if v.Shape().IsScalar() {
			return []T{v.ScalarValue().(T)}, nil
		}
		return dense.Elements[T](v), nil
	case gorgonia.Scalar:
		if x, ok := v.Data().(T); ok {
			return []T{x}, nil
		}
	}
	return nil, errors.Errorf("operand must be a dense tensor of the graph's dtype, got %T", v)
}

func (t *taskOf[T]) setOperand(i int, from *tensor.Dense) { t.in[i] = dense.Elements[T](from) }

func (t *taskOf[T]) clearOperands() {
	clear(t.in)
	if k, ok := t.kernel.(interface{ Forget() }); ok {
		k.Forget()
	}
}

func (t *taskOf[T]) setOutput(to *tensor.Dense) { t.out = dense.Elements[T](to) }

func (t *taskOf[T]) scratchSize() int {
	if k, ok := t.kernel.(ops.Scratch[T]); ok {
		return k.ScratchSize()
	}
	return 0
}

func (t *taskOf[T]) setScratch(memory *tensor.Dense) {
	if k, ok := t.kernel.(ops.Scratch[T]); ok {
		k.SetScratch(dense.Elements[T](memory))
	}
}

func (t *taskOf[T]) privateSize() int {
	if k, ok := t.kernel.(interface{ PrivateSize() int }); ok {
		return k.PrivateSize()
	}
	return 0
}

func (t *taskOf[T]) keepsResult() bool {
	_, ok := t.kernel.(interface{ KeepsResult() })
	return ok
}

func (t *taskOf[T]) usedRows() []int {
	if k, ok := t.kernel.(interface{ UsedRows() []int }); ok {
		return k.UsedRows()
	}
	return nil
}
