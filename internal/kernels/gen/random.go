package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The rows of maskTable in random_amd64.go, of 64 bytes each.
const (
	rounds     = 10
	counterRow = 2 * rounds
	limitRow   = counterRow + 4
	valueRow   = limitRow + 1
)

func randomKernels() {
	factors := [2]Mem{quads("philox0", 0xD2511F53), quads("philox1", 0xCD9E8D57)}
	eight, signs := quads("eight", 8), quads("signs", 0x8000000080000000)
	mask("maskAVX2", avx2, factors, eight, signs)
	mask("maskAVX512", avx512, factors, eight, signs)
}

// quads is where a vector with every element of 64 bits v lies, under a name.
func quads(name string, v uint64) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(8*i, U64(v))
	}
	return m
}

// mask computes Philox 4×32-10 for eight blocks at a time, one in each element of 64 bits,
// of which the lower halves count. The four words of a block are in four registers.
func mask(name string, v vectors, factors [2]Mem, eight, signs Mem) {
	text(name, "func(n int, table *uint64, y *float32)")
	Doc(name + " writes n elements of a mask, a multiple of maskGroup.")
	n := Load(Param("n"), GP64())
	table := Load(Param("table"), GP64())
	y := Load(Param("y"), GP64())
	row := func(i, part int) Mem { return Mem{Base: table, Disp: 64*i + v.size*part} }
	parts := 64 / v.size
	counters := make([]reg.VecVirtual, parts) // the numbers of the blocks
	for i := range counters {
		counters[i] = v.load(row(counterRow, i))
	}
	var odd reg.OpmaskVirtual
	if v.size == 64 {
		bits := GP32()
		MOVL(U32(0xAAAA), bits)
		odd = K()
		KMOVW(bits, odd)
	}
	Label("next")
	for i, counter := range counters {
		c := []reg.VecVirtual{v.new(), v.load(row(counterRow+1, 0)), v.load(row(counterRow+2, 0)), v.load(row(counterRow+3, 0))}
		VMOVUPS(counter, c[0])
		for r := range rounds {
			a, b := v.new(), v.new()
			VPMULUDQ(factors[0], c[0], a)
			VPMULUDQ(factors[1], c[2], b)
			// {high b ^ c1 ^ key, low b, high a ^ c3 ^ key, low a}
			VPSRLQ(Imm(32), b, c[0])
			v.xor3(c[0], c[1], row(2*r, 0))
			VPSRLQ(Imm(32), a, c[2])
			v.xor3(c[2], c[3], row(2*r+1, 0))
			c[1], c[3] = b, a
		}
		for pair := range 2 {
			even, second := c[2*pair], c[2*pair+1]
			to := Mem{Base: y, Disp: 64*pair + v.size*i}
			kept := v.new()
			if v.size == 64 {
				VPSHUFD(Imm(0xA0), second, odd, even) // to the odd elements
				k := K()
				VPCMPUD(Imm(2), row(limitRow, 0), even, k)
				VMOVUPS_Z(row(valueRow, 0), k, kept)
			} else {
				VPSLLQ(Imm(32), second, second)
				VPBLENDD(Imm(0xAA), second, even, even)
				VPXOR(signs, even, even) // the comparison has signs
				VPCMPGTD(row(limitRow, 0), even, even)
				VANDNPS(row(valueRow, 0), even, kept)
			}
			VMOVUPS(kept, to)
		}
		VPADDQ(eight, counter, counter)
	}
	ADDQ(Imm(128), y)
	SUBQ(Imm(32), n)
	JGT(LabelRef("next"))
	VZEROUPPER()
	RET()
}

// xor3 is x ^ y ^ m, in the place of x.
func (v vectors) xor3(x, y reg.VecVirtual, m Mem) {
	if v.size == 64 {
		VPTERNLOGQ(Imm(0x96), m, y, x)
		return
	}
	VPXOR(y, x, x)
	VPXOR(m, x, x)
}
