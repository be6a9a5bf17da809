package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectors are the registers of one instruction set, and what its kernels are
// called by.
type vectors struct {
	suffix string
	size   int // bytes
	new    func() reg.VecVirtual
}

var (
	avx2   = vectors{"", 32, YMM}
	avx512 = vectors{"AVX512", 64, ZMM}
)

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
