package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// polynomial is c[0]·xᵏ + c[1]·xᵏ⁻¹ + … + c[k].
func (v vectors) polynomial(x reg.VecVirtual, c ...float32) reg.VecVirtual {
	p := v.load(constant(c[0]))
	for _, c := range c[1:] {
		VFMADD213PS(constant(c), x, p)
	}
	return p
}

// expm1 is eˣ − 1, with its digits near 0.
func (v vectors) expm1(x reg.VecVirtual, l limits) reg.VecVirtual {
	t, n := v.reduce(x, l)
	n = power(n)
	below := v.new()
	VSUBPS(constant(1), n, below) // 2ⁿ − 1
	VFMADD213PS(below, n, t)      // 2ⁿ·(eʳ − 1) + 2ⁿ − 1
	return t
}

// log writes x = 2ⁿ·(1 + f) with 1 + f between √½ and √2. The polynomial is that of
// Cephes' logf (Moshier).
func (v vectors) log(x reg.VecVirtual) reg.VecVirtual {
	// A subnormal number becomes an ordinary one; its exponent is corrected below.
	small := v.compare(less, x, v.load(constant(0x1p-126)))
	scaled := v.choose(small, v.times(x, v.load(constant(0x1p25))), x)
	lower := v.keep(small, v.load(constant(25)))
	n := v.new()
	VPSUBD(constantBits(math.Float32bits(math.Sqrt2/2)), scaled, n)
	VPSRAD(Imm(23), n, n)
	up, f := v.new(), v.new()
	VPSLLD(Imm(23), n, up)
	VPSUBD(up, scaled, f)
	VCVTDQ2PS(n, n)
	n = v.minus(n, lower)
	VSUBPS(constant(1), f, f)
	p := v.polynomial(f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	square := v.times(f, f)
	y := v.times(v.times(p, f), square)
	VFMADD231PS(constant(-2.12194440e-4), n, y)
	VFNMADD231PS(constant(0.5), square, y)
	y = v.plus(f, y)
	VFMADD231PS(constant(0.693359375), n, y)
	y = v.choose(v.compare(less, x, v.load(constant(float32(math.Inf(1))))), y, x) // ∞ and NaN
	y = v.choose(v.compare(less, x, v.zero()), v.load(constantBits(0x7fc00000)), y)
	return v.choose(v.compare(equal, x, v.zero()), v.load(constant(float32(math.Inf(-1)))), y)
}

// logistic is a sigmoid over the whole range, with what its slope is made of.
type logistic struct {
	v        vectors
	value    reg.VecVirtual
	e, below reg.VecVirtual // e⁻ˡˣˡ and 1/(1 + e⁻ˡˣˡ)
}

// logistic takes e⁻ˡˣˡ, which never overflows, so that small results keep their digits.
func (v vectors) logistic(x reg.VecVirtual, l limits) logistic {
	e := v.exp(v.negative(v.abs(x)), l)
	one := v.load(constant(1))
	below := v.over(one, v.plus(e, one))
	top := v.choose(v.compare(less, x, v.zero()), e, one)
	return logistic{v, v.times(top, below), e, below}
}

// slope is s·(1 − s) without a difference.
func (s logistic) slope() reg.VecVirtual {
	return s.v.times(s.v.times(s.e, s.below), s.below)
}

// softplus is max(x, 0) + log(1 + u) with u = e⁻ˡˣˡ. The logarithm is 2·artanh(s) with
// s = u/(2 + u), at most ⅓; the first term that its series leaves out is below 3e-9.
func (v vectors) softplus(x reg.VecVirtual, l limits) reg.VecVirtual {
	u := v.exp(v.negative(v.abs(x)), l)
	s := v.over(u, v.plus(u, v.load(constant(2))))
	square := v.times(s, s)
	p := v.polynomial(square, 1./15, 1./13, 1./11, 1./9, 1./7, 1./5, 1./3)
	s = v.plus(s, s)
	return v.plus(v.timesPlus(v.times(p, square), s, s), v.max(v.zero(), x))
}

// tanhShrink is a polynomial near 0, where the difference would cancel. It was fitted to
// the function, with a relative error below 6e-8.
func (v vectors) tanhShrink(x reg.VecVirtual, l limits) reg.VecVirtual {
	square := v.times(x, x)
	p := v.polynomial(square, -8.446314313914627e-05, 0.0006948039517737925, -0.002852242672815919, 0.008423690684139729,
		-0.021720202639698982, 0.05394257232546806, -0.13333161175251007, 0.3333333134651184)
	near := v.times(v.times(p, square), x)
	return v.choose(v.compare(less, v.abs(x), v.load(constant(1.2))), near, v.minus(x, v.tanh(x, l)))
}

// squareplus also returns the root r = √(x² + b). Where x² would overflow, r is |x|, so b
// is at most 2¹⁰⁰.
func (v vectors) squareplus(x, b reg.VecVirtual) (y, r reg.VecVirtual) {
	size := v.abs(x)
	some := v.min(v.load(constant(0x1p62)), size)
	r = v.max(size, v.sqrt(v.timesPlus(some, some, b)))
	half := v.load(constant(0.5))
	right := v.timesPlus(r, half, v.times(x, half))
	left := v.over(v.times(b, half), v.plus(r, size)) // the same, without a difference
	return v.choose(v.compare(less, x, v.zero()), left, right), r
}

// mish returns t = tanh(log(1 + eˣ)) and (1 − t²)·sigmoid(x), which is 0 where t is 1.
// With n = e·(e + 2) for e = eˣ they are n/(n + 2) and 4e·(1 + e)/(n + 2)².
func (v vectors) mish(x reg.VecVirtual, l limits) (t, bend reg.VecVirtual) {
	most, one := v.load(constant(20)), v.load(constant(1))
	e := v.exp(v.min(most, x), l)
	twice := v.plus(e, e)
	n := v.timesPlus(e, e, twice)
	below := v.over(one, v.plus(n, v.load(constant(2))))
	bend = v.times(v.times(v.times(v.plus(twice, twice), below), v.plus(e, one)), below)
	return v.times(n, below), v.keep(v.compare(lessEqual, x, most), bend)
}

// normal returns Φ(x) and its derivative. Φ(−t) is e^(−t²/2)·R(t) with a smooth R, which
// is a polynomial in w = 1/(1 + 0.35 t), fitted over t from 0 to 14.6 with a relative
// error below 4e-8.
func (v vectors) normal(x reg.VecVirtual, l limits) (phi, density reg.VecVirtual) {
	one, half := v.load(constant(1)), v.load(constant(0.5))
	t := v.min(v.load(constant(20)), v.abs(x))
	square := v.times(t, t)
	rounded := v.new() // t² − square
	VMOVAPS(square, rounded)
	VFMSUB231PS(t, t, rounded)
	e := v.exp(v.negative(v.times(square, half)), l)
	e = v.timesPlus(e, v.negative(v.times(rounded, half)), e)
	w := v.over(one, v.timesPlus(t, v.load(constant(0.35)), one))
	p := v.polynomial(w, -0.02915976382791996, 0.14404015243053436, -0.25585830211639404, 0.15934202075004578,
		-0.02322791889309883, 0.10555918514728546, 0.11981956660747528, 0.1398637592792511, 0.1396212875843048)
	tail := v.times(v.times(p, w), e)
	phi = v.choose(v.compare(less, x, v.zero()), tail, v.minus(one, tail))
	return phi, v.times(e, v.load(constant(float32(1/math.Sqrt(2*math.Pi)))))
}

// The approximation of GELU is x·sigmoid(z), since 1 + tanh(u) = 2 sigmoid(2u).
const geluCubic = 0.044715

var geluRate = 2 * math.Sqrt(2/math.Pi)

// geluBend is z = 2·√(2/π)·(x + 0.044715 x³).
func (v vectors) geluBend(x reg.VecVirtual) reg.VecVirtual {
	rate := v.load(constant(float32(geluRate)))
	return v.times(v.timesPlus(v.times(x, x), v.load(constant(float32(geluRate*geluCubic))), rate), x)
}

func (v vectors) geluTanhSlope(x reg.VecVirtual, l limits) reg.VecVirtual {
	most := v.load(constant(100)) // where the slope of the sigmoid is 0
	some := v.max(v.negative(most), v.min(most, x))
	s := v.logistic(v.geluBend(some), l)
	bend := v.timesPlus(v.times(some, some), v.load(constant(float32(3*geluRate*geluCubic))), v.load(constant(float32(geluRate))))
	return v.timesPlus(v.times(s.slope(), some), bend, s.value)
}
