// Package kernels holds the inner loops of package graph: matrix products,
// sums, exponentials, softmax and the cells of recurrent layers. They are for
// float32 in assembly where the processor has AVX2 and FMA, with matrix products
// for AVX-512, and in plain Go elsewhere, with the build tag noasm, and for
// float64. The assembly is written by the program in gen.
//
// No sum depends on how work is shared: the same input gives the same bits on
// any number of cores.
package kernels

//go:generate go run -C gen . -out ../kernels_amd64.s -stubs ../stubs_amd64.go -pkg kernels
