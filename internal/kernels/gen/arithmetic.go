package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Arithmetic on whole vectors. Every function returns a new register.

func (v vectors) plus(x, y reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	VADDPS(y, x, z)
	return z
}

func (v vectors) minus(x, y reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	VSUBPS(y, x, z)
	return z
}

func (v vectors) times(x, y reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	VMULPS(y, x, z)
	return z
}

func (v vectors) over(x, y reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	VDIVPS(y, x, z)
	return z
}

// timesPlus is x·y + z, rounded once.
func (v vectors) timesPlus(x, y, z reg.VecVirtual) reg.VecVirtual {
	sum := v.new()
	VMOVAPS(z, sum)
	VFMADD231PS(y, x, sum)
	return sum
}

// max is the larger of both, and x where one is NaN or both are 0.
func (v vectors) max(y, x reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	VMAXPS(x, y, z)
	return z
}

// min is the smaller of both, and x where one is NaN or both are 0.
func (v vectors) min(y, x reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	VMINPS(x, y, z)
	return z
}

func (v vectors) sqrt(x reg.VecVirtual) reg.VecVirtual {
	y := v.new()
	VSQRTPS(x, y)
	return y
}

// The bits of numbers.
const (
	signBit   = 1 << 31
	otherBits = signBit - 1
)

// and and or are of the bits of x and those in a register or in memory. AVX-512 has them
// for whole numbers only.
func (v vectors) and(x reg.VecVirtual, m Op) reg.VecVirtual {
	y := v.new()
	if v.size == 64 {
		VPANDD(m, x, y)
	} else {
		VANDPS(m, x, y)
	}
	return y
}

func (v vectors) or(x reg.VecVirtual, m Op) reg.VecVirtual {
	y := v.new()
	if v.size == 64 {
		VPORD(m, x, y)
	} else {
		VORPS(m, x, y)
	}
	return y
}

func (v vectors) abs(x reg.VecVirtual) reg.VecVirtual { return v.and(x, constantBits(otherBits)) }

func (v vectors) negative(x reg.VecVirtual) reg.VecVirtual {
	y := v.new()
	if v.size == 64 {
		VPXORD(constantBits(signBit), x, y)
	} else {
		VXORPS(constantBits(signBit), x, y)
	}
	return y
}

// Comparisons, by their numbers in the instruction. Those with not also hold for a NaN.
const (
	less            = 17
	lessEqual       = 18
	greater         = 30
	greaterEqual    = 29
	equal           = 0
	unordered       = 3
	notEqual        = 4
	notLess         = 21
	notLessEqual    = 22
	notGreater      = 26
	notGreaterEqual = 25
)

// selection has a bit for each element, or all bits of it.
type selection struct{ reg.Register }

func (v vectors) compare(how uint64, x, y reg.VecVirtual) selection {
	if v.size == 64 {
		m := K()
		VCMPPS(Imm(how), y, x, m)
		return selection{m}
	}
	m := YMM()
	VCMPPS(Imm(how), y, x, m)
	return selection{m}
}

// choose is yes where an element is selected, and no elsewhere.
func (v vectors) choose(m selection, yes, no reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	if v.size == 64 {
		VBLENDMPS(yes, no, m.Register, z)
	} else {
		VBLENDVPS(m.Register, yes, no, z)
	}
	return z
}

// keep is x where an element is selected, and 0 elsewhere.
func (v vectors) keep(m selection, x reg.VecVirtual) reg.VecVirtual {
	z := v.new()
	if v.size == 64 {
		VMOVAPS_Z(x, m.Register, z)
	} else {
		VANDPS(m.Register, x, z)
	}
	return z
}

// firsts are 8 elements with all bits and 8 with none.
var firsts *Mem

// first selects the first n elements, with 0 < n < 16, or 8 for AVX2.
func (v vectors) first(n reg.Register) selection {
	if v.size == 64 {
		all := GP32()
		MOVL(U32(0xffffffff), all)
		BZHIL(n.(reg.GP).As32(), all, all)
		m := K()
		KMOVW(all, m)
		return selection{m}
	}
	if firsts == nil {
		m := GLOBL("first", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(0xffffffff*(1-i/8)))
		}
		firsts = &m
	}
	from := GP64()
	LEAQ(firsts.Offset(32), from)
	back := GP64()
	MOVQ(n, back)
	NEGQ(back)
	m := YMM()
	VMOVUPS(Mem{Base: from, Index: back, Scale: 4}, m)
	return selection{m}
}

func (v vectors) loadSome(some selection, from Mem) reg.VecVirtual {
	x := v.new()
	if v.size == 64 {
		VMOVUPS_Z(from, some.Register, x)
	} else {
		VMASKMOVPS(from, some.Register, x)
	}
	return x
}

func (v vectors) storeSome(some selection, x reg.VecVirtual, to Mem) {
	if v.size == 64 {
		VMOVUPS(x, some.Register, to)
	} else {
		VMASKMOVPS(x, some.Register, to)
	}
}
