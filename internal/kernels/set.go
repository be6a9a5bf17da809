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
	Name  string    // "go", "avx2", "avx512"
	rooms sync.Pool // of *mulRoom[T]

	// tile computes m ≤ tileRows rows and tileColumns columns of c = a·b over k
	// terms, or adds them to c. Element (i, j) of a lies at i·aRow + j·aCol.
	tile func(m, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int, add bool)
	// strip computes m ≤ stripRows rows over panels of tileColumns columns, which
	// lie in b one after the other. It makes the same sums as tile.
	//
	// across is how many panels whole tiles are computed over at a time. If it is
	// more than 1, strip takes up to tileRows rows.
	across int
	strip  func(m, panels, k int, a []T, aRow, aCol int, b, c []T, cRow int, add bool)

	// copyPanels and copyTiles copy n pieces of tileColumns, or tileRows, elements
	// that follow each other to places that lie stride apart.
	copyPanels, copyTiles func(n int, from, to []T, stride int)

	exp, sigmoid, tanh func(x, y []T)
	softmax            func(x, y []T) // one row
	sum, size          func(x []T) T
	dot                func(x, y []T) T
	axpy               func(a T, x, y []T)

	// What makes one vector of two.
	plus, minus, times, over, addTimes, sigmoidGrad, tanhGrad func(x, y, z []T)

	// The cells take one sample: rows of n elements, a multiple of Width, and
	// in z and dz as many of each gate, the gates so far apart.
	lstmForward  func(n int, z []T, gate int, before, c, tanhC, h []T)
	lstmBackward func(n int, z []T, gate int, before, tanhC, dh, dc, dz []T)
	gruForward   func(n int, z []T, gate int, before, h []T)
	gruBackward  func(n int, z []T, gate int, before, dh, dz []T)
	adam         func(w, g, m, v []T, keep1, keep2, rate, epsilon T)
	rmsprop      func(w, g, v []T, keep, rate, epsilon T)
}

// Width is what the length of a row of a cell is rounded up to.
const Width = 8

// Up rounds a length up to a multiple of Width.
func Up(n int) int { return (n + Width - 1) / Width * Width }

// Variable is the environment variable that, set to the name of a set, chooses
// it, for tests. What the processor cannot run, and other values, change nothing.
const Variable = "ENGRAM_KERNELS"

// The sets are made once: they hold nothing but functions and spare memory.
var (
	all32  = sync.OnceValue(func() []*Set[float32] { return append(assembly(), portable[float32]()) })
	inGo64 = sync.OnceValue(portable[float64])
)

// Float64 are the kernels for float64.
func Float64() *Set[float64] { return inGo64() }

// Float32 are the kernels for float32 that are taken for the fastest of those
// that the processor can run.
func Float32() *Set[float32] {
	all := all32()
	for _, s := range all {
		if s.Name == os.Getenv(Variable) {
			return s
		}
	}
	return all[0]
}

// For are the kernels for the type T.
func For[T Float]() *Set[T] {
	if s, ok := any(Float64()).(*Set[T]); ok {
		return s
	}
	return any(Float32()).(*Set[T])
}

func portable[T Float]() *Set[T] {
	return &Set[T]{
		Name:         "go",
		tile:         tileGo[T],
		across:       1,
		strip:        stripGo[T],
		copyPanels:   copyPiecesGo[T](tileColumns),
		copyTiles:    copyPiecesGo[T](tileRows),
		exp:          mapGo[T](expGo),
		sigmoid:      mapGo[T](sigmoidGo),
		tanh:         mapGo[T](tanhGo),
		softmax:      softmaxGo[T],
		sum:          sumGo[T],
		size:         sizeGo[T],
		dot:          dotGo[T],
		axpy:         axpyGo[T],
		plus:         plusGo[T],
		minus:        minusGo[T],
		times:        timesGo[T],
		over:         overGo[T],
		sigmoidGrad:  sigmoidGradGo[T],
		tanhGrad:     tanhGradGo[T],
		addTimes:     addTimesGo[T],
		lstmForward:  lstmForwardGo[T],
		lstmBackward: lstmBackwardGo[T],
		gruForward:   gruForwardGo[T],
		gruBackward:  gruBackwardGo[T],
		adam:         adamGo[T],
		rmsprop:      rmspropGo[T],
	}
}
