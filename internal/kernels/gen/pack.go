package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// packKernels copy a row of an operand to where the product reads it.
func packKernels() {
	pieces("copyPanelsAVX2", "copyPanelsAVX2 copies n pieces of 16 elements that follow each other to places that lie stride bytes apart.",
		64, func(from, to Mem) {
			for _, at := range []int{0, 32} {
				VMOVUPS(loadMem(from.Offset(at)), to.Offset(at))
			}
		})
	pieces("copyTilesAVX2", "copyTilesAVX2 copies n pieces of 6 elements that follow each other to places that lie stride bytes apart.",
		24, func(from, to Mem) {
			x, rest := XMM(), XMM()
			VMOVUPS(from, x)
			VMOVSD(from.Offset(16), rest)
			VMOVUPS(x, to)
			VMOVSD(rest, to.Offset(16))
		})
}

func pieces(name, doc string, size uint64, copyOne func(from, to Mem)) {
	text(name, "func(n int, from, to *float32, stride int)")
	Doc(doc)
	n := Load(Param("n"), GP64())
	from := Load(Param("from"), GP64())
	to := Load(Param("to"), GP64())
	stride := Load(Param("stride"), GP64())
	Label("next")
	copyOne(at(from), at(to))
	ADDQ(Imm(size), from)
	ADDQ(reg.Register(stride), to)
	DECQ(n)
	JGT(LabelRef("next"))
	VZEROUPPER()
	RET()
}
