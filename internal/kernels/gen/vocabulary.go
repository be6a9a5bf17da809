package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowBlock is how many elements the kernels of rows take at a time, and so the number of
// their parallel sums. AVX2 holds it in four vectors and AVX-512 in two, so both add in
// the same order.
const rowBlock = 32

// vocabularyKernels work on rows of logits and probabilities. Their lengths are multiples
// of rowBlock.
func vocabularyKernels() {
	for _, v := range []vectors{avx2, avx512} {
		v.rowExtremes()
		v.rowExpSum()
		v.rowExpTimes()
		v.rowExpTargets()
		v.rowTargetDot()
		v.rowShift()
		v.rowTimesLess()
	}
}

// row begins a kernel of rows, and returns its length and its pointers.
func (v vectors) row(name, params, result, doc string, pointers ...string) (n reg.Register, p []reg.Register) {
	name += v.set()
	text(name, "func(n int, "+params+")"+result)
	Doc(name + " " + doc)
	n = Load(Param("n"), GP64())
	for _, at := range pointers {
		p = append(p, Load(Param(at), GP64()))
	}
	return n, p
}

// overRow calls body for every vector of a block, with its number and where the vector
// lies behind each pointer, and repeats that for all blocks of a row.
func (v vectors) overRow(n reg.Register, pointers []reg.Register, body func(i int, at []Mem)) {
	Label("next")
	for i := range 4 * rowBlock / v.size {
		var at []Mem
		for _, p := range pointers {
			at = append(at, Mem{Base: p, Disp: v.size * i})
		}
		body(i, at)
	}
	for _, p := range pointers {
		ADDQ(Imm(4*rowBlock), p)
	}
	SUBQ(Imm(rowBlock), n)
	JGT(LabelRef("next"))
}

// eachRow is a whole kernel that does body for every vector of a row.
func (v vectors) eachRow(n reg.Register, pointers []reg.Register, body func(at []Mem)) {
	v.overRow(n, pointers, func(_ int, at []Mem) { body(at) })
	VZEROUPPER()
	RET()
}

func addRow(y, x reg.Register) { VADDPS(y, x, x) }

// rowExtremes never take a NaN, since that is the first operand of a comparison, and the
// second is the result if one of the two is NaN.
func (v vectors) rowExtremes() {
	for _, e := range []struct {
		name, doc string
		start     float64
		f         func(second, first, to Op)
	}{
		{"rowLargest", "is the largest of x that is not NaN.", math.Inf(-1), func(second, first, to Op) { VMAXPS(second, first, to) }},
		{"rowSmallest", "is the smallest of x that is not NaN.", math.Inf(1), func(second, first, to Op) { VMINPS(second, first, to) }},
	} {
		n, p := v.row(e.name, "x *float32", " float32", e.doc, "x")
		var most []reg.VecVirtual
		for range 4 * rowBlock / v.size {
			most = append(most, v.load(constant(float32(e.start))))
		}
		v.overRow(n, p, func(i int, at []Mem) { e.f(most[i], v.load(at[0]), most[i]) })
		v.giveBack(most, func(y, x reg.Register) { e.f(y, x, x) })
	}
}

// expLess is e to the power of the vector at x, minus less.
func (v vectors) expLess(x Mem, less reg.VecVirtual, l limits) reg.VecVirtual {
	d := v.load(x)
	VSUBPS(less, d, d)
	return v.exp(d, l)
}

func (v vectors) rowExpSum() {
	n, p := v.row("rowExpSum", "x *float32, less float32", " float32", "is the sum of eˣ⁻ˡᵉˢˢ.", "x")
	less, l := v.scalar("less"), v.expLimits()
	sum := v.zeros(1, 4*rowBlock/v.size)[0]
	v.overRow(n, p, func(i int, at []Mem) { VADDPS(v.expLess(at[0], less, l), sum[i], sum[i]) })
	v.giveBack(sum, addRow)
}

func (v vectors) rowExpTimes() {
	n, p := v.row("rowExpTimes", "x, y *float32, less, factor float32", "", "computes y = factor·eˣ⁻ˡᵉˢˢ.", "x", "y")
	less, factor, l := v.scalar("less"), v.scalar("factor"), v.expLimits()
	v.eachRow(n, p, func(at []Mem) {
		e := v.expLess(at[0], less, l)
		VMULPS(factor, e, e)
		VMOVUPS(e, at[1])
	})
}

func (v vectors) rowExpTargets() {
	n, p := v.row("rowExpTargets", "x, t, y *float32, less, factor, a, b float32", "", "computes y = factor·eˣ⁻ˡᵉˢˢ − (a·t + b).", "x", "t", "y")
	less, factor, a, b, l := v.scalar("less"), v.scalar("factor"), v.scalar("a"), v.scalar("b"), v.expLimits()
	v.eachRow(n, p, func(at []Mem) {
		e := v.expLess(at[0], less, l)
		target := v.load(at[1])
		VFMADD213PS(b, a, target)
		VFMSUB213PS(target, factor, e)
		VMOVUPS(e, at[2])
	})
}

func (v vectors) rowTargetDot() {
	n, p := v.row("rowTargetDot", "x, t *float32, less, a, b float32", " float32", "is the sum of (a·t + b)·(less − x).", "x", "t")
	less, a, b := v.scalar("less"), v.scalar("a"), v.scalar("b")
	sum := v.zeros(1, 4*rowBlock/v.size)[0]
	v.overRow(n, p, func(i int, at []Mem) {
		d, target := v.new(), v.load(at[1])
		VSUBPS(at[0], less, d)
		VFMADD213PS(b, a, target)
		VFMADD231PS(target, d, sum[i])
	})
	v.giveBack(sum, addRow)
}

func (v vectors) rowShift() {
	n, p := v.row("rowShift", "x, y *float32, less, more float32", "", "computes y = (x − less) − more.", "x", "y")
	less, more := v.scalar("less"), v.scalar("more")
	v.eachRow(n, p, func(at []Mem) {
		y := v.load(at[0])
		VSUBPS(less, y, y)
		VSUBPS(more, y, y)
		VMOVUPS(y, at[1])
	})
}

func (v vectors) rowTimesLess() {
	n, p := v.row("rowTimesLess", "x, y, z *float32, less float32", "", "computes z = x·(y − less).", "x", "y", "z")
	less := v.scalar("less")
	v.eachRow(n, p, func(at []Mem) {
		z := v.load(at[1])
		VSUBPS(less, z, z)
		VMULPS(at[0], z, z)
		VMOVUPS(z, at[2])
	})
}
