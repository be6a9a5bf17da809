package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// productKernels are sums of products in float64.
func productKernels() {
	const rows, vectors = 4, 2 // of a tile
	text("addProductsAVX2", "func(terms int, x, y, s *float64)")
	Doc("addProductsAVX2 adds the products of x [terms, 8] and y [terms, 4] to s [4, 8], term by term, and rounds each product.")
	terms := Load(Param("terms"), GP64())
	x := Load(Param("x"), GP64())
	y := Load(Param("y"), GP64())
	s := Load(Param("s"), GP64())
	place := func(i, j int) Mem { return Mem{Base: s, Disp: 32 * (i*vectors + j)} }
	var sum [rows][vectors]reg.VecVirtual
	for i := range sum {
		for j := range sum[i] {
			sum[i][j] = loadMem(place(i, j))
		}
	}
	Label("term")
	var left [vectors]reg.VecVirtual
	for j := range left {
		left[j] = loadMem(Mem{Base: x, Disp: 32 * j})
	}
	for i := range sum {
		right := YMM()
		VBROADCASTSD(Mem{Base: y, Disp: 8 * i}, right)
		for j := range left {
			product := YMM()
			VMULPD(left[j], right, product)
			VADDPD(product, sum[i][j], sum[i][j])
		}
	}
	ADDQ(Imm(32*vectors), x)
	ADDQ(Imm(8*rows), y)
	DECQ(terms)
	JNZ(LabelRef("term"))
	for i := range sum {
		for j := range sum[i] {
			VMOVUPS(sum[i][j], place(i, j))
		}
	}
	VZEROUPPER()
	RET()
}
