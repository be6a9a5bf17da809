package ops

import "github.com/engram-go/engram/internal/kernels"

// weights are a k×n matrix of weights. If they have memory they are packed there, and
// packed again when their version changes, or in every run without one.
type weights[T Float] struct {
	kernels *kernels.Set[T]
	k, n    int
	version func() (now uint64, ok bool)
	work    func(from, end int)

	matrix kernels.Matrix[T]
	packed kernels.Packed[T]
	pack   bool
	now    uint64 // the version that is packed, and 1
}

func newWeights[T Float](set *kernels.Set[T], k, n int, version func() (uint64, bool)) *weights[T] {
	w := &weights[T]{kernels: set, k: k, n: n, version: version}
	w.work = func(from, end int) {
		w.packed.PackColumns(set, w.matrix, from*kernels.MulUnit, min(end*kernels.MulUnit, n))
	}
	return w
}

// size is the number of elements of the memory.
func (w *weights[T]) size() int { return kernels.PackedSize(w.k, w.n) }

// setMemory makes the weights be packed in memory of at least that size.
func (w *weights[T]) setMemory(memory []T) {
	w.packed.SetMemory(memory, w.k, w.n)
	w.pack, w.now = true, 0
}

// set takes the weights of a run.
func (w *weights[T]) set(m kernels.Matrix[T]) {
	w.matrix = m
	if !w.pack {
		return
	}
	now, ok := w.version()
	if now++; ok && w.now == now {
		return
	}
	kernels.Share(packingWork*w.k*w.n, unitsOf(w.n), 1, w.work)
	w.now = now
}

// packingWork is the number of multiplications that take as long as packing an element
// that is in no near cache.
const packingWork = 4

// unitsOf is the number of blocks of n columns that cores can share.
func unitsOf(n int) int { return (n + kernels.MulUnit - 1) / kernels.MulUnit }

// mul computes the columns from..end of c = start + a·weights in m rows, without start if
// that has no data. Packed or not, the sums are the same.
func (w *weights[T]) mul(m int, a, c, start kernels.Matrix[T], from, end int) {
	if w.pack {
		w.packed.Mul(w.kernels, m, a, c, start, from, end)
	} else {
		w.kernels.AddMul(m, w.k, a, w.matrix, c, start, from, end)
	}
}
