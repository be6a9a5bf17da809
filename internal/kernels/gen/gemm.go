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

// gemmKernels are the parts of matrix products.
func gemmKernels() {
	for m := 1; m <= rowsPerTile; m++ {
		tile(m)
	}
	strip(avx2, 1, 4)
	strip(avx2, 2, 2)
	strip(avx2, 3, 2)
	packKernels()
	strip(avx512, 1, 8)
	// The largest takes 31 of 32 registers: 24 sums, 6 elements of a, a vector of b.
	for m := 1; m <= rowsPerTile; m++ {
		strip(avx512, m, 4)
		strip(avx512, m, 2)
	}
}

// tile computes m rows and 16 columns of c = a·b, or adds them to c.
func tile(m int) {
	text(fmt.Sprintf("tile%dx16", m), "func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, add bool)")
	Doc(fmt.Sprintf("tile%dx16 computes %d × 16 elements of c = a·b, or with add of c + a·b, over k terms.", m, m))
	k := Load(Param("k"), GP64())
	a := loadLines("a", "aRow", m)
	aCol := Load(Param("aCol"), GP64())
	b := Load(Param("b"), GP64())
	bRow := Load(Param("bRow"), GP64())
	sum := avx2.zeros(m, 2)
	terms(k, func() {
		b0, b1 := load(b), loadMem(Mem{Base: b, Disp: 32})
		for i := range sum {
			x := YMM()
			VBROADCASTSS(a.at(i), x)
			VFMADD231PS(b0, x, sum[i][0])
			VFMADD231PS(b1, x, sum[i][1])
		}
		a.next(aCol)
		ADDQ(bRow, b)
	})
	store(sum)
}

// strip computes m rows and as many panels of 16 columns side by side. Few rows
// alone have too few sums to keep the processor's adders busy, and AVX-512 has
// registers for many sums.
func strip(v vectors, m, panels int) {
	name := fmt.Sprintf("strip%dx%d%s", m, 16*panels, v.suffix)
	text(name, "func(k int, a *float32, aRow, aCol int, b *float32, panel int, c *float32, cRow int, add bool)")
	Doc(fmt.Sprintf("%s computes %d × %d elements of c = a·b, or with add of c + a·b, over k terms; the panels of b are panel bytes apart.", name, m, 16*panels))
	k := Load(Param("k"), GP64())
	a := loadLines("a", "aRow", m)
	aCol := Load(Param("aCol"), GP64())
	b := loadLines("b", "panel", panels)
	fetch(m, panels)
	sum := v.zeros(m, panels*64/v.size)
	terms(k, func() {
		x := make([]reg.VecVirtual, m)
		for i := range x {
			x[i] = v.new()
			VBROADCASTSS(a.at(i), x[i])
		}
		for j := range sum[0] {
			y := v.new()
			VMOVUPS(b.at(v.size*j/64).Offset(v.size*j%64), y)
			for i := range x {
				VFMADD231PS(y, x[i], sum[i][j])
			}
		}
		a.next(aCol)
		b.next(Imm(64))
	})
	store(sum)
}

// lines are places in memory that are equally far apart. Each pointer reaches
// three of them.
type lines struct {
	pointers []reg.GPVirtual
	apart    reg.Register
}

// loadLines makes n lines of two parameters, the first line and the distance.
func loadLines(first, apart string, n int) lines {
	p := GP64()
	Load(Param(first), p)
	l := lines{[]reg.GPVirtual{p}, Load(Param(apart), GP64())}
	for i := 3; i < n; i += 3 {
		next := GP64()
		LEAQ(Mem{Base: p, Index: l.apart, Scale: 2}, next)
		ADDQ(l.apart, next)
		l.pointers = append(l.pointers, next)
		p = next
	}
	return l
}

// at is the place of line i.
func (l lines) at(i int) Mem {
	m := Mem{Base: l.pointers[i/3]}
	if i%3 > 0 {
		m.Index, m.Scale = l.apart, uint8(i%3)
	}
	return m
}

// next moves all lines on.
func (l lines) next(by Op) {
	for _, p := range l.pointers {
		ADDQ(by, p)
	}
}

// terms repeats step k times, four at once as long as it can.
func terms(k reg.Register, step func()) {
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
}

// fetch calls m rows of c, which store will write, into the nearest cache: else
// the last sums wait for memory, where c is larger than the caches.
func fetch(m, lines int) {
	c := GP64()
	Load(Param("c"), c)
	cRow := Load(Param("cRow"), GP64())
	for range m {
		for j := range lines {
			PREFETCHT0(Mem{Base: c, Disp: 64 * j})
		}
		ADDQ(cRow, c)
	}
}

// store writes the rows of sums to c, or adds them to it, and returns.
func store(sum [][]reg.VecVirtual) {
	c := Load(Param("c"), GP64())
	cRow := Load(Param("cRow"), GP64())
	add := Load(Param("add"), GP8())
	TESTB(add, add)
	JZ(LabelRef("store"))
	from := GP64()
	MOVQ(c, from)
	for i := range sum {
		for j, x := range sum[i] {
			VADDPS(Mem{Base: from, Disp: int(x.Size()) * j}, x, x)
		}
		ADDQ(cRow, from)
	}
	Label("store")
	for i := range sum {
		for j, x := range sum[i] {
			VMOVUPS(x, Mem{Base: c, Disp: int(x.Size()) * j})
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}
