package kernels

import (
	"os"
	"sync"
)

// Float is an element.
type Float interface{ float32 | float64 }

// Set is one way to compute everything, for one type of element. Its functions
// panic where they would leave their slices, before they read or write there.
type Set[T Float] struct {
	Name  string    // "go", "avx2"
	rooms sync.Pool // of *mulRoom[T]

	// tile computes m ≤ tileRows rows and tileColumns columns of c = a·b over k
	// terms, or adds them to c. Element (i, j) of a lies at i·aRow + j·aCol.
	tile func(m, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int, add bool)
	// strip computes m ≤ stripRows rows over panels of tileColumns columns, which
	// lie in b one after the other. It makes the same sums as tile.
	strip func(m, panels, k int, a []T, aRow, aCol int, b, c []T, cRow int, add bool)

	exp, sigmoid, tanh func(x, y []T)
	softmax            func(x, y []T) // one row
	sum                func(x []T) T
	dot                func(x, y []T) T
	axpy               func(a T, x, y []T)

	// The cells take one sample: rows of n elements, a multiple of Width, and
	// in z and dz as many of each gate, the gates so far apart.
	lstmForward  func(n int, z []T, gate int, before, c, tanhC, h []T)
	lstmBackward func(n int, z []T, gate int, before, tanhC, dh, dc, dz []T)
	gruForward   func(n int, z []T, gate int, before, h []T)
	gruBackward  func(n int, z []T, gate int, before, dh, dz []T)
	adam         func(w, g, m, v []T, keep1, keep2, rate, epsilon T)
}

// Width is what the length of a row of a cell is rounded up to.
const Width = 8

// Up rounds a length up to a multiple of Width.
func Up(n int) int { return (n + Width - 1) / Width * Width }

// Variable is the environment variable that, set to "go", forces the kernels in
// plain Go, for tests. Other values change nothing.
const Variable = "ENGRAM_KERNELS"

// Float64 are the kernels for float64.
func Float64() *Set[float64] { return portable[float64]() }

// Float32 are the fastest kernels for float32 that the processor can run.
func Float32() *Set[float32] {
	if os.Getenv(Variable) != "go" {
		if s := assembly(); s != nil {
			return s
		}
	}
	return portable[float32]()
}

func portable[T Float]() *Set[T] {
	return &Set[T]{
		Name:         "go",
		tile:         tileGo[T],
		strip:        stripGo[T],
		exp:          mapGo[T](expGo),
		sigmoid:      mapGo[T](sigmoidGo),
		tanh:         mapGo[T](tanhGo),
		softmax:      softmaxGo[T],
		sum:          sumGo[T],
		dot:          dotGo[T],
		axpy:         axpyGo[T],
		lstmForward:  lstmForwardGo[T],
		lstmBackward: lstmBackwardGo[T],
		gruForward:   gruForwardGo[T],
		gruBackward:  gruBackwardGo[T],
		adam:         adamGo[T],
	}
}
