package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowsPerTile by 16 is the largest block of a product that fits into the
// registers: 12 accumulators, 2 vectors of b, and an element of a.
const rowsPerTile = 6

// tile computes m rows and 16 columns of c = a·b, or adds them to c.
func tile(m int) {
	TEXT(fmt.Sprintf("tile%dx16", m), NOSPLIT|NOFRAME, "func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, add bool)")
	Doc(fmt.Sprintf("tile%dx16 computes %d rows and 16 columns of c = a·b, or with add of c + a·b, over k terms.", m, m))
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	aRow := Load(Param("aRow"), GP64())
	aCol := Load(Param("aCol"), GP64())
	b := Load(Param("b"), GP64())
	bRow := Load(Param("bRow"), GP64())

	sum := make([][2]reg.VecVirtual, m)
	for i := range sum {
		sum[i] = [2]reg.VecVirtual{zero(), zero()}
	}
	// Rows 0 to 2 are reached from a, rows 3 to 5 from a3.
	a3 := GP64()
	if m > 3 {
		LEAQ(Mem{Base: a, Index: aRow, Scale: 2}, a3)
		ADDQ(aRow, a3)
	}
	element := func(i int) Mem {
		base := a
		if i >= 3 {
			base, i = a3, i-3
		}
		if i == 0 {
			return Mem{Base: base}
		}
		return Mem{Base: base, Index: aRow, Scale: uint8(i)}
	}
	step := func() {
		b0, b1 := YMM(), YMM()
		VMOVUPS(Mem{Base: b}, b0)
		VMOVUPS(Mem{Base: b, Disp: 32}, b1)
		for i := range sum {
			x := YMM()
			VBROADCASTSS(element(i), x)
			VFMADD231PS(b0, x, sum[i][0])
			VFMADD231PS(b1, x, sum[i][1])
		}
		ADDQ(aCol, a)
		if m > 3 {
			ADDQ(aCol, a3)
		}
		ADDQ(bRow, b)
	}
	Label("four")
	CMPQ(k, Imm(4))
	JLT(LabelRef("one"))
	for range 4 {
		step()
	}
	SUBQ(Imm(4), k)
	JMP(LabelRef("four"))
	Label("one")
	TESTQ(k, k)
	JZ(LabelRef("done"))
	step()
	DECQ(k)
	JMP(LabelRef("one"))

	Label("done")
	c := Load(Param("c"), GP64())
	cRow := Load(Param("cRow"), GP64())
	add := Load(Param("add"), GP8())
	TESTB(add, add)
	JZ(LabelRef("store"))
	at := GP64()
	MOVQ(c, at)
	for i := range sum {
		VADDPS(Mem{Base: at}, sum[i][0], sum[i][0])
		VADDPS(Mem{Base: at, Disp: 32}, sum[i][1], sum[i][1])
		ADDQ(cRow, at)
	}
	Label("store")
	for i := range sum {
		VMOVUPS(sum[i][0], Mem{Base: c})
		VMOVUPS(sum[i][1], Mem{Base: c, Disp: 32})
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}

func zero() reg.VecVirtual {
	x := YMM()
	VXORPS(x, x, x)
	return x
}
