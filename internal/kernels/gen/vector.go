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
	adam()
	rmsprop()
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

func adam() {
	text("adamAVX2", "func(n int, w, grad, m, v *float32, keep1, keep2, rate, epsilon float32)")
	Doc("adamAVX2 does one step of Adam: keep1 and keep2 are 1 − β1 and 1 − β2, rate the corrected learning rate.")
	n := Load(Param("n"), GP64())
	w := Load(Param("w"), GP64())
	g := Load(Param("grad"), GP64())
	m := Load(Param("m"), GP64())
	v := Load(Param("v"), GP64())
	keep1, keep2, rate, epsilon := avx2.scalar("keep1"), avx2.scalar("keep2"), avx2.scalar("rate"), avx2.scalar("epsilon")
	loop(n, []reg.Register{w, g, m, v}, func() {
		grad, mean, square := load(g), load(m), load(v)
		diff := YMM()
		VSUBPS(mean, grad, diff)
		VMULPS(diff, keep1, diff)
		VADDPS(diff, mean, mean)
		VMOVUPS(mean, at(m))
		VMULPS(grad, grad, diff)
		VSUBPS(square, diff, diff)
		VMULPS(diff, keep2, diff)
		VADDPS(diff, square, square)
		VMOVUPS(square, at(v))
		root := YMM()
		VSQRTPS(square, root)
		VADDPS(epsilon, root, root)
		VMULPS(rate, mean, mean)
		VDIVPS(root, mean, mean)
		weight := load(w)
		VSUBPS(mean, weight, weight)
		VMOVUPS(weight, at(w))
	})
}

func rmsprop() {
	text("rmspropAVX2", "func(n int, w, grad, v *float32, keep, rate, epsilon float32)")
	Doc("rmspropAVX2 does one step of RMSprop: keep is 1 − ρ, rate the learning rate.")
	n := Load(Param("n"), GP64())
	w := Load(Param("w"), GP64())
	g := Load(Param("grad"), GP64())
	v := Load(Param("v"), GP64())
	keep, rate, epsilon := avx2.scalar("keep"), avx2.scalar("rate"), avx2.scalar("epsilon")
	loop(n, []reg.Register{w, g, v}, func() {
		grad, square := load(g), load(v)
		diff := YMM()
		VMULPS(grad, grad, diff)
		VSUBPS(square, diff, diff)
		VMULPS(diff, keep, diff)
		VADDPS(diff, square, square)
		VMOVUPS(square, at(v))
		root := YMM()
		VADDPS(epsilon, square, root)
		VSQRTPS(root, root)
		VMULPS(rate, grad, grad)
		VDIVPS(root, grad, grad)
		weight := load(w)
		VSUBPS(grad, weight, weight)
		VMOVUPS(weight, at(w))
	})
}
