package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// packKernels copy parts of an operand to where the product reads them.
func packKernels() {
	pieces("copyPanelAVX2", "copyPanelAVX2 copies n pieces of 16 elements that lie stride bytes apart to places that follow each other.",
		64, false, func(from, to Mem) {
			for _, at := range []int{0, 32} {
				VMOVUPS(loadMem(from.Offset(at)), to.Offset(at))
			}
		})
	pieces("copyTilesAVX2", "copyTilesAVX2 copies n pieces of 6 elements that follow each other to places that lie stride bytes apart.",
		24, true, func(from, to Mem) {
			x, rest := XMM(), XMM()
			VMOVUPS(from, x)
			VMOVSD(from.Offset(16), rest)
			VMOVUPS(x, to)
			VMOVSD(rest, to.Offset(16))
		})
	transpose()
}

// transpose copies 8 rows of an operand to 8 columns: of a block of 8×8 elements, pairs of
// elements are interleaved, then pairs of pairs, then the halves of the vectors.
func transpose() {
	text("transposeAVX2", "func(n int, from *float32, row int, to *float32, stride int)")
	Doc("transposeAVX2 copies 8 rows of n elements, n a multiple of 8, which are row bytes apart, to 8 columns of n rows, which are stride bytes apart.")
	n := Load(Param("n"), GP64())
	from := loadLines("from", "row", 8)
	to := Load(Param("to"), GP64())
	stride := Load(Param("stride"), GP64())
	Label("next")
	x := vectorsOf(8, func(i int) reg.VecVirtual { return loadMem(from.at(i)) })
	pairs := vectorsOf(8, func(i int) reg.VecVirtual { // of the rows i and i+1, low and high
		y := YMM()
		if i%2 == 0 {
			VUNPCKLPS(x[i+1], x[i], y)
		} else {
			VUNPCKHPS(x[i], x[i-1], y)
		}
		return y
	})
	fours := vectorsOf(8, func(i int) reg.VecVirtual { // of 4 rows: column i%4 and column 4+i%4
		y, first := YMM(), i/4*4+i%4/2
		VSHUFPS(Imm([]uint64{0x44, 0xee}[i%2]), pairs[first+2], pairs[first], y)
		return y
	})
	for i := range 8 {
		y := YMM()
		VPERM2F128(Imm([]uint64{0x20, 0x31}[i/4]), fours[4+i%4], fours[i%4], y)
		VMOVUPS(y, Mem{Base: to})
		ADDQ(reg.Register(stride), to)
	}
	from.next(Imm(32))
	SUBQ(Imm(8), n)
	JGT(LabelRef("next"))
	VZEROUPPER()
	RET()
}

// pieces copies n pieces of a size. Either those of the source follow each other, or those
// of the destination.
func pieces(name, doc string, size uint64, spread bool, copyOne func(from, to Mem)) {
	text(name, "func(n int, from, to *float32, stride int)")
	Doc(doc)
	n := Load(Param("n"), GP64())
	from := Load(Param("from"), GP64())
	to := Load(Param("to"), GP64())
	stride := Load(Param("stride"), GP64())
	Label("next")
	copyOne(at(from), at(to))
	if spread {
		ADDQ(Imm(size), from)
		ADDQ(reg.Register(stride), to)
	} else {
		ADDQ(reg.Register(stride), from)
		ADDQ(Imm(size), to)
	}
	DECQ(n)
	JGT(LabelRef("next"))
	VZEROUPPER()
	RET()
}
