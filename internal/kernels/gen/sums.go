package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectorsPerSum is the number of parallel sums: enough to keep the
// adders busy, and to make the error of a long sum small.
const vectorsPerSum = 4

func sumKernels() {
	sums("sumAVX2", "func(n int, x *float32) float32",
		"sumAVX2 is the sum of x, for n a multiple of 32.", []string{"x"},
		func(sum reg.VecVirtual, p []Mem) { VADDPS(p[0], sum, sum) })
	sums("dotAVX2", "func(n int, x, y *float32) float32",
		"dotAVX2 is the sum of x·y, for n a multiple of 32.", []string{"x", "y"},
		func(sum reg.VecVirtual, p []Mem) { VFMADD231PS(p[1], loadMem(p[0]), sum) })
	largest()
	largestSize()
	expSum()
}

// sums writes a kernel that adds something of each vector to its sums.
func sums(name, signature, doc string, params []string, add func(sum reg.VecVirtual, p []Mem)) {
	text(name, signature)
	Doc(doc)
	n := Load(Param("n"), GP64())
	var pointers []reg.Register
	for _, p := range params {
		pointers = append(pointers, Load(Param(p), GP64()))
	}
	sum := avx2.zeros(1, vectorsPerSum)[0]
	repeat(n, vectorsPerSum, pointers, func() {
		for i := range sum {
			var from []Mem
			for _, p := range pointers {
				from = append(from, Mem{Base: p, Disp: 32 * i})
			}
			add(sum[i], from)
		}
	})
	VADDPS(sum[1], sum[0], sum[0])
	VADDPS(sum[3], sum[2], sum[2])
	VADDPS(sum[2], sum[0], sum[0])
	avx2.giveBack(sum[:1], func(y, x reg.Register) { VADDPS(y, x, x) })
}

func largest() {
	text("maxAVX2", "func(n int, x *float32) float32")
	Doc("maxAVX2 is the largest of x. It may overlook a NaN.")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	most := loadMem(constant(float32(math.Inf(-1))))
	repeat(n, 1, []reg.Register{x}, func() { VMAXPS(at(x), most, most) })
	avx2.giveBack([]reg.VecVirtual{most}, func(y, x reg.Register) { VMAXPS(y, x, x) })
}

// largestSize compares sizes as whole numbers: those of infinities are larger
// than all others, and those of NaN yet larger.
func largestSize() {
	text("sizeAVX2", "func(n int, x *float32) float32")
	Doc("sizeAVX2 is the largest size of x; infinite or NaN where an element is.")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	size := YMM()
	VPCMPEQD(size, size, size)
	VPSRLD(Imm(1), size, size) // all bits but the sign
	most := zero()
	repeat(n, 1, []reg.Register{x}, func() {
		y := YMM()
		VPAND(at(x), size, y)
		VPMAXUD(y, most, most)
	})
	avx2.giveBack([]reg.VecVirtual{most}, func(y, x reg.Register) { VPMAXUD(y, x, x) })
}

func expSum() {
	text("expSumAVX2", "func(n int, x, y *float32, less float32) float32")
	Doc("expSumAVX2 computes y = eˣ⁻ˡᵉˢˢ, and gives the sum of y.")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	y := Load(Param("y"), GP64())
	less := avx2.scalar("less")
	sum, l := zero(), avx2.expLimits()
	repeat(n, 1, []reg.Register{x, y}, func() {
		d := load(x)
		VSUBPS(less, d, d)
		e := avx2.exp(d, l)
		VMOVUPS(e, at(y))
		VADDPS(e, sum, sum)
	})
	avx2.giveBack([]reg.VecVirtual{sum}, func(y, x reg.Register) { VADDPS(y, x, x) })
}
