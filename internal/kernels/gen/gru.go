package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// gruForward computes one row of one step from the sums in the blocks: the
// update gate u, the reset gate r, and the candidate's parts of x and of h.
func gruForward(v vectors) {
	name := "gruForward" + v.set()
	text(name, "func(n int, z *float32, gate int, before, h *float32)")
	Doc(name + " computes h = c + u·(before − c) with c = tanh(zx + r·zh), and activates u, r and c in z, whose blocks are gate bytes apart.")
	n := Load(Param("n"), GP64())
	gate := Load(Param("gate"), GP64())
	z := loadGates("z", gate)
	before := Load(Param("before"), GP64())
	h := Load(Param("h"), GP64())
	l := v.ordinary()
	v.loop(n, []reg.Register{z.z, z.z3, before, h}, func() {
		y, _ := v.sigmoidAndTanh([]reg.VecVirtual{v.load(z.f()), v.load(z.i())}, nil, l)
		r, u := y[0], y[1]
		VMOVUPS(r, z.f())
		VMOVUPS(u, z.i())
		sum := v.load(z.g())
		VFMADD231PS(z.o(), r, sum)
		c := v.tanh(sum, l)
		VMOVUPS(c, z.g())
		d := v.load(at(before))
		VSUBPS(c, d, d)
		VFMADD231PS(d, u, c)
		VMOVUPS(c, at(h))
	})
}

// gruBackward takes the gradient of one row of one step from h to the sums.
func gruBackward(v vectors) {
	name := "gruBackward" + v.set()
	text(name, "func(n int, z *float32, gate int, before, dh, dz *float32)")
	Doc(name + " turns dh of a step into dz of its sums, and into the part that reaches the step before without the product. z is as gruForward" + v.set() + " leaves it.")
	n := Load(Param("n"), GP64())
	gate := Load(Param("gate"), GP64())
	z := loadGates("z", gate)
	before := Load(Param("before"), GP64())
	dh := Load(Param("dh"), GP64())
	dz := loadGates("dz", gate)
	one := v.load(constant(1))
	v.loop(n, []reg.Register{z.z, z.z3, before, dh, dz.z, dz.z3}, func() {
		d, u, c := v.load(at(dh)), v.load(z.i()), v.load(z.g())
		back, rest, t := v.new(), v.new(), v.new()
		VMULPS(d, u, back)
		VMOVUPS(back, at(dh))
		VSUBPS(u, one, rest) // 1 − u
		// du = dh·(before − c)·u·(1 − u)
		diff := v.load(at(before))
		VSUBPS(c, diff, diff)
		VMULPS(diff, back, t)
		VMULPS(rest, t, t)
		VMOVUPS(t, dz.i())
		// dc = dh·(1 − u)·(1 − c²)
		VMULPS(d, rest, d)
		VMULPS(c, c, c)
		VSUBPS(c, one, c)
		VMULPS(c, d, d)
		VMOVUPS(d, dz.g())
		// dr = dc·zh·r·(1 − r), and dc·r for zh
		r := v.load(z.f())
		VMULPS(r, d, t)
		VMOVUPS(t, dz.o())
		VSUBPS(r, one, r)
		VMULPS(r, t, t)
		VMULPS(z.o(), t, t)
		VMOVUPS(t, dz.f())
	})
}
