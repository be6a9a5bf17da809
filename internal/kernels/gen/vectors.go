package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectors are the registers of one instruction set. Names of kernels end with the suffix,
// or with set where a family names both sets.
type vectors struct {
	suffix string
	size   int // bytes
	new    func() reg.VecVirtual
}

var (
	avx2   = vectors{"", 32, YMM}
	avx512 = vectors{"AVX512", 64, ZMM}
)

// set is the name of the instruction set.
func (v vectors) set() string {
	if v.suffix == "" {
		return "AVX2"
	}
	return v.suffix
}

func (v vectors) zero() reg.VecVirtual {
	x := v.new()
	if v.size == 64 {
		VPXORD(x, x, x) // VXORPS of 64 bytes needs more than AVX512F
	} else {
		VXORPS(x, x, x)
	}
	return x
}

func (v vectors) zeros(m, n int) [][]reg.VecVirtual {
	x := make([][]reg.VecVirtual, m)
	for i := range x {
		for range n {
			x[i] = append(x[i], v.zero())
		}
	}
	return x
}

func zero() reg.VecVirtual { return avx2.zero() }

func (v vectors) load(m Mem) reg.VecVirtual {
	x := v.new()
	VMOVUPS(m, x)
	return x
}

// scalar is a vector with every element the given parameter.
func (v vectors) scalar(name string) reg.VecVirtual {
	x, all := XMM(), v.new()
	Load(Param(name), x)
	VBROADCASTSS(x, all)
	return all
}

// giveBack folds vectors to one element, half by half, and returns it from the kernel.
func (v vectors) giveBack(x []reg.VecVirtual, f func(y, x reg.Register)) {
	for half := len(x) / 2; half > 0; half /= 2 {
		for i := range half {
			f(x[i+half], x[i])
		}
	}
	first := x[0]
	if v.size == 64 {
		upper := YMM()
		VEXTRACTF64X4(Imm(1), first, upper)
		f(upper, first.AsY())
	}
	half := XMM()
	VEXTRACTF128(Imm(1), first.AsY(), half)
	f(half, first.AsX())
	VMOVHLPS(first.AsX(), first.AsX(), half)
	f(half, first.AsX())
	VMOVSHDUP(first.AsX(), half)
	f(half, first.AsX())
	Store(first.AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}
