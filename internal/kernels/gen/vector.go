package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// repeat repeats body over n elements, some vectors at a time, and moves the
// pointers on.
func repeat(n reg.Register, vectors int, pointers []reg.Register, body func()) {
	Label("next")
	body()
	for _, p := range pointers {
		ADDQ(Imm(uint64(32*vectors)), p)
	}
	SUBQ(Imm(uint64(8*vectors)), n)
	JGT(LabelRef("next"))
}

// loop is a whole kernel that repeats body, a vector at a time.
func loop(n reg.Register, pointers []reg.Register, body func()) {
	repeat(n, 1, pointers, body)
	VZEROUPPER()
	RET()
}

func at(p reg.Register) Mem { return Mem{Base: p} }

func load(p reg.Register) reg.VecVirtual { return loadMem(at(p)) }

func loadMem(m Mem) reg.VecVirtual { return avx2.load(m) }

// vectorKernels work on vectors of any length.
func vectorKernels() {
	scale()
	axpy()
	addTimes()
	sumKernels()
}

func scale() {
	text("scaleAVX2", "func(n int, a float32, x *float32)")
	Doc("scaleAVX2 computes x = a·x.")
	n := Load(Param("n"), GP64())
	a := avx2.scalar("a")
	x := Load(Param("x"), GP64())
	loop(n, []reg.Register{x}, func() {
		y := YMM()
		VMULPS(at(x), a, y)
		VMOVUPS(y, at(x))
	})
}

func axpy() {
	text("axpyAVX2", "func(n int, a float32, x, y *float32)")
	Doc("axpyAVX2 computes y = a·x + y.")
	n := Load(Param("n"), GP64())
	a := avx2.scalar("a")
	x := Load(Param("x"), GP64())
	y := Load(Param("y"), GP64())
	loop(n, []reg.Register{x, y}, func() {
		sum := load(y)
		VFMADD231PS(at(x), a, sum)
		VMOVUPS(sum, at(y))
	})
}

func addTimes() {
	text("addTimesAVX2", "func(n int, x, y, z *float32)")
	Doc("addTimesAVX2 computes z = x·y + z, element by element.")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	y := Load(Param("y"), GP64())
	z := Load(Param("z"), GP64())
	loop(n, []reg.Register{x, y, z}, func() {
		sum, factor := load(z), load(x)
		VFMADD231PS(at(y), factor, sum)
		VMOVUPS(sum, at(z))
	})
}
