package ops

import "github.com/engram-go/engram/internal/kernels"

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
