package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// column is 8 columns of rows.
func column(p reg.Register, i int) Mem { return Mem{Base: p, Disp: 32 * i} }

// overRows runs body for every row of x.
func overRows(label string, rows reg.Register, body func(), next func()) {
	left := GP64()
	MOVQ(rows, left)
	Label(label)
	body()
	next()
	DECQ(left)
	JNZ(LabelRef(label))
}

// maxRows compares both ways: of two zeros VMAXPS gives the second, and the common bits
// are those of +0. A NaN is noted on the way.
func maxRows(columns int) {
	name := fmt.Sprintf("maxRows%d", columns)
	text(name, "func(rows int, x *float32, stride int, y *float32)")
	Doc(fmt.Sprintf("%s computes the largest of each of %d columns of x, or NaN if there is one.", name, columns))
	rows := Load(Param("rows"), GP64())
	x := Load(Param("x"), GP64())
	stride := Load(Param("stride"), GP64())
	y := Load(Param("y"), GP64())
	none := avx2.zeros(1, columns/8)[0]
	var most []reg.VecVirtual
	for range none {
		most = append(most, avx2.load(constant(float32(math.Inf(-1)))))
	}
	overRows("next", rows, func() {
		for i, m := range most {
			e, other := avx2.load(column(x, i)), YMM()
			VCMPPS(Imm(unordered), e, e, other)
			VORPS(other, none[i], none[i])
			VMAXPS(e, m, other)
			VMAXPS(m, e, m)
			VANDPS(other, m, m)
		}
	}, func() { ADDQ(stride, x) })
	for i, m := range most {
		VORPS(none[i], m, m)
		VMOVUPS(m, column(y, i))
	}
	VZEROUPPER()
	RET()
}

func maxRowsGradient(columns int) {
	name := fmt.Sprintf("maxRowsGradient%d", columns)
	text(name, "func(rows int, x *float32, stride int, y, dy, dx *float32)")
	Doc(fmt.Sprintf("%s shares dy between the elements of each of %d columns of x that are equal to y.", name, columns))
	rows := Load(Param("rows"), GP64())
	x := Load(Param("x"), GP64())
	stride := Load(Param("stride"), GP64())
	y := Load(Param("y"), GP64())
	var most []reg.VecVirtual
	for i := range columns / 8 {
		most = append(most, avx2.load(column(y, i)))
	}
	shares := avx2.zeros(1, columns/8)[0]
	again := GP64()
	MOVQ(x, again)
	overRows("count", rows, func() {
		for i, m := range most {
			same := YMM()
			VCMPPS(Imm(equal), column(x, i), m, same)
			VPSUBD(same, shares[i], shares[i]) // of −1 where they are equal
		}
	}, func() { ADDQ(stride, x) })
	dy := Load(Param("dy"), GP64())
	for i, s := range shares {
		d := avx2.load(column(dy, i))
		VCVTDQ2PS(s, s)
		VDIVPS(s, d, s)
	}
	dx := Load(Param("dx"), GP64())
	overRows("share", rows, func() {
		for i, m := range most {
			same := YMM()
			VCMPPS(Imm(equal), column(again, i), m, same)
			VANDPS(shares[i], same, same)
			VMOVUPS(same, column(dx, i))
		}
	}, func() {
		ADDQ(stride, again)
		ADDQ(stride, dx)
	})
	VZEROUPPER()
	RET()
}
