package exec

import (
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// layout is where the parts of a program lie in the memory that it works in.
type layout struct {
	ops     []*op        // in the order in which they were made, so operands come first
	leaves  []leafMemory // that are filled before every run
	runners []*runner    // that read results of operations
	size    int          // elements of all parts
	memory  *tensor.Dense
	number  int // in the workspace
	closed  bool
}

// leafMemory is the memory of a leaf, and where it lies in that of the program.
type leafMemory struct {
	node   *Node
	tensor *tensor.Dense
	shape  shapes.Shape
	offset int
}

// plan gives every part its place.
func (l *layout) plan() {
	take := func(n int) int {
		at := l.size
		l.size += (n + 15) / 16 * 16 // whole lines of the caches
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

// place makes all parts work in the given memory.
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

// placeScratch gives the kernels their working memory again.
func (l *layout) placeScratch() {
	for _, o := range l.ops {
		if n := o.at.scratchSize; n > 0 {
			o.task.setScratch(dense.View(l.memory, o.at.scratch, shapes.Shape{n}))
		}
	}
}
