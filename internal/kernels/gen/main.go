// Command gen writes the assembly of package kernels and its Go declarations,
// for AVX2 with FMA and for AVX-512. Run it through go generate in that
// package; doing so changes nothing unless this program was changed.
//
// Lengths are in elements and positive, strides in bytes; the callers in Go
// check all bounds. Vector kernels read and write whole vectors, so their
// lengths are multiples of 8, where nothing else is said.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!noasm")
	for m := 1; m <= rowsPerTile; m++ {
		tile(m)
	}
	strip(avx2, 1, 4)
	strip(avx2, 2, 2)
	strip(avx2, 3, 2)
	packKernels()
	vectorKernels()
	sumKernels()
	lstmForward()
	lstmBackward()
	gruForward()
	gruBackward()
	strip(avx512, 1, 8)
	// The largest takes 31 of 32 registers: 24 sums, 6 elements of a, a vector of b.
	for m := 1; m <= rowsPerTile; m++ {
		strip(avx512, m, 4)
		strip(avx512, m, 2)
	}
	Generate()
}

// text begins a function. None keeps a pointer, so what callers have on their
// stacks may stay there.
func text(name, signature string) {
	TEXT(name, NOSPLIT|NOFRAME, signature)
	Pragma("noescape")
}
