package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// poolKernels compute pools over steps, 8 features at a time. In all of them, x has a row
// for each step and its windows lie xWindow bytes apart; y has a row for each window.
func poolKernels() {
	pool("maxPoolAVX2", "func(m, n, size int, x *float32, xRow, xWindow int, y *float32, yRow int)",
		"maxPoolAVX2 computes the largest element of each of m windows, for n features.",
		func(x, xRow, y reg.Register) {
			most, _ := largestOf(x, xRow)
			VMOVUPS(most, at(y))
		})
	pool("maxPoolGradientAVX2", "func(m, n, size int, x *float32, xRow, xWindow int, y *float32, yRow int, dx *float32)",
		"maxPoolGradientAVX2 adds the gradients y of m windows to their largest elements, for n features. The rows of dx lie as those of x.",
		func(x, xRow, y reg.Register) {
			_, place := largestOf(x, xRow)
			dy, row, one := load(y), YMM(), YMM()
			VPXOR(row, row, row)
			VPCMPEQD(one, one, one) // −1
			to := GP64()
			Load(Param("dx"), to)
			start := GP64()
			Load(Param("x"), start)
			SUBQ(start, to)
			ADDQ(x, to)
			eachRow("add", to, xRow, func() {
				mask := YMM()
				VPCMPEQD(row, place, mask)
				VANDPS(dy, mask, mask)
				VADDPS(at(to), mask, mask)
				VMOVUPS(mask, at(to))
				VPSUBD(one, row, row)
			})
		})
	pool("meanPoolAVX2", "func(m, n, size int, x *float32, xRow, xWindow int, y *float32, yRow int, count float64)",
		"meanPoolAVX2 computes the sum of each of m windows, in float64, over count, for n features.",
		func(x, xRow, y reg.Register) {
			sum := []reg.VecVirtual{zero(), zero()}
			p := GP64()
			MOVQ(x, p)
			eachRow("add", p, xRow, func() {
				for i := range sum {
					wide := YMM()
					VCVTPS2PD(Mem{Base: p, Disp: 16 * i}, wide)
					VADDPD(wide, sum[i], sum[i])
				}
			})
			count := YMM()
			addr, err := Param("count").Resolve()
			if err != nil {
				panic(err)
			}
			VBROADCASTSD(addr.Addr, count)
			for i := range sum {
				narrow := XMM()
				VDIVPD(count, sum[i], sum[i])
				VCVTPD2PSY(sum[i], narrow)
				VMOVUPS(narrow, Mem{Base: y, Disp: 16 * i})
			}
		})
	pool("meanPoolGradientAVX2", "func(m, n, size int, x *float32, xRow, xWindow int, y *float32, yRow int, count float32)",
		"meanPoolGradientAVX2 adds y over count to all rows of each of m windows of x, for n features.",
		func(x, xRow, y reg.Register) {
			share := load(y)
			addr, err := Param("count").Resolve()
			if err != nil {
				panic(err)
			}
			count := YMM()
			VBROADCASTSS(addr.Addr, count)
			VDIVPS(count, share, share)
			p := GP64()
			MOVQ(x, p)
			eachRow("add", p, xRow, func() {
				sum := YMM()
				VADDPS(at(p), share, sum)
				VMOVUPS(sum, at(p))
			})
		})
}

// pool writes a kernel that runs body for every window and vector of features.
func pool(name, signature, doc string, body func(x, xRow, y reg.Register)) {
	text(name, signature)
	Doc(doc)
	m := Load(Param("m"), GP64())
	xWindow := Load(Param("xWindow"), GP64())
	xRow := Load(Param("xRow"), GP64())
	from := Load(Param("x"), GP64())
	to := Load(Param("y"), GP64())
	x, y, n := GP64(), GP64(), GP64()
	Label("window")
	MOVQ(from, x)
	MOVQ(to, y)
	Load(Param("n"), n)
	Label("features")
	body(x, xRow, y)
	ADDQ(Imm(32), x)
	ADDQ(Imm(32), y)
	SUBQ(Imm(8), n)
	JGT(LabelRef("features"))
	ADDQ(xWindow, from)
	yRow := GP64()
	Load(Param("yRow"), yRow)
	ADDQ(yRow, to)
	DECQ(m)
	JNZ(LabelRef("window"))
	VZEROUPPER()
	RET()
}

// eachRow runs body for every row of a window, and moves the pointer on.
func eachRow(label string, p, xRow reg.Register, body func()) {
	size := GP64()
	Load(Param("size"), size)
	Label(label)
	body()
	ADDQ(xRow, p)
	DECQ(size)
	JNZ(LabelRef(label))
}

// largestOf finds the largest elements over the rows of a window and their rows: the
// first of equal ones, but the last NaN.
func largestOf(x, xRow reg.Register) (most, place reg.VecVirtual) {
	most = load(x)
	place, row, one := YMM(), YMM(), YMM()
	VPXOR(place, place, place)
	VPXOR(row, row, row)
	VPCMPEQD(one, one, one) // −1
	p := GP64()
	MOVQ(x, p)
	eachRow("compare", p, xRow, func() { // the first with itself
		v, larger, nan := load(p), YMM(), YMM()
		VCMPPS(Imm(0x1e), most, v, larger) // v > most
		VCMPPS(Imm(3), v, v, nan)
		VORPS(nan, larger, larger)
		VBLENDVPS(larger, v, most, most)
		VBLENDVPS(larger, row, place, place)
		VPSUBD(one, row, row)
	})
	return most, place
}
