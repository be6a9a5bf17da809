package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// attentionKernels are the parts of attention in tiles. The columns of a tile of
// scores are queries, so that the largest score and the sum of a query need no
// sums across a vector.
func attentionKernels() {
	columns(avx2, 4, 16)
	columns(avx512, 8, 16)
	columns(avx512, 8, 32)
	for _, v := range []vectors{avx2, avx512} {
		weigh(v)
		weighGradient(v)
		scaleColumns(v)
	}
	scaleRows()
}

// place is one operand with its rows.
type place struct{ at, row reg.Register }

func loadPlace(name string) place {
	return place{Load(Param(name), GP64()), Load(Param(name+"Row"), GP64())}
}

// columns computes blocks of m rows and n columns of c = a·b, or adds them to c.
func columns(v vectors, m, n int) {
	name := fmt.Sprintf("attend%dx%d%s", m, n, v.suffix)
	text(name, "func(blocks, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, add bool)")
	Doc(fmt.Sprintf("%s computes blocks of %d rows and %d columns of c = a·b, or with add of c + a·b, over k terms.", name, m, n))
	blocks := Load(Param("blocks"), GP64())
	a, c := loadPlace("a"), loadPlace("c")
	aCol := Load(Param("aCol"), GP64())
	bRow := Load(Param("bRow"), GP64())
	Label("block")
	from := lines{apart: a.row}
	for i := 0; i < m; i += 3 {
		p := GP64()
		if i == 0 {
			MOVQ(a.at, p)
		} else {
			LEAQ(Mem{Base: from.pointers[len(from.pointers)-1], Index: a.row, Scale: 2}, p)
			ADDQ(a.row, p)
		}
		from.pointers = append(from.pointers, p)
	}
	k := Load(Param("k"), GP64())
	b := Load(Param("b"), GP64())
	sum := v.zeros(m, 4*n/v.size)
	terms(k, func() {
		y := make([]reg.VecVirtual, len(sum[0]))
		for j := range y {
			y[j] = v.load(Mem{Base: b, Disp: v.size * j})
		}
		for i := range sum {
			x := v.new()
			VBROADCASTSS(from.at(i), x)
			for j := range y {
				VFMADD231PS(y[j], x, sum[i][j])
			}
		}
		from.next(aCol)
		ADDQ(bRow, b)
	})
	add := Load(Param("add"), GP8())
	TESTB(add, add)
	JZ(LabelRef("store"))
	to := GP64()
	MOVQ(c.at, to)
	for i := range sum {
		for j, x := range sum[i] {
			VADDPS(Mem{Base: to, Disp: v.size * j}, x, x)
		}
		ADDQ(c.row, to)
	}
	Label("store")
	for i := range sum {
		for j, x := range sum[i] {
			VMOVUPS(x, Mem{Base: c.at, Disp: v.size * j})
		}
		ADDQ(c.row, c.at)
	}
	LEAQ(Mem{Base: a.at, Index: a.row, Scale: uint8(m)}, a.at)
	DECQ(blocks)
	JGT(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// weightLimits are what weightOf needs in registers: the least exponent, log₂ e and the
// number that rounds.
type weightLimits struct{ low, log2e, round reg.VecVirtual }

// rounding is 3·2²²: a sum with it is rounded to a whole number, which is then in the
// lowest bits. The further 127 makes them those of the exponent of 2ⁿ.
const rounding = 3<<22 + 127

// The least exponent is rounded to −127, which makes 0.
func (v vectors) weightLimits() weightLimits {
	return weightLimits{v.load(constant(-88)), v.load(constant(math.Log2E)), v.load(constant(rounding))}
}

// weightOf is eˣ for x ≤ 0, made in place: 2ʳ·2ⁿ with a whole n, and 0 where n is less
// than −126. It is exactly 1 for 0. A NaN stays one. The polynomial is the one of least
// relative error with the constant 1, 2e-9. The error is at most 2 + |x|/4 units of 2⁻²⁴.
func (v vectors) weightOf(x reg.VecVirtual, l weightLimits) reg.VecVirtual {
	VMAXPS(x, l.low, x) // if one of the two is NaN, the first wins
	n, whole := v.new(), v.new()
	VMOVAPS(l.round, n)
	VFMADD231PS(l.log2e, x, n)
	VSUBPS(l.round, n, whole)
	VFMSUB132PS(l.log2e, whole, x) // r = x·log₂ e − n
	p := v.load(constant(0.0001535336))
	for _, c := range []float32{0.0013398875, 0.009618437, 0.055503324, 0.24022648, 0.6931472, 1} {
		VFMADD213PS(constant(c), x, p)
	}
	VPSLLD(Imm(23), n, n)
	VMULPS(n, p, p)
	return p
}

// each repeats body for groups of one vector of columns.
func each(v vectors, pointers []reg.Register, body func()) {
	n := Load(Param("n"), GP64())
	Label("group")
	body()
	for _, p := range pointers {
		ADDQ(Imm(uint64(v.size)), p)
	}
	SUBQ(Imm(uint64(v.size/4)), n)
	JGT(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// weigh is a step of a softmax whose scores come part by part.
func weigh(v vectors) {
	name := "weigh" + v.set()
	text(name, "func(rows, n int, x *float32, xRow int, most, sum, less *float32)")
	Doc(name+" computes x = eˣ⁻ᵐᵒˢᵗ for rows of n columns, after most has become the largest of each column and of itself;",
		"it multiplies sum with less = e to the difference of the two, and adds the column to it.")
	x := loadPlace("x")
	most := Load(Param("most"), GP64())
	sum := Load(Param("sum"), GP64())
	less := Load(Param("less"), GP64())
	l := v.weightLimits()
	each(v, []reg.Register{x.at, most, sum, less}, func() {
		before := v.load(Mem{Base: most})
		m := v.new()
		VMOVAPS(before, m)
		rows := Load(Param("rows"), GP64())
		p := GP64()
		MOVQ(x.at, p)
		Label("most4")
		SUBQ(Imm(4), rows)
		JLT(LabelRef("fewer"))
		y := v.load(at(p))
		VMAXPS(Mem{Base: p, Index: x.row, Scale: 1}, y, y)
		LEAQ(Mem{Base: p, Index: x.row, Scale: 2}, p)
		z := v.load(at(p))
		VMAXPS(Mem{Base: p, Index: x.row, Scale: 1}, z, z)
		LEAQ(Mem{Base: p, Index: x.row, Scale: 2}, p)
		VMAXPS(y, z, z)
		VMAXPS(z, m, m)
		JMP(LabelRef("most4"))
		Label("fewer")
		ADDQ(Imm(4), rows)
		JZ(LabelRef("found"))
		Label("most1")
		VMAXPS(at(p), m, m)
		ADDQ(x.row, p)
		DECQ(rows)
		JGT(LabelRef("most1"))
		Label("found")
		VMOVUPS(m, Mem{Base: most})
		// Where every score is −∞, the difference to another number must be −∞, not NaN.
		finite := v.load(constant(-math.MaxFloat32))
		VMAXPS(m, finite, m)
		VSUBPS(m, before, before)
		factor := v.weightOf(before, l)
		VMOVUPS(factor, Mem{Base: less})

		total := v.zero()
		rows = Load(Param("rows"), GP64())
		MOVQ(x.at, p)
		Label("row")
		w := v.load(at(p))
		VSUBPS(m, w, w)
		w = v.weightOf(w, l)
		VMOVUPS(w, at(p))
		VADDPS(w, total, total)
		ADDQ(x.row, p)
		DECQ(rows)
		JGT(LabelRef("row"))
		VFMADD231PS(Mem{Base: sum}, factor, total)
		VMOVUPS(total, Mem{Base: sum})
	})
}

// weighGradient computes weights again, and the gradient of the scores.
func weighGradient(v vectors) {
	name := "weighGradient" + v.set()
	text(name, "func(rows, n int, x, dx *float32, xRow int, most, dot *float32)")
	Doc(name + " computes x = eˣ⁻ᵐᵒˢᵗ and dx = x·(dx − dot) for rows of n columns.")
	x := loadPlace("x")
	dx := Load(Param("dx"), GP64())
	most := Load(Param("most"), GP64())
	dot := Load(Param("dot"), GP64())
	l := v.weightLimits()
	each(v, []reg.Register{x.at, dx, most, dot}, func() {
		m, d := v.load(Mem{Base: most}), v.load(Mem{Base: dot})
		rows := Load(Param("rows"), GP64())
		p, q := GP64(), GP64()
		MOVQ(x.at, p)
		MOVQ(dx, q)
		Label("row")
		w := v.load(at(p))
		VSUBPS(m, w, w)
		w = v.weightOf(w, l)
		VMOVUPS(w, at(p))
		g := v.load(at(q))
		VSUBPS(d, g, g)
		VMULPS(w, g, g)
		VMOVUPS(g, at(q))
		ADDQ(x.row, p)
		ADDQ(x.row, q)
		DECQ(rows)
		JGT(LabelRef("row"))
	})
}

func scaleColumns(v vectors) {
	name := "scaleColumns" + v.set()
	text(name, "func(rows, n int, x *float32, xRow int, by *float32)")
	Doc(name + " multiplies each row of n columns of x with by.")
	x := loadPlace("x")
	by := Load(Param("by"), GP64())
	each(v, []reg.Register{x.at, by}, func() {
		f := v.load(Mem{Base: by})
		rows := Load(Param("rows"), GP64())
		p := GP64()
		MOVQ(x.at, p)
		Label("row")
		y := v.new()
		VMULPS(at(p), f, y)
		VMOVUPS(y, at(p))
		ADDQ(x.row, p)
		DECQ(rows)
		JGT(LabelRef("row"))
	})
}

func scaleRows() {
	text("scaleRowsAVX2", "func(rows, n int, by, x *float32, xRow int, y *float32, yRow int)")
	Doc("scaleRowsAVX2 writes rows of n elements of x, each multiplied with its element of by, to y.")
	rows := Load(Param("rows"), GP64())
	by := Load(Param("by"), GP64())
	x, y := loadPlace("x"), loadPlace("y")
	Label("row")
	f := YMM()
	VBROADCASTSS(Mem{Base: by}, f)
	n := Load(Param("n"), GP64())
	at := GP64()
	XORQ(at, at)
	Label("next")
	z := YMM()
	VMULPS(Mem{Base: x.at, Index: at, Scale: 1}, f, z)
	VMOVUPS(z, Mem{Base: y.at, Index: at, Scale: 1})
	ADDQ(Imm(32), at)
	SUBQ(Imm(8), n)
	JGT(LabelRef("next"))
	ADDQ(x.row, x.at)
	ADDQ(y.row, y.at)
	ADDQ(Imm(4), by)
	DECQ(rows)
	JGT(LabelRef("row"))
	VZEROUPPER()
	RET()
}
