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
	Doc(fmt.Sprintf("tile%dx16 computes %d × 16 elements of c = a·b, or with add of c + a·b, over k terms.", m, m))
	k := Load(Param("k"), GP64())
	a := loadRows(m)
	b := Load(Param("b"), GP64())
	bRow := Load(Param("bRow"), GP64())
	sum := zeros(m, 2)
	terms(k, func() {
		b0, b1 := load(b), loadMem(Mem{Base: b, Disp: 32})
		for i := range sum {
			x := a.broadcast(i)
			VFMADD231PS(b0, x, sum[i][0])
			VFMADD231PS(b1, x, sum[i][1])
		}
		a.next()
		ADDQ(bRow, b)
	})
	store(sum)
}

// strip computes m rows and as many panels of 16 columns side by side: few
// rows alone have too few sums to keep the processor's adders busy.
func strip(m, panels int) {
	name := fmt.Sprintf("strip%dx%d", m, 16*panels)
	TEXT(name, NOSPLIT|NOFRAME, "func(k int, a *float32, aRow, aCol int, b *float32, panel int, c *float32, cRow int, add bool)")
	Doc(fmt.Sprintf("%s computes %d × %d elements of c = a·b, or with add of c + a·b, over k terms; the panels of b are panel bytes apart.", name, m, 16*panels))
	k := Load(Param("k"), GP64())
	a := loadRows(m)
	b := Load(Param("b"), GP64())
	panel := Load(Param("panel"), GP64())
	// Panels 0 to 2 are reached from b, panel 3 from b3.
	b3 := GP64()
	if panels > 3 {
		LEAQ(Mem{Base: b, Index: panel, Scale: 2}, b3)
		ADDQ(panel, b3)
	}
	sum := zeros(m, 2*panels)
	terms(k, func() {
		x := make([]reg.VecVirtual, m)
		for i := range x {
			x[i] = a.broadcast(i)
		}
		for p := range panels {
			from := Mem{Base: b}
			switch p {
			case 1, 2:
				from = Mem{Base: b, Index: panel, Scale: uint8(p)}
			case 3:
				from = Mem{Base: b3}
			}
			for half := range 2 {
				y := loadMem(from.Offset(32 * half))
				for i := range x {
					VFMADD231PS(y, x[i], sum[i][2*p+half])
				}
			}
		}
		a.next()
		ADDQ(Imm(64), b)
		if panels > 3 {
			ADDQ(Imm(64), b3)
		}
	})
	store(sum)
}

// rows are the elements of up to 6 rows of a, in one column.
type rows struct {
	a, a3    reg.GPVirtual // rows 0 to 2 are reached from a, rows 3 to 5 from a3
	row, col reg.Register
	n        int
}

func loadRows(n int) rows {
	r := rows{a: GP64(), a3: GP64(), n: n}
	Load(Param("a"), r.a)
	r.row = Load(Param("aRow"), GP64())
	r.col = Load(Param("aCol"), GP64())
	if n > 3 {
		LEAQ(Mem{Base: r.a, Index: r.row, Scale: 2}, r.a3)
		ADDQ(r.row, r.a3)
	}
	return r
}

// broadcast is a vector of the element of row i.
func (r rows) broadcast(i int) reg.VecVirtual {
	base := r.a
	if i >= 3 {
		base, i = r.a3, i-3
	}
	m := Mem{Base: base}
	if i > 0 {
		m = Mem{Base: base, Index: r.row, Scale: uint8(i)}
	}
	x := YMM()
	VBROADCASTSS(m, x)
	return x
}

// next goes to the next column.
func (r rows) next() {
	ADDQ(r.col, r.a)
	if r.n > 3 {
		ADDQ(r.col, r.a3)
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
			VADDPS(Mem{Base: from, Disp: 32 * j}, x, x)
		}
		ADDQ(cRow, from)
	}
	Label("store")
	for i := range sum {
		for j, x := range sum[i] {
			VMOVUPS(x, Mem{Base: c, Disp: 32 * j})
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}

func zeros(m, n int) [][]reg.VecVirtual {
	sum := make([][]reg.VecVirtual, m)
	for i := range sum {
		for range n {
			sum[i] = append(sum[i], zero())
		}
	}
	return sum
}

func zero() reg.VecVirtual {
	x := YMM()
	VXORPS(x, x, x)
	return x
}
