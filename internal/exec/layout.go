package exec

import (
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// layout assigns the results and the working memory of a program to one block.
type layout struct {
	ops     []*op        // in the order in which they were made, so operands come first
	leaves  []leafMemory // filled before every run
	runners []*runner    // to reconnect when the block changes
	size    int          // elements of all parts
	memory  *tensor.Dense
	number  int // unique in the workspace
	closed  bool
}

// leafMemory is the memory of a leaf and its offset in the block.
type leafMemory struct {
	node   *Node
	tensor *tensor.Dense
	shape  shapes.Shape
	offset int
}

// plan assigns an offset to every part.
func (l *layout) plan() {
	take := func(n int) int {
		at := l.size
		l.size += (n + 15) / 16 * 16 // whole cache lines
		return at
	}
	for i := range l.leaves {
		l.leaves[i].offset = take(l.leaves[i].shape.Size())
	}
	for _, o := range l.ops {
		if !o.View {
			o.at.out = take(o.Shape.Size())
		}
		o.at.scratchSize = o.task.scratchSize()
		o.at.scratch = take(o.at.scratchSize)
	}
}

// place makes all parts use the given block.
func (l *layout) place(memory *tensor.Dense) error {
	l.memory = memory
	for _, m := range l.leaves {
		*m.tensor = *dense.View(memory, m.offset, m.shape)
		if err := Bind(m.node, m.tensor); err != nil {
			return err
		}
	}
	for _, o := range l.ops {
		if o.View {
			*o.out = *dense.View(o.source.out, o.Offset, o.Shape)
		} else {
			*o.out = *dense.View(memory, o.at.out, o.Shape)
		}
		o.task.clearOperands()
		o.task.setOutput(o.out)
	}
	l.placeScratch()
	for _, r := range l.runners {
		r.connect()
	}
	return nil
}

// placeScratch assigns the working memory of the kernels, which may initialize it.
func (l *layout) placeScratch() {
	for _, o := range l.ops {
		if n := o.at.scratchSize; n > 0 {
			o.task.setScratch(dense.View(l.memory, o.at.scratch, shapes.Shape{n}))
		}
	}
}
