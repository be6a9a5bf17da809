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
		tile(avx2, m, 1, "")
	}
	// Few rows alone have too few sums to keep the processor's adders busy.
	tile(avx2, 1, 4, "")
	tile(avx2, 2, 2, "")
	tile(avx2, 3, 2, "")
	packKernels()
	tile(avx512, 1, 8, "")
	// The largest takes 31 of 32 registers: 24 sums, 6 elements of a, a vector of b.
	for m := 1; m <= rowsPerTile; m++ {
		for panels := 1; panels <= 4; panels++ {
			tile(avx512, m, panels, "")
		}
		tile(avx512, m, 1, partly)
	}
}

// partly marks a tile that reads no other columns of b than those of c. A load under a mask
// takes the place of a multiplication on some processors, so others read whole panels.
const partly = "Partly"

// tile computes m rows and as many panels of 16 columns side by side. With AVX-512, the
// last panel of c may have fewer columns.
func tile(v vectors, m, panels int, kind string) {
	masked := v.size == 64
	parameters, part := "", "."
	if masked {
		parameters, part = ", mask uint32, ahead *float32", "; mask has a bit for each column of the last panel."
	}
	fetches := masked && m > 3 // with fewer rows, reading b takes longer than the sums
	if fetches {
		part += " For each term a line of the caches is fetched from ahead."
	}
	name := fmt.Sprintf("tile%dx%d%s%s", m, 16*panels, kind, v.suffix)
	text(name, "func(k int, a *float32, aRow, aCol int, b *float32, bRow, panel int, c *float32, cRow int, start *float32, startRow int"+parameters+")")
	Doc(fmt.Sprintf("%s computes %d × %d elements of c = start + a·b over k terms, without start if that is nil; the panels of b are panel bytes apart%s", name, m, 16*panels, part))
	k := Load(Param("k"), GP64())
	a := loadLines("a", "aRow", m)
	aCol := Load(Param("aCol"), GP64())
	b := loadLines("b", "panel", panels)
	bRow := Load(Param("bRow"), GP64())
	fetch(m, panels)
	var mask, ahead reg.Register
	if masked {
		mask = K()
		KMOVW(Load(Param("mask"), GP32()), mask)
	}
	if fetches {
		ahead = Load(Param("ahead"), GP64())
	}
	sum := v.zeros(m, panels*64/v.size)
	ofA := func(i int) reg.VecVirtual {
		x := v.new()
		VBROADCASTSS(a.at(i), x)
		return x
	}
	ofB := func(j int) reg.VecVirtual {
		y, from := v.new(), b.at(v.size*j/64).Offset(v.size*j%64)
		if kind == partly {
			VMOVUPS_Z(from, mask, y)
		} else {
			VMOVUPS(from, y)
		}
		return y
	}
	terms(k, func() {
		addTerm(sum, panels, ofA, ofB)
		a.next(aCol)
		b.next(bRow)
		if fetches {
			PREFETCHT1(at(ahead))
			ADDQ(Imm(64), ahead)
		}
	})
	store(sum, mask)
}

// addTerm adds a term of a product to the sums of a tile [rows][vectors] of some panels: the
// rows of a, each in all lanes of a vector, times the vectors of b.
func addTerm(sum [][]reg.VecVirtual, panels int, ofA, ofB func(i int) reg.VecVirtual) {
	if panels == 1 { // fewer registers than the other way round
		y := vectorsOf(len(sum[0]), ofB)
		for i := range sum {
			x := ofA(i)
			for j := range y {
				VFMADD231PS(y[j], x, sum[i][j])
			}
		}
		return
	}
	x := vectorsOf(len(sum), ofA)
	for j := range sum[0] {
		y := ofB(j)
		for i := range x {
			VFMADD231PS(y, x[i], sum[i][j])
		}
	}
}

// vectorsOf are n vectors.
func vectorsOf(n int, load func(i int) reg.VecVirtual) []reg.VecVirtual {
	x := make([]reg.VecVirtual, n)
	for i := range x {
		x[i] = load(i)
	}
	return x
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

// store writes the rows of sums to c, plus those of start unless that is nil, and returns.
// Of the last vector of a row it takes the elements that are set in mask, unless that is nil.
func store(sum [][]reg.VecVirtual, mask reg.Register) {
	c := Load(Param("c"), GP64())
	cRow := Load(Param("cRow"), GP64())
	start := Load(Param("start"), GP64())
	startRow := Load(Param("startRow"), GP64())
	TESTQ(start, start)
	JZ(LabelRef("store"))
	for i := range sum {
		for j, x := range sum[i] {
			at := Mem{Base: start, Disp: int(x.Size()) * j}
			if mask != nil && j == len(sum[i])-1 {
				VADDPS_Z(at, x, mask, x)
			} else {
				VADDPS(at, x, x)
			}
		}
		ADDQ(startRow, start)
	}
	Label("store")
	for i := range sum {
		for j, x := range sum[i] {
			at := Mem{Base: c, Disp: int(x.Size()) * j}
			if mask != nil && j == len(sum[i])-1 {
				VMOVUPS(x, mask, at)
			} else {
				VMOVUPS(x, at)
			}
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}
