package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// constants holds what was declared so far, by its bits. A constant has 64 bytes, of which
// an AVX2 instruction reads the first half.
var constants = map[uint32]Mem{}

// constant is where a vector with every element v lies. Operations take it from
// there, and no register or instruction is spent on it.
func constant(v float32) Mem { return constantBits(math.Float32bits(v)) }

// constantBits is constant for numbers by their bits.
func constantBits(bits uint32) Mem {
	if _, ok := constants[bits]; !ok {
		m := GLOBL(fmt.Sprintf("f%08x", bits), RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(bits))
		}
		constants[bits] = m
	}
	return constants[bits]
}

// double is where a number of 64 bits lies.
func double(f float64) Mem {
	if _, ok := doubles[f]; !ok {
		doubles[f] = GLOBL(fmt.Sprintf("d%x", math.Float64bits(f)), RODATA|NOPTR)
		DATA(0, U64(math.Float64bits(f)))
	}
	return doubles[f]
}

var doubles = map[float64]Mem{}

// limits are registers with the least and the largest number that an exponential
// is taken of.
type limits struct{ low, high reg.VecVirtual }

func (v vectors) limits(low, high float32) limits {
	return limits{v.load(constant(low)), v.load(constant(high))}
}

// Within these limits 2ⁿ is an ordinary number; beyond them sigmoid and tanh
// have long reached theirs. The lower one is the logarithm of the least of them,
// rounded down.
func (v vectors) ordinary() limits { return v.limits(-87.33655, 88) }

// reduce writes x = n·ln 2 + r with a whole n, for x between the limits, and
// returns eʳ − 1 and n. The polynomial is that of Cephes' expf (Moshier); its
// error is below 1e-7. A NaN passes through.
func (v vectors) reduce(x reg.VecVirtual, l limits) (expm1, n reg.VecVirtual) {
	r := v.new()
	VMINPS(x, l.high, r) // if one of the two is NaN, the first wins
	VMAXPS(r, l.low, r)
	n = v.new()
	VMULPS(constant(math.Log2E), r, n)
	v.round(n)
	VFNMADD231PS(constant(0.693359375), n, r)
	VFNMADD231PS(constant(-2.12194440e-4), n, r)
	p := v.load(constant(1.9875691500e-4))
	for _, c := range []float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		VFMADD213PS(constant(c), r, p)
	}
	square := v.new()
	VMULPS(r, r, square)
	VFMADD213PS(r, square, p) // p·r² + r
	VCVTPS2DQ(n, n)
	return p, n
}

// round rounds to the nearest whole number.
func (v vectors) round(x reg.VecVirtual) {
	if v.size == 64 {
		VRNDSCALEPS(Imm(0), x, x)
	} else {
		VROUNDPS(Imm(0), x, x)
	}
}

// power is 2ⁿ for whole n from −126 to 127, made in place.
func power(n reg.VecVirtual) reg.VecVirtual {
	VPSLLD(Imm(23), n, n)
	VPADDD(constant(1), n, n) // the bits of 1 are those of the exponent 0
	return n
}

// exp is eˣ over the whole range, to 0 and to infinity, for limits of −105 and
// 90: 2ⁿ is multiplied in two halves, either of which is an ordinary number.
func (v vectors) exp(x reg.VecVirtual, l limits) reg.VecVirtual {
	p, n := v.reduce(x, l)
	half := v.new()
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	first, second := power(half), power(n)
	VFMADD213PS(first, first, p) // (eʳ − 1)·2ʰ + 2ʰ
	VMULPS(second, p, p)
	return p
}

func (v vectors) expLimits() limits { return v.limits(-105, 90) }

// sigmoid is eˣ/(eˣ + 1).
func (v vectors) sigmoid(x reg.VecVirtual, l limits) reg.VecVirtual {
	e, n := v.reduce(x, l)
	n = power(n)
	VFMADD213PS(n, n, e) // (eʳ − 1)·2ⁿ + 2ⁿ
	bottom := v.new()
	VADDPS(constant(1), e, bottom)
	VDIVPS(bottom, e, e)
	return e
}

// tanh is t/(t + 2) with t = e²ˣ − 1, which keeps its digits near 0.
func (v vectors) tanh(x reg.VecVirtual, l limits) reg.VecVirtual {
	twice := v.new()
	VADDPS(x, x, twice)
	t, n := v.reduce(twice, l)
	n = power(n)
	below := v.new()
	VSUBPS(constant(1), n, below) // 2ⁿ − 1
	VFMADD213PS(below, n, t)      // 2ⁿ·(eʳ − 1) + 2ⁿ − 1
	bottom := v.new()
	VADDPS(constant(2), t, bottom)
	VDIVPS(bottom, t, t)
	return t
}
