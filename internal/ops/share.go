package ops

import "github.com/engram-go/engram/internal/kernels"

// sharedElements is how many elements are worth waking a core.
const sharedElements = 1 << 13

// few tells whether n elements are not worth a second core. Kernels that run
// many times in a step ask it first: handing a function to other cores
// allocates.
func few(n int) bool { return n < 2*sharedElements }

// share lets the cores share the elements of long vectors.
func share(n int, f func(from, end int)) { shareRows(n, 1, f) }

// shareRows is share for n elements in whole rows of the given size.
func shareRows(n, size int, f func(from, end int)) {
	if few(n) {
		f(0, n)
		return
	}
	kernels.Parallel(n, (sharedElements+size-1)/size*size, f)
}
