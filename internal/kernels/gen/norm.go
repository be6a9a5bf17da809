package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// normKernels are sums in float64 of float32 elements, what normalizes rows with them,
// and the largest elements of columns.
func normKernels() {
	for _, v := range []vectors{avx2, avx512} {
		addRows(v, 8)
		addRows(v, 8*v.size/8)
		addAll(v)
		rowMoments(v, true)
		rowMoments(v, false)
		normalizeRows(v)
		normalizeGradient(v, true)
		normalizeGradient(v, false)
		scaleGradient(v, 8)
		scaleGradient(v, v.size/2)
	}
	for _, columns := range []int{8, 32} {
		maxRows(columns)
		maxRowsGradient(columns)
		scaleAround(columns)
	}
}

// addRows adds rows to sums of a number of columns, which stay in registers.
func addRows(v vectors, columns int) {
	name := fmt.Sprintf("addRows%d%s", columns, v.suffix)
	text(name, "func(rows int, x *float32, stride int, sums *float64)")
	Doc(fmt.Sprintf("%s adds %d columns of x, row after row, to sums.", name, columns))
	rows := Load(Param("rows"), GP64())
	x := Load(Param("x"), GP64())
	stride := Load(Param("stride"), GP64())
	sums := Load(Param("sums"), GP64())
	var sum []reg.VecVirtual
	for at := 0; at < 8*columns; at += v.size {
		s := v.new()
		VMOVUPD(Mem{Base: sums, Disp: at}, s)
		sum = append(sum, s)
	}
	Label("next")
	for i, s := range sum {
		e := v.new()
		VCVTPS2PD(Mem{Base: x, Disp: i * v.size / 2}, e)
		VADDPD(e, s, s)
	}
	ADDQ(stride, x)
	DECQ(rows)
	JNZ(LabelRef("next"))
	for i, s := range sum {
		VMOVUPD(s, Mem{Base: sums, Disp: i * v.size})
	}
	VZEROUPPER()
	RET()
}

// lanes is the number of parallel sums in float64 over a row: lane i adds up the
// elements i, i + lanes and so on.
const lanes = 16

// doubles are the lanes in registers.
func (v vectors) doubles() []reg.VecVirtual { return v.zeros(1, lanes*8/v.size)[0] }

// fold adds up the lanes, half by half, in the same order for every width.
func (v vectors) fold(sum []reg.VecVirtual) reg.VecVirtual {
	for n := len(sum); n > 1; n /= 2 {
		for i := range n / 2 {
			VADDPD(sum[i+n/2], sum[i], sum[i])
		}
	}
	all := sum[0]
	if v.size == 64 {
		half := YMM()
		VEXTRACTF64X4(Imm(1), all, half)
		VADDPD(half, all.AsY(), all.AsY())
	}
	half := XMM()
	VEXTRACTF128(Imm(1), all.AsY(), half)
	VADDPD(half, all.AsX(), all.AsX())
	VPERMILPD(Imm(1), all.AsX(), half)
	VADDSD(half, all.AsX(), all.AsX())
	return all
}

// addAll adds up a vector.
func addAll(v vectors) {
	name := "addAll" + v.suffix
	text(name, "func(n int, x *float32) float64")
	Doc(fmt.Sprintf("%s is the sum of x, for n a multiple of %d.", name, lanes))
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	sum := v.doubles()
	Label("next")
	for i, s := range sum {
		e := v.new()
		VCVTPS2PD(Mem{Base: x, Disp: i * v.size / 2}, e)
		VADDPD(e, s, s)
	}
	ADDQ(Imm(4*lanes), x)
	SUBQ(Imm(lanes), n)
	JNZ(LabelRef("next"))
	Store(v.fold(sum).AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}
