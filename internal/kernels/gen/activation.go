package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// functionOf makes what a kernel does with one vector: x to y, or v and dy to dx. What it
// needs for all vectors, such as the parameters, it loads when it is called.
type functionOf func(v vectors, p parameters) func(in ...reg.VecVirtual) reg.VecVirtual

// parameters load one of the four numbers that a kernel gets.
type parameters func(i int) reg.VecVirtual

// activationKernels are functions of one element and their gradients, each for vectors of
// any length: the last part is loaded and stored alone.
func activationKernels() {
	for _, v := range []vectors{avx2, avx512} {
		for _, f := range activationFunctions {
			for i, part := range []functionOf{f.forward, f.gradient} {
				if part == nil {
					continue
				}
				name, params, doc := f.name+v.set(), []string{"x", "y"}, "y = "+f.doc
				if i == 1 {
					name, params = f.name+"Gradient"+v.set(), []string{"v", "dy", "dx"}
					doc = "the gradient dx of " + f.doc
				}
				activationKernel(v, name, name+" computes "+doc+".", params, part)
			}
		}
	}
}

func activationKernel(v vectors, name, doc string, params []string, f functionOf) {
	signature := "func(n int, c, "
	for i, p := range params {
		if i > 0 {
			signature += ", "
		}
		signature += p
	}
	text(name, signature+" *float32)")
	Doc(doc)
	n := Load(Param("n"), GP64())
	c := Load(Param("c"), GP64())
	var pointers []reg.Register
	for _, p := range params {
		pointers = append(pointers, Load(Param(p), GP64()))
	}
	in, out := pointers[:len(pointers)-1], pointers[len(pointers)-1]
	body := f(v, func(i int) reg.VecVirtual {
		x := v.new()
		VBROADCASTSS(Mem{Base: c, Disp: 4 * i}, x)
		return x
	})
	operands := func(load func(m Mem) reg.VecVirtual) []reg.VecVirtual {
		var x []reg.VecVirtual
		for _, p := range in {
			x = append(x, load(at(p)))
		}
		return x
	}
	v.anyLength(n, func() {
		VMOVUPS(body(operands(v.load)...), at(out))
		v.advance(pointers)
	}, func(some selection) {
		v.storeSome(some, body(operands(func(m Mem) reg.VecVirtual { return v.loadSome(some, m) })...), at(out))
	})
}

// anyLength is the rest of a kernel that calls whole for each vector of n elements, and
// some for the last ones.
func (v vectors) anyLength(n reg.Register, whole func(), some func(selection)) {
	lanes := uint64(v.size / 4)
	SUBQ(Imm(lanes), n)
	JLT(LabelRef("rest"))
	Label("next")
	whole()
	SUBQ(Imm(lanes), n)
	JGE(LabelRef("next"))
	Label("rest")
	ADDQ(Imm(lanes), n)
	JEQ(LabelRef("end"))
	some(v.first(n))
	Label("end")
	VZEROUPPER()
	RET()
}

// advance moves pointers on by a vector.
func (v vectors) advance(pointers []reg.Register) {
	for _, p := range pointers {
		ADDQ(Imm(uint64(v.size)), p)
	}
}

// plain is a function of x without parameters.
func plain(f func(v vectors, x reg.VecVirtual) reg.VecVirtual) functionOf {
	return func(v vectors, _ parameters) func(...reg.VecVirtual) reg.VecVirtual {
		return func(in ...reg.VecVirtual) reg.VecVirtual { return f(v, in[0]) }
	}
}

// limited is a function of x that takes an exponential.
func limited(l func(vectors) limits, f func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual) functionOf {
	return func(v vectors, _ parameters) func(...reg.VecVirtual) reg.VecVirtual {
		l := l(v)
		return func(in ...reg.VecVirtual) reg.VecVirtual { return f(v, in[0], l) }
	}
}

// slope is a gradient without parameters.
func slope(f func(v vectors, x, dy reg.VecVirtual) reg.VecVirtual) functionOf {
	return func(v vectors, _ parameters) func(...reg.VecVirtual) reg.VecVirtual {
		return func(in ...reg.VecVirtual) reg.VecVirtual { return f(v, in[0], in[1]) }
	}
}

// limitedSlope is a gradient from a derivative that takes an exponential.
func limitedSlope(l func(vectors) limits, f func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual) functionOf {
	return func(v vectors, _ parameters) func(...reg.VecVirtual) reg.VecVirtual {
		l := l(v)
		return func(in ...reg.VecVirtual) reg.VecVirtual { return v.times(f(v, in[0], l), in[1]) }
	}
}
