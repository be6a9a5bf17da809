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
	p, whole := v.reduceAll([]reg.VecVirtual{x}, l)
	return p[0], whole[0]
}

// reduceAll is reduce for several vectors, one step of all after the other: a processor
// looks for instructions that are ready among the next hundred or so only, and each vector
// has a chain of twenty.
func (v vectors) reduceAll(x []reg.VecVirtual, l limits) (expm1, n []reg.VecVirtual) {
	each := func(f func(i int) reg.VecVirtual) []reg.VecVirtual { return vectorsOf(len(x), f) }
	r := each(func(i int) reg.VecVirtual {
		r := v.new()
		VMINPS(x[i], l.high, r) // if one of the two is NaN, the first wins
		VMAXPS(r, l.low, r)
		return r
	})
	n = each(func(i int) reg.VecVirtual {
		n := v.new()
		VMULPS(constant(math.Log2E), r[i], n)
		v.round(n)
		return n
	})
	for _, c := range []float32{0.693359375, -2.12194440e-4} {
		for i := range r {
			VFNMADD231PS(constant(c), n[i], r[i])
		}
	}
	p := each(func(int) reg.VecVirtual { return v.load(constant(1.9875691500e-4)) })
	for _, c := range []float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		for i := range p {
			VFMADD213PS(constant(c), r[i], p[i])
		}
	}
	for i := range p {
		square := v.new()
		VMULPS(r[i], r[i], square)
		VFMADD213PS(r[i], square, p[i]) // p·r² + r
		VCVTPS2DQ(n[i], n[i])
	}
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
	y, _ := v.sigmoidAndTanh([]reg.VecVirtual{x}, nil, l)
	return y[0]
}

// tanh is t/(t + 2) with t = e²ˣ − 1, which keeps its digits near 0.
func (v vectors) tanh(x reg.VecVirtual, l limits) reg.VecVirtual {
	_, y := v.sigmoidAndTanh(nil, []reg.VecVirtual{x}, l)
	return y[0]
}

// sigmoidAndTanh computes several of both at once.
func (v vectors) sigmoidAndTanh(sigmoids, tanhs []reg.VecVirtual, l limits) (ofSigmoids, ofTanhs []reg.VecVirtual) {
	x := append([]reg.VecVirtual{}, sigmoids...)
	for _, t := range tanhs {
		twice := v.new()
		VADDPS(t, t, twice)
		x = append(x, twice)
	}
	e, n := v.reduceAll(x, l)
	for i := range e {
		n := power(n[i])
		if i < len(sigmoids) {
			VFMADD213PS(n, n, e[i]) // (eʳ − 1)·2ⁿ + 2ⁿ
			continue
		}
		below := v.new()
		VSUBPS(constant(1), n, below) // 2ⁿ − 1
		VFMADD213PS(below, n, e[i])   // 2ⁿ·(eʳ − 1) + 2ⁿ − 1
	}
	for i := range e {
		bottom, plus := v.new(), float32(1)
		if i >= len(sigmoids) {
			plus = 2
		}
		VADDPS(constant(plus), e[i], bottom)
		VDIVPS(bottom, e[i], e[i])
	}
	return e[:len(sigmoids)], e[len(sigmoids):]
}
