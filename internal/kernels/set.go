package kernels

import (
	"math"
	"math/bits"
	"os"
	"sync"
)

// Float is an element.
type Float interface{ float32 | float64 }

// Set holds the kernels for one type of element: an instruction set starts from
// the portable ones and replaces those that it has. They panic where they would
// leave their slices, before they read or write there. All of a program share a
// set, which must not be changed.
type Set[T Float] struct {
	Name  string    // "go", "avx2", "avx512"
	spare sync.Pool // of *mulMemory[T]

	gemmKernels[T]

	// Exp, Sigmoid and Tanh compute y from x, element by element; y may be x. In
	// float32 Sigmoid stays at about 1e-38 where it would be smaller yet, and Tanh
	// loses the sign of −0.
	Exp, Sigmoid, Tanh func(x, y []T)
	softmax            func(x, y []T) // one row
	function           func(f Function) FunctionLoops[T]

	// Sum adds up x, and Dot x·y, in an order that depends on the length alone.
	Sum func(x []T) T
	Dot func(x, y []T) T
	// Size is the largest size of an element of x: 0 for none, infinite or NaN
	// where an element is.
	Size func(x []T) T

	// Plus, Minus, Times and Over write x + y, x − y, x·y and x/y to z, element by
	// element, and AddTimes adds x·y to it; z may be x or y. Axpy adds a·x to y.
	Plus, Minus, Times, Over, AddTimes func(x, y, z []T)
	Axpy                               func(a T, x, y []T)

	// SigmoidGrad and TanhGrad compute the gradient dx from the result y of Sigmoid
	// or Tanh and its gradient dy; dx may be y or dy.
	SigmoidGrad, TanhGrad func(y, dy, dx []T)

	// The cells take one sample: rows of n elements, a multiple of Width, and in z
	// and dz one for each gate, which lie gate elements apart.
	lstmForward  func(n int, z []T, gate int, before, c, tanhC, h []T)
	lstmBackward func(n int, z []T, gate int, before, tanhC, dh, dc, dz []T)
	gruForward   func(n int, z []T, gate int, before, h []T)
	gruBackward  func(n int, z []T, gate int, before, dh, dz []T)

	attentionKernels[T]

	optimizerKernels[T]
	normKernels[T]
	vocabularyKernels[T]
	convKernels[T]
	randomKernels[T]
	pairKernels[T]
}

// Width is what the length of a row of a cell is rounded up to.
const Width = 8

// Up rounds a length up to a multiple of Width.
func Up(n int) int { return (n + Width - 1) / Width * Width }

// Variable is the environment variable that selects a set by its name, for tests. Sets
// that the processor does not support and unknown names are ignored.
const Variable = "ENGRAM_KERNELS"

// The sets are made once. They consist of functions and spare memory.
var (
	all32  = sync.OnceValue(func() []*Set[float32] { return append(assembly(), portable[float32]()) })
	inGo64 = sync.OnceValue(portable[float64])
)

// Float64 are the kernels for float64.
func Float64() *Set[float64] { return inGo64() }

// Float32 returns the kernels for float32: by default the fastest that the processor
// supports.
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
		randomKernels:    randomGo[T](),
		attentionKernels: attentionGo[T](),

		Name:         "go",
		gemmKernels:  portableGemm[T](),
		Exp:          mapGo[T](expGo),
		Sigmoid:      mapGo[T](sigmoidGo),
		Tanh:         mapGo[T](tanhGo),
		softmax:      softmaxGo[T],
		function:     functionGo[T],
		Sum:          sumGo[T],
		Size:         sizeGo[T],
		Dot:          dotGo[T],
		Axpy:         axpyGo[T],
		Plus:         plusGo[T],
		Minus:        minusGo[T],
		Times:        timesGo[T],
		Over:         overGo[T],
		SigmoidGrad:  sigmoidGradGo[T],
		TanhGrad:     tanhGradGo[T],
		AddTimes:     addTimesGo[T],
		lstmForward:  lstmForwardGo[T],
		lstmBackward: lstmBackwardGo[T],
		gruForward:   gruForwardGo[T],
		gruBackward:  gruBackwardGo[T],
		normKernels:  normGo[T](),

		vocabularyKernels: vocabularyGo[T](),
		convKernels:       convGo[T](),
		pairKernels:       pairGo[T](),
		optimizerKernels:  optimizerGo[T](),
	}
}

// Softmax computes y from rows of n elements that follow each other in x, each
// eˣ over the sum of its row; y may be x. A row that has a NaN, or +∞, or
// −∞ only, gives NaN.
func (s *Set[T]) Softmax(n int, x, y []T) {
	if len(x) == 0 {
		return
	}
	if n < 1 || len(x)%n != 0 || len(y) < len(x) {
		panic("kernels: softmax over something else than whole rows")
	}
	for i := 0; i < len(x); i += n {
		s.softmax(x[i:i+n], y[i:i+n])
	}
}

// beyond is an offset beyond every slice, of which the sum of three does not overflow.
const beyond = math.MaxInt / 4

// last returns the offset of the last of n elements with the given stride, at most beyond.
func last(n, stride int) int {
	if n < 1 || stride < 0 {
		panic("kernels: no size, or a negative stride")
	}
	high, low := bits.Mul(uint(n-1), uint(stride))
	if high > 0 {
		return beyond
	}
	return int(min(low, beyond))
}
