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

// plan assigns an offset to every part. Results of operations that the runner runs share
// memory if no operation needs both: a result is needed until its last reader has run,
// those in results for ever. Working memory is never shared, because kernels may initialize
// it once, nor is the result of a kernel that keeps it. Without a runner, whose order is
// known, every result has its own.
func (l *layout) plan(r *runner, results []*Node) {
	for i := range l.leaves {
		l.leaves[i].offset = l.take(l.leaves[i].shape.Size())
	}
	shared := map[*op]bool{}
	if r != nil {
		for _, o := range r.ops {
			shared[o] = !o.task.keepsResult()
		}
	}
	for _, o := range l.ops {
		if o.Memory == nil && !o.View && !shared[o] {
			o.at.out = l.take(o.Shape.Size())
		}
		o.at.scratchSize = o.task.scratchSize()
		o.at.scratch = l.take(o.at.scratchSize)
	}
	if r != nil {
		p := pool{first: l.size}
		p.plan(r, results)
		l.size = p.end()
	}
}

// take assigns the next n elements.
func (l *layout) take(n int) int {
	at := l.size
	l.size += wholeLines(n)
	return at
}

// wholeLines rounds a number of elements up to whole cache lines.
func wholeLines(n int) int { return (n + 15) / 16 * 16 }

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
		switch {
		case o.View:
			*o.out = *dense.View(o.source.out, o.Offset, o.Shape)
		case o.Memory != nil:
			*o.out = *dense.View(o.Memory, 0, o.Shape)
		default:
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
