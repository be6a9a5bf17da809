package exec

import (
	"slices"
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
	programs []weak.Pointer[layout]
	joined   int // programs that ever joined
	last     int // number of the one that ran last: only its working memory is in order
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
func (w *Workspace) join(p *layout, dtype tensor.Dtype) error {
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
	w.last = 0
	w.joined++
	p.number = w.joined
	w.removeClosed()
	w.programs = append(w.programs, weak.Make(p))
	if p.size <= w.size {
		return p.place(w.memory)
	}
	return w.resize(p.size)
}

// Shrink makes the block as small as the programs that are not closed allow. They move
// to a new one, so it must not be called while their results are read.
func (w *Workspace) Shrink() error {
	if err := w.enter(nil); err != nil {
		return err
	}
	defer w.leave()
	w.removeClosed()
	size := 0
	for _, p := range w.programs {
		if q := p.Value(); q != nil {
			size = max(size, q.size)
		}
	}
	if size == 0 || size == w.size {
		return nil
	}
	return w.resize(size)
}

func (w *Workspace) removeClosed() {
	w.programs = slices.DeleteFunc(w.programs, func(p weak.Pointer[layout]) bool {
		q := p.Value()
		return q == nil || q.closed
	})
}

// resize moves all programs to a new block.
func (w *Workspace) resize(size int) error {
	w.size, w.last = size, 0
	w.memory = dense.New(w.dtype, shapes.Shape{size})
	for _, other := range w.programs { // all move at once, so none keeps the old block alive
		if q := other.Value(); q != nil {
			if err := q.place(w.memory); err != nil {
				return err
			}
		}
	}
	return nil
}

// enter gives the block to a program that is going to run.
func (w *Workspace) enter(p *layout) error {
	if !w.busy.CompareAndSwap(false, true) {
		return errs.Error{Field: "workspace", Rule: "must run one program at a time"}
	}
	if p != nil && w.last != p.number { // others have written to its working memory
		p.placeScratch()
		w.last = p.number
	}
	return nil
}

func (w *Workspace) leave() { w.busy.Store(false) }
