package ops

import "github.com/engram-go/engram/internal/kernels"

// Float is an element.
type Float = kernels.Float

// Op describes an operation: one of the types that For lists.
type Op any

// Kernel computes an operation: Run fills out from the operands, all in
// row-major order. It may rely on the sizes that its Op was planned with, and
// never writes to an operand.
type Kernel[T Float] interface {
	Run(out []T, in [][]T) error
}

// Func is a kernel that is a function.
type Func[T Float] func(out []T, in [][]T) error

// Run calls f.
func (f Func[T]) Run(out []T, in [][]T) error { return f(out, in) }

// Scratch is a kernel with working memory. The memory keeps what the backward pass of
// the same run reads, but nothing from run to run. Its size is known once the whole
// graph is built, because it depends on whether there is a backward pass.
type Scratch[T Float] interface {
	Kernel[T]
	ScratchSize() int
	SetScratch(memory []T) // of at least that size, before the first run
}

// sharedElements is the minimum number of elements for one core.
const sharedElements = 1 << 13

// few reports whether n elements are too few for a second core. Frequent kernels check
// it before share, because a function for other cores is allocated.
func few(n int) bool { return n < 2*sharedElements }

// share distributes the elements of long vectors over the cores.
func share(n int, f func(from, end int)) { shareRows(n, 1, f) }

// shareRows is share for n elements in whole rows of the given size.
func shareRows(n, size int, f func(from, end int)) {
	if few(n) {
		f(0, n)
		return
	}
	kernels.Parallel(n, (sharedElements+size-1)/size*size, f)
}
