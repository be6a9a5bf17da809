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

// Workspace is memory that several programs share, one at a time. All of them place
// their results and working memory in the same block, starting at its beginning. The
// block is as large as the largest program needs.
type Workspace struct {
	dtype    tensor.Dtype
	size     int // elements that the largest program needs
	memory   *tensor.Dense
	programs []weak.Pointer[layout]
	joined   int // number of programs that have joined
	last     int // number of the program that ran last; the others must initialize their working memory
	busy     atomic.Bool
}

// MemorySize is the number of bytes of the block.
func (w *Workspace) MemorySize() int64 {
	if w.size == 0 {
		return 0
	}
	return int64(w.size) * int64(w.dtype.Size())
}

// join adds a program and makes the block large enough for it.
func (w *Workspace) join(p *layout, dtype tensor.Dtype) error {
	if w.dtype == (tensor.Dtype{}) {
		w.dtype = dtype
	}
	if w.dtype != dtype {
		return errs.Error{Field: "workspace", Rule: "must serve programs of one dtype", Value: dtype}
	}
	if err := w.enter(nil); err != nil { // the block must not change during a run
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
	useLargePages(w.memory)
	for _, other := range w.programs { // move all of them, so that none keeps the old block alive
		if q := other.Value(); q != nil {
			if err := q.place(w.memory); err != nil {
				return err
			}
		}
	}
	return nil
}

// enter reserves the block for a run of a program.
func (w *Workspace) enter(p *layout) error {
	if !w.busy.CompareAndSwap(false, true) {
		return errs.Error{Field: "workspace", Rule: "must run one program at a time"}
	}
	if p != nil && w.last != p.number { // another program has overwritten its working memory
		p.placeScratch()
		w.last = p.number
	}
	return nil
}

func (w *Workspace) leave() { w.busy.Store(false) }
