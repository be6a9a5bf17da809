package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// cellKernels are one step of one sample of the recurrent layers.
func cellKernels() {
	for _, v := range []vectors{avx2, avx512} {
		lstmForward(v)
		lstmBackward(v)
		gruForward(v)
		gruBackward(v)
	}
}

// loop is a whole kernel that repeats body, a vector at a time.
func (v vectors) loop(n reg.Register, pointers []reg.Register, body func()) {
	Label("next")
	body()
	v.advance(pointers)
	SUBQ(Imm(uint64(v.size/4)), n)
	JGT(LabelRef("next"))
	VZEROUPPER()
	RET()
}

// gates are the places of the four gates i, f, g and o, gate bytes apart.
type gates struct {
	z, z3 reg.GPVirtual
	gate  reg.Register
}

func loadGates(param string, gate reg.Register) gates {
	z := GP64()
	Load(Param(param), z)
	z3 := GP64()
	LEAQ(Mem{Base: z, Index: gate, Scale: 2}, z3)
	ADDQ(gate, z3)
	return gates{z, z3, gate}
}

func (g gates) i() Mem { return Mem{Base: g.z} }
func (g gates) f() Mem { return Mem{Base: g.z, Index: g.gate, Scale: 1} }
func (g gates) g() Mem { return Mem{Base: g.z, Index: g.gate, Scale: 2} }
func (g gates) o() Mem { return Mem{Base: g.z3} }

// lstmForward computes one row of one step from the sums in the gates, and
// leaves the activated gates there for the backward pass.
func lstmForward(v vectors) {
	name := "lstmForward" + v.set()
	text(name, "func(n int, z *float32, gate int, before, c, tanhC, h *float32)")
	Doc(name + " computes c = f·before + i·g, tanhC and h = o·tanhC, and activates the gates in z, which are gate bytes apart.")
	n := Load(Param("n"), GP64())
	gate := Load(Param("gate"), GP64())
	z := loadGates("z", gate)
	before := Load(Param("before"), GP64())
	c := Load(Param("c"), GP64())
	tc := Load(Param("tanhC"), GP64())
	h := Load(Param("h"), GP64())
	l := v.ordinary()
	v.loop(n, []reg.Register{z.z, z.z3, before, c, tc, h}, func() {
		y, yTanh := v.sigmoidAndTanh([]reg.VecVirtual{v.load(z.i()), v.load(z.f()), v.load(z.o())}, []reg.VecVirtual{v.load(z.g())}, l)
		i, f, o, g := y[0], y[1], y[2], yTanh[0]
		VMOVUPS(i, z.i())
		VMOVUPS(f, z.f())
		VMOVUPS(o, z.o())
		VMOVUPS(g, z.g())
		VMULPS(i, g, i)
		VFMADD231PS(at(before), f, i)
		VMOVUPS(i, at(c))
		t := v.tanh(i, l)
		VMOVUPS(t, at(tc))
		VMULPS(o, t, t)
		VMOVUPS(t, at(h))
	})
}

// lstmBackward takes the gradients of one row of one step from the state to
// the sums in the gates.
func lstmBackward(v vectors) {
	name := "lstmBackward" + v.set()
	text(name, "func(n int, z *float32, gate int, before, tanhC, dh, dc, dz *float32)")
	Doc(name + " turns dh and dc of a step into dz of its sums, and dc into that of the step before. z holds the activated gates.")
	n := Load(Param("n"), GP64())
	gate := Load(Param("gate"), GP64())
	z := loadGates("z", gate)
	before := Load(Param("before"), GP64())
	tc := Load(Param("tanhC"), GP64())
	dh := Load(Param("dh"), GP64())
	dc := Load(Param("dc"), GP64())
	dz := loadGates("dz", gate)
	one := v.load(constant(1))
	// rest is 1 − x.
	rest := func(x reg.VecVirtual) reg.VecVirtual {
		y := v.new()
		VSUBPS(x, one, y)
		return y
	}
	v.loop(n, []reg.Register{z.z, z.z3, before, tc, dh, dc, dz.z, dz.z3}, func() {
		vdh, o, t := v.load(at(dh)), v.load(z.o()), v.load(at(tc))
		// do = dh·tanh c·o·(1 − o)
		d := v.new()
		VMULPS(vdh, t, d)
		VMULPS(o, d, d)
		VMULPS(rest(o), d, d)
		VMOVUPS(d, dz.o())
		// dc += dh·o·(1 − tanh² c)
		VMULPS(t, t, t)
		VMULPS(vdh, o, vdh)
		vdc := v.load(at(dc))
		VFMADD231PS(rest(t), vdh, vdc)
		i, f, g := v.load(z.i()), v.load(z.f()), v.load(z.g())
		// di = dc·g·i·(1 − i)
		VMULPS(rest(i), i, d)
		VMULPS(g, d, d)
		VMULPS(vdc, d, d)
		VMOVUPS(d, dz.i())
		// dg = dc·i·(1 − g²)
		VMULPS(g, g, g)
		VMULPS(rest(g), i, i)
		VMULPS(vdc, i, i)
		VMOVUPS(i, dz.g())
		// df = dc·before·f·(1 − f)
		VMULPS(rest(f), f, d)
		VMULPS(at(before), d, d)
		VMULPS(vdc, d, d)
		VMOVUPS(d, dz.f())
		VMULPS(f, vdc, vdc)
		VMOVUPS(vdc, at(dc))
	})
}
