package exec

import (
	"sync/atomic"
	"weak"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// Workspace is memory that several programs work in, one at a time: each lays
// its outputs and working memory over the same block, from its beginning on. So
// the block is as large as the largest program needs.
type Workspace struct {
	dtype    tensor.Dtype
	size     int // elements that the largest program needs
	memory   *tensor.Dense
	programs []weak.Pointer[Program]
	last     *Program // the one that ran last: only its working memory is in order
	busy     atomic.Bool
}

// MemorySize is the number of bytes of the block.
func (w *Workspace) MemorySize() int64 {
	if w.size == 0 {
		return 0
	}
	return int64(w.size) * int64(w.dtype.Size())
}

// join makes room for a program, which works there from now on.
func (w *Workspace) join(p *Program) error {
	dtype := p.b.dtype
	if w.dtype == (tensor.Dtype{}) {
		w.dtype = dtype
	}
	if w.dtype != dtype {
		return errs.Error{Field: "workspace", Rule: "must serve programs of one dtype", Value: dtype}
	}
	if err := w.enter(nil); err != nil { // no other program may lose its memory in a run
		return err
	}
	defer w.leave()
	w.programs = append(w.programs, weak.Make(p))
	if p.size <= w.size {
		return p.place(w.memory)
	}
	w.size = p.size
	w.memory = dense.New(w.dtype, shapes.Shape{w.size})
	alive := w.programs[:0]
	for _, other := range w.programs { // all move at once, so none keeps the old block alive
		if q := other.Value(); q != nil && !q.closed {
			alive = append(alive, other)
			if err := q.place(w.memory); err != nil {
				return err
			}
		}
	}
	clear(w.programs[len(alive):])
	w.programs = alive
	return nil
}

// enter gives the block to a program that is going to run.
func (w *Workspace) enter(p *Program) error {
	if !w.busy.CompareAndSwap(false, true) {
		return errs.Error{Field: "workspace", Rule: "must run one program at a time"}
	}
	if p != nil && w.last != p { // others have written to its working memory
		p.placeScratch()
	}
	w.last = p
	return nil
}

func (w *Workspace) leave() { w.busy.Store(false) }

// plan gives every part of a program its place in the memory of a run, and
// returns the size of all.
func (b *Builder) plan() (size int) {
	take := func(n int) int {
		at := size
		size += (n + 15) / 16 * 16 // whole lines of the caches
		return at
	}
	for i := range b.scratch {
		b.scratch[i].offset = take(b.scratch[i].shape.Size())
	}
	for _, o := range b.ops {
		if !o.View {
			o.at.out = take(o.Shape.Size())
		}
		o.at.scratchSize = o.task.scratchSize()
		o.at.scratch = take(o.at.scratchSize)
	}
	return size
}

// place makes all parts of the program work in the given memory.
func (p *Program) place(memory *tensor.Dense) error {
	p.memory = memory
	for _, m := range p.b.scratch {
		*m.tensor = *dense.View(memory, m.offset, m.shape)
		if err := Bind(m.node, m.tensor); err != nil {
			return err
		}
	}
	for _, o := range p.b.ops {
		if o.View {
			*o.out = *dense.View(o.source.out, o.Offset, o.Shape)
		} else {
			*o.out = *dense.View(memory, o.at.out, o.Shape)
		}
		o.task.clearOperands()
		o.task.setOutput(o.out)
	}
	p.placeScratch()
	for _, r := range p.b.runners {
		r.connect()
	}
	if p.direct != nil {
		p.direct.connect()
	}
	return nil
}

// placeScratch gives the kernels their working memory again.
func (p *Program) placeScratch() {
	for _, o := range p.b.ops {
		if n := o.at.scratchSize; n > 0 {
			o.task.setScratch(dense.View(p.memory, o.at.scratch, shapes.Shape{n}))
		}
	}
}
