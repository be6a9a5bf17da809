package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// convKernels are the parts of convolutions and pools.
func convKernels() {
	for m := 1; m <= rowsPerTile; m++ {
		tapsTile(avx2, m, 1)
		for panels := 1; panels <= 4; panels++ {
			tapsTile(avx512, m, panels)
		}
	}
	// Few rows alone have too few sums to keep the processor's adders busy.
	tapsTile(avx2, 1, 4)
	tapsTile(avx2, 2, 2)
	tapsTile(avx2, 3, 2)
	for _, v := range []vectors{avx2, avx512} {
		depthwise(v, depthwiseRows)
		depthwise(v, 1)
		for taps := 1; taps <= depthwiseTaps; taps++ {
			depthwiseSums(v, taps)
		}
	}
	poolKernels()
}

// tapsTile computes m rows and as many panels of 16 columns side by side, over k terms
// of each tap. The terms of the next tap follow in b, and lie skip bytes behind the last
// term in a.
func tapsTile(v vectors, m, panels int) {
	name := fmt.Sprintf("taps%dx%d%s", m, 16*panels, v.suffix)
	text(name, "func(taps, k int, a *float32, aRow, aCol, skip int, b *float32, panel int, c *float32, cRow int, start *float32, startRow int, mask uint32)")
	Doc(fmt.Sprintf("%s computes %d × %d elements of c = start + a·b over k terms of each tap, without start if that is nil; a moves on by skip bytes after each, and the panels of b are panel bytes apart. With AVX-512, mask has a bit for each column of the last panel.", name, m, 16*panels))
	taps := Load(Param("taps"), GP64())
	a := loadLines("a", "aRow", m)
	aCol := Load(Param("aCol"), GP64())
	skip := Load(Param("skip"), GP64())
	b := loadLines("b", "panel", panels)
	fetch(m, panels)
	var mask reg.Register
	if v.size == 64 {
		mask = K()
		KMOVW(Load(Param("mask"), GP32()), mask)
	}
	sum := v.zeros(m, panels*64/v.size)
	k := GP64()
	Label("tap")
	Load(Param("k"), k)
	terms(k, func() {
		ofA := func(i int) reg.VecVirtual {
			x := v.new()
			VBROADCASTSS(a.at(i), x)
			return x
		}
		ofB := func(j int) reg.VecVirtual { return v.load(b.at(v.size * j / 64).Offset(v.size * j % 64)) }
		addTerm(sum, panels, ofA, ofB)
		a.next(aCol)
		b.next(Imm(64))
	})
	a.next(skip)
	DECQ(taps)
	JNZ(LabelRef("tap"))
	store(sum, mask)
}

// depthwiseRows is how many rows depthwise computes at once.
const depthwiseRows = 4

// depthwise computes rows of a convolution in which every channel is separate, some at
// once, a vector of channels at a time. It keeps their sums in registers over the taps.
func depthwise(v vectors, rows int) {
	name := fmt.Sprintf("depthwise%d%s", rows, v.suffix)
	text(name, "func(m, n, taps int, x *float32, xRow, xTap, xNext int, w *float32, wTap int, start, y *float32, yRow, yNext int)")
	Doc(fmt.Sprintf("%s computes y = start + Σ x·w over the taps, for m rows, a multiple of %d, and n channels, a multiple of %d; xNext and yNext lead from the end of a row to the next %d rows.", name, rows, v.size/4, rows))
	m := Load(Param("m"), GP64())
	x := Load(Param("x"), GP64())
	xRow := Load(Param("xRow"), GP64())
	xTap := Load(Param("xTap"), GP64())
	wTap := Load(Param("wTap"), GP64())
	y := Load(Param("y"), GP64())
	n, w, start := GP64(), GP64(), GP64()
	Label("rows")
	Load(Param("n"), n)
	Load(Param("w"), w)
	Load(Param("start"), start)
	Label("channels")
	first := v.load(at(start))
	sum := make([]reg.VecVirtual, rows)
	for i := range sum {
		sum[i] = v.new()
		VMOVUPS(first, sum[i])
	}
	a := lines{[]reg.GPVirtual{GP64()}, xRow}
	MOVQ(x, a.pointers[0])
	if rows > 3 {
		a.pointers = append(a.pointers, GP64())
		LEAQ(Mem{Base: x, Index: xRow, Scale: 2}, a.pointers[1])
		ADDQ(xRow, a.pointers[1])
	}
	b, taps := GP64(), GP64()
	MOVQ(w, b)
	Load(Param("taps"), taps)
	Label("taps")
	weights := v.load(at(b))
	for i := range sum {
		VFMADD231PS(a.at(i), weights, sum[i])
	}
	a.next(xTap)
	ADDQ(wTap, b)
	DECQ(taps)
	JNZ(LabelRef("taps"))
	to, yRow := GP64(), GP64()
	MOVQ(y, to)
	Load(Param("yRow"), yRow)
	for i := range sum {
		VMOVUPS(sum[i], at(to))
		if i+1 < rows {
			ADDQ(yRow, to)
		}
	}
	for _, p := range []reg.Register{x, w, start, y} {
		ADDQ(Imm(uint64(v.size)), p)
	}
	SUBQ(Imm(uint64(v.size/4)), n)
	JGT(LabelRef("channels"))
	next := GP64()
	Load(Param("xNext"), next)
	ADDQ(next, x)
	Load(Param("yNext"), next)
	ADDQ(next, y)
	SUBQ(Imm(uint64(rows)), m)
	JGT(LabelRef("rows"))
	VZEROUPPER()
	RET()
}

// depthwiseTaps is how many taps depthwiseSums computes at once.
const depthwiseTaps = 4

// depthwiseSums computes sums over rows for some taps: the gradients of the weights of
// depthwise. It takes a vector of channels at a time.
func depthwiseSums(v vectors, taps int) {
	name := fmt.Sprintf("depthwiseSums%d%s", taps, v.suffix)
	text(name, "func(m, n int, x *float32, xRow, xTap int, y *float32, yRow int, w *float32, wTap int)")
	Doc(fmt.Sprintf("%s computes w = Σ x·y over m rows, for %d taps and n channels, a multiple of %d.", name, taps, v.size/4))
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	xRow := Load(Param("xRow"), GP64())
	xTap := Load(Param("xTap"), GP64())
	y := Load(Param("y"), GP64())
	yRow := Load(Param("yRow"), GP64())
	w := Load(Param("w"), GP64())
	wTap := Load(Param("wTap"), GP64())
	Label("channels")
	sum := v.zeros(1, taps)[0]
	a := lines{[]reg.GPVirtual{GP64()}, xTap}
	MOVQ(x, a.pointers[0])
	if taps > 3 {
		a.pointers = append(a.pointers, GP64())
		LEAQ(Mem{Base: x, Index: xTap, Scale: 2}, a.pointers[1])
		ADDQ(xTap, a.pointers[1])
	}
	b, m := GP64(), GP64()
	MOVQ(y, b)
	Load(Param("m"), m)
	Label("rows")
	row := v.load(at(b))
	for i := range sum {
		VFMADD231PS(a.at(i), row, sum[i])
	}
	a.next(xRow)
	ADDQ(yRow, b)
	DECQ(m)
	JNZ(LabelRef("rows"))
	to := GP64()
	MOVQ(w, to)
	for i := range sum {
		VMOVUPS(sum[i], at(to))
		if i+1 < taps {
			ADDQ(wTap, to)
		}
	}
	for _, p := range []reg.Register{x, y, w} {
		ADDQ(Imm(uint64(v.size)), p)
	}
	SUBQ(Imm(uint64(v.size/4)), n)
	JGT(LabelRef("channels"))
	VZEROUPPER()
	RET()
}
